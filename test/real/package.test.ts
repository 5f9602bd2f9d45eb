/**
 * The package of components as other languages use it: its plugin runs as the language host of Node starts it, the real
 * engine attaches to it and constructs its components, and the real API server holds the objects. The program asks for
 * them as every generated SDK does, by type and with plain arguments. AWS is a stand-in that records. The hosts of
 * Python, Go and YAML come from the vendor's site only: what they generate and read is not proved here, but the schema
 * that they do it from is, by the engine's own command.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import { type ComponentPlugin, startComponentPlugin } from "../support/component-plugin.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, openEngine } from "../support/engine.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { tool } from "../support/toolchain.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const NAME = "rollcall-components";
const EXAMPLE = join("docs", "examples", "yaml");
const DEPLOYMENT = "/apis/apps/v1/namespaces/tools/deployments/search-mcp";

/** What a generated SDK holds of a component: its type, its arguments and the names of its outputs. */
class Remote extends pulumi.ComponentResource {
  declare readonly origin: pulumi.Output<string>;
  declare readonly dashboards: pulumi.Output<string[]>;
  declare readonly buckets: pulumi.Output<string[]>;
  declare readonly topicArns: pulumi.Output<Record<string, string>>;
  declare readonly arn: pulumi.Output<string>;
  declare readonly bucket: pulumi.Output<string>;
  declare readonly logGroupArns: pulumi.Output<Record<string, string>>;

  constructor(component: string, name: string, args: pulumi.Inputs, outputs: readonly string[]) {
    const awaited = Object.fromEntries(outputs.map((output) => [output, undefined]));
    super(`${NAME}:index:${component}`, name, { ...args, ...awaited }, {}, true);
  }
}

