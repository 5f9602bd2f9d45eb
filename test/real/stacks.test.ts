/**
 * The Pulumi program of `stacks/`, as it stands, on the real engine and a real API server. AWS is a stand-in that
 * records, and refuses what is plainly illegal: this proves the program and its order, not what AWS would say.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { program } from "../../stacks/program.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, type EngineStep, openEngine } from "../support/engine.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm";

describeWithTools(
  ["pulumi", "kube-apiserver", "etcd"],
  "pulumi up of an environment on the real engine",
  () => {
    const stops: (() => Promise<void>)[] = [];
    let kube: Kube;
    let root: string;
    const engines: Partial<Record<string, Engine>> = {};

    beforeAll(async () => {
      root = mkdtempSync(join(tmpdir(), "rollcall-stacks-"));
      stops.push(async () => rmSync(root, { recursive: true, force: true }));
      for (const folder of ["stacks", "docs"])
        cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
      kube = await startKube();
      stops.push(kube.stop);
      for (const stack of ["staging", "production"]) {
        const engine = await openEngine({ program: () => program(root), stack, project: "rollcall", kube });
        engines[stack] = engine;
        stops.push(engine.stop);
      }
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    const engineOf = (stack: string): Engine => {
      const engine = engines[stack];
      if (engine === undefined) throw new Error(`no engine for ${stack}`);
      return engine;
    };
    const everyPart = ({ servers, fleet }: Plan) => [...servers, fleet];
    const planOf = (stack: string): Plan => buildPlan(loadEnvironment(diskSource(root), stack));

    it("[CARD-01] previews staging, builds it from the catalog, and a second up changes nothing", async () => {
      const engine = engineOf("staging");
      const preview = await engine.preview();
      expect(engine.aws.resources()).toEqual([]);

      const first = await engine.up();
      expect(first.diagnostics).toEqual([]);
      expect(first.summary).toEqual(preview.summary);
      expect(Object.keys(first.summary)).toEqual(["create"]);
      expect(namesOf(engine, ALARM)).toEqual(
        everyPart(planOf("staging"))
          .flatMap(({ alarms }) => alarms.map(({ definition }) => definition.AlarmName))
          .sort(),
      );
      expect(namesOf(engine, COMPOSITE)).toEqual(
        everyPart(planOf("staging"))
          .flatMap(({ composites }) => composites.map(({ definition }) => definition.AlarmName))
          .sort(),
      );

      const second = await engine.up();
      expect(second.steps).toEqual([]);
      expect(Object.keys(second.summary)).toEqual(["same"]);
    });

    it("holds its objects in the API server, without a warning, and their pods are admitted under `restricted`", async () => {
      const engine = engineOf("staging");
      expect(engine.kubernetes.warnings).toEqual([]);
      const { workloads, namespaces, probe } = planOf("staging");
      for (const namespace of namespaces) {
        const { body } = await kube.client.request("GET", `/api/v1/namespaces/${namespace}`);
        expect(labelsOf(body)).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
      }
      for (const { namespace, deployment, replicas } of workloads) {
        const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
        const { status, body } = await kube.client.request("GET", path);
        expect(status, path).toBe(200);
        const spec = asRecord(asRecord(body).spec);
        expect(spec.replicas).toBe(replicas);
        const admitted = await kube.client.admitPod(asRecord(spec.template), namespace);
        expect(admitted, deployment).toMatchObject({ status: 201, warnings: [] });
      }
      const cronJob = probe?.cronJob;
      const { body } = await kube.client.request(
        "GET",
        `/apis/batch/v1/namespaces/${cronJob?.namespace}/cronjobs/${cronJob?.name}`,
      );
      const job = asRecord(asRecord(asRecord(asRecord(body).spec).jobTemplate).spec);
      expect(await kube.client.admitPod(asRecord(job.template), cronJob?.namespace ?? "")).toMatchObject({
        status: 201,
        warnings: [],
      });
    });

    it("shows a changed objective as exactly the alarms that it moves", async () => {
      const engine = engineOf("staging");
      edit(root, "stacks/servers/task-mcp.yaml", "99.9%", "99.8%");
      const preview = await engine.preview();
      const run = await engine.up();
      expect(byName(run.steps)).toEqual(byName(preview.steps));
      const moved = run.steps.map(
        ({ op, type, name, paths }) => `${op} ${type.split(":").at(-1)} ${name} ${paths.join(" ")}`,
      );
      // a ConfigMap is replaced by its provider, and only the dashboard that shows the number is one
      const replaced = moved.filter((line) => !line.startsWith("update "));
      expect(new Set(replaced.map((line) => line.split(" ").slice(1, 3).join(" ")))).toEqual(
        new Set(["ConfigMap rollcall-grafana-task-mcp-overview"]),
      );
      const alarms = run.steps.filter(({ type }) => type === ALARM);
      // four burn rates: the long window has a new threshold, both windows a new text
      expect(alarms.map(({ name }) => name).sort()).toEqual(
        ["page-fast", "page-slow", "ticket-fast", "ticket-slow"]
          .flatMap((rate) =>
            ["long", "short"].map((window) => `rollcall-task-mcp-alarms-api-availability-${rate}-${window}`),
          )
          .sort(),
      );
      for (const { name, paths } of alarms) {
        // six samples a minute: the short windows are ratios too, and the steepest one's that of the floor
        expect(paths.includes("threshold"), name).toBe(!name.endsWith("page-fast-short"));
        expect(paths).toContain("alarmDescription");
      }
      const rest = run.steps
        .filter(({ type, op }) => type !== ALARM && op === "update")
        .map(({ type, name }) => `${type} ${name}`);
      expect(rest.sort()).toEqual([
        "aws:cloudwatch/dashboard:Dashboard rollcall-dashboards-overview",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule rollcall-rules-task-mcp",
      ]);
    });

    it("destroys staging without leaving anything", async () => {
      const engine = engineOf("staging");
      const run = await engine.destroy();
      expect(Object.keys(run.summary)).toEqual(["delete"]);
      expect(engine.aws.resources()).toEqual([]);
      expect(engine.kubernetes.resources()).toEqual([]);
      for (const namespace of planOf("staging").namespaces) {
        expect((await kube.client.request("GET", `/api/v1/namespaces/${namespace}`)).status).toBe(404);
      }
      expect((await engine.exportStack()).deployment.resources ?? []).toEqual([]);
    });

    it("[CARD-01] builds production from the same catalog; destroy keeps its protected backups and nothing else", async () => {
      const engine = engineOf("production");
      const first = await engine.up();
      expect(first.diagnostics).toEqual([]);
      expect(Object.keys(first.summary)).toEqual(["create"]);
      expect((await engine.up()).steps).toEqual([]);

      await expect(engine.destroy()).rejects.toThrow(/protect/);
      await engine.destroy({ excludeProtected: true });
      const kept = engine.aws.resources().map(({ type }) => type.split("/")[0]);
      expect(new Set(kept)).toEqual(new Set(["aws:s3"]));
      expect(engine.aws.resources().map(({ type }) => type)).toContain("aws:s3/bucket:Bucket");
      expect(engine.kubernetes.resources()).toEqual([]);
    });
  },
);

/** The engine works on independent resources at the same time, so their order is nobody's promise. */
function byName(steps: readonly EngineStep[]): EngineStep[] {
  return [...steps].sort((a, b) => a.urn.localeCompare(b.urn));
}

function namesOf(engine: Engine, type: string): string[] {
  return engine.aws
    .resources()
    .filter((resource) => resource.type === type)
    .map(({ inputs }) => String(inputs.name ?? inputs.alarmName))
    .sort();
}

function labelsOf(body: unknown): JsonRecord {
  return asRecord(asRecord(asRecord(body).metadata).labels);
}

function edit(root: string, file: string, before: string, after: string): void {
  const path = join(root, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(before)) throw new Error(`${file} does not hold ${before}`);
  writeFileSync(path, text.replace(before, after));
}