describeWithTools(["pulumi", "kube-apiserver", "etcd"], "the package of components", () => {
  const stops: (() => Promise<void>)[] = [];
  let kube: Kube;
  let plugin: ComponentPlugin;
  let folder: string;
  /** The program of docs/examples/yaml, whose resources these are. */
  let example: (name: string) => JsonRecord;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-package-"));
    stops.push(async () => rmSync(folder, { recursive: true, force: true }));
    for (const part of ["stacks", "docs"]) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    const { resources } = asRecord(load(readFileSync(join(folder, EXAMPLE, "Pulumi.yaml"), "utf8")));
    example = (name) => asRecord(asRecord(asRecord(resources)[name]).properties);
    plugin = await startComponentPlugin({ cwd: join(folder, EXAMPLE) });
    stops.push(plugin.stop);
    kube = await startKube();
    stops.push(kube.stop);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const open = async (stack: string, program: pulumi.automation.PulumiFn): Promise<Engine> => {
    const plugins = { [NAME]: plugin.port };
    const engine = await openEngine({ program, stack, project: "tools", kube, plugins });
    stops.push(engine.stop);
    return engine;
  };

  it("has a schema that the engine's own command takes from the plugin and finds sound", async () => {
    // what the command starts has a name that says what it is a plugin of
    const starter = join(folder, `pulumi-resource-${NAME}`);
    const runPlugin = join(ROOT, "node_modules/@pulumi/pulumi/cmd/run-plugin/index.js");
    const command = `exec "${process.execPath}" "${runPlugin}" "${join(ROOT, "plugin")}" "$@"`;
    writeFileSync(starter, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    const pulumiCommand = await tool("pulumi");
    const run = (...args: string[]) =>
      promisify(execFile)(pulumiCommand, args, {
        cwd: folder,
        env: { ...process.env, PULUMI_HOME: join(folder, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
    const { stdout } = await run("package", "get-schema", starter);
    const schema = asRecord(JSON.parse(stdout));
    expect(Object.keys(asRecord(schema.resources))).toContain(`${NAME}:index:McpServer`);
    writeFileSync(join(folder, "schema.json"), stdout);
    await run("schema", "check", join(folder, "schema.json"));
  });

  it("makes a server that another program asks for, in its namespace, and a second up changes nothing", async () => {
    const engine = await open("server", async () => {
      const namespace = new Namespace("namespace", example("namespace"));
      const args = { ...example("search"), namespace: namespace.metadata.name };
      return { origin: new Remote("McpServer", "search", args, ["origin"]).origin };
    });
    const preview = await engine.preview();
    const first = await engine.up();
    expect(first.diagnostics).toEqual([]);
    expect(first.summary).toEqual(preview.summary);
    expect(engine.kubernetes.warnings).toEqual([]);
    const { status, body } = await kube.client.request("GET", DEPLOYMENT);
    expect(status).toBe(200);
    const { template } = asRecord(asRecord(body).spec);
    expect(await kube.client.admitPod(asRecord(template), "tools")).toMatchObject({
      status: 201,
      warnings: [],
    });
    expect(engine.kubernetes.resources().map(({ type, id }) => `${type.split(":").at(-1)} ${id}`)).toEqual(
      expect.arrayContaining([
        "HorizontalPodAutoscaler tools/search-mcp",
        "NetworkPolicy tools/search-mcp",
        "PodDisruptionBudget tools/search-mcp",
        "Service tools/search-mcp",
        "ServiceAccount tools/search-mcp",
      ]),
    );
    expect(JSON.stringify(await engine.exportStack())).toContain('"http://search-mcp.tools.svc:3000"');

    const second = await engine.up();
    expect(second.steps).toEqual([]);
    await engine.destroy();
    expect((await kube.client.request("GET", DEPLOYMENT)).status).toBe(404);
  });

  it("says of a wrong argument which it is, which rule it breaks and what to write, and makes nothing", async () => {
    const wrong = {
      ...example("search"),
      namespace: "tools",
      image: "search-mcp:latest",
      replicas: 3,
      memory: "1 gig",
    };
    const engine = await open("wrong", async () => {
      new Remote("McpServer", "search", wrong, ["origin"]);
    });
    const failure = await engine.up().then(
      () => "it went through",
      (error: unknown) => String(error),
    );
    expect(failure).toContain("image");
    expect(failure).toContain('"search-mcp:latest" must be pinned by digest');
    expect(failure).toContain('unknown key "replicas"');
    expect(failure).toContain("write it such as 256Mi");
    // the program's own stack is the SDK's to print; that of the plugin helps nobody
    expect(failure).not.toContain(join("plugin", "mcp-server.ts"));
    expect(engine.kubernetes.resources()).toEqual([]);
  });

  it("builds a whole environment from a catalog, as the repository's own program does", async () => {
    const engine = await open("whole", async () => {
      const { dashboards, buckets, topicArns } = new Remote("Environment", "staging", example("staging"), [
        "dashboards",
        "buckets",
        "topicArns",
      ]);
      return { dashboards, buckets, topicArns };
    });
    const first = await engine.up();
    expect(first.diagnostics).toEqual([]);
    const plan = buildPlan(loadEnvironment(diskSource(folder), "staging"));
    const alarms = engine.aws.resources().filter(({ type }) => type.endsWith(":MetricAlarm"));
    expect(alarms.length).toBe(
      [...plan.servers, plan.fleet].reduce((sum, { alarms: planned }) => sum + planned.length, 0),
    );
    for (const { namespace, deployment } of plan.workloads) {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
      expect((await kube.client.request("GET", path)).status, path).toBe(200);
    }
    const second = await engine.up();
    expect(second.steps).toEqual([]);
  });

  it("keeps backups, log lines and alarms of another program with one key of its own", async () => {
    const region = "eu-central-1";
    const engine = await open("stores", async () => {
      const { arn: keyArn } = new Remote("EnvironmentKey", "key", { keyName: "tools", region }, ["arn"]);
      const vault = { bucketName: "tools-backups", retentionDays: 30, lockDays: 7, region, keyArn };
      const logs = { names: ["/rollcall/tools/search-mcp"], retentionDays: 90, keyArn };
      return {
        bucket: new Remote("BackupVault", "backups", vault, ["bucket"]).bucket,
        groups: new Remote("LogRetention", "logs", logs, ["logGroupArns"]).logGroupArns,
        topic: new Remote("AlarmTopic", "alarms", { topicName: "tools-alarms", keyArn }, ["arn"]).arn,
      };
    });
    const { diagnostics } = await engine.up();
    expect(diagnostics).toEqual([]);
    expect(engine.aws.resources().map(({ id }) => id)).toEqual(
      expect.arrayContaining(["tools-backups-123456789012", "/rollcall/tools/search-mcp"]),
    );
    expect((await engine.up()).steps).toEqual([]);
  });
});
