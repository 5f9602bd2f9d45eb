import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import {
  AlarmTopic,
  BackupVault,
  Environment,
  EnvironmentKey,
  LogRetention,
  McpServer,
  type McpServerArgs,
} from "../../plugin/index.ts";
import { copyCatalog } from "../support/cloud-catalog.ts";
import { ACCOUNT, only, record } from "../support/pulumi-mocks.ts";

const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/one`;
const SERVER: McpServerArgs = {
  environment: "staging",
  server: "search-mcp",
  namespace: "tools",
  image: `registry.example.com/search-mcp@sha256:${"3f".repeat(32)}`,
};

/** What the component says of arguments that are wrong, as far as types let them through. */
async function refusal(build: () => unknown): Promise<string> {
  const error = await record(build).then(
    () => "it went through",
    (failure: unknown) => failure,
  );
  // no stack trace is printed of these
  expect(pulumi.ResourceError.isInstance(error) && error.hideStack).toBe(true);
  return error instanceof Error ? error.message : String(error);
}

describe("McpServer", () => {
  it("is one hardened server by its least arguments, with the defaults of the catalog", async () => {
    const resources = await record(() => new McpServer("search", SERVER));
    const { inputs } = only(resources, "kubernetes:apps/v1:Deployment");
    const [container] = inputs.spec.template.spec.containers;
    expect(inputs.spec.replicas).toBe(1);
    expect(container.ports).toEqual([{ name: "http", containerPort: 8000, protocol: "TCP" }]);
    expect(container.resources.requests).toMatchObject({ cpu: "100m", memory: "256Mi" });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const { spec } = only(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
    expect(spec.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "rollcall" } },
            podSelector: { matchLabels: { "app.kubernetes.io/component": "probe" } },
          },
        ],
        ports: [{ port: 8000, protocol: "TCP" }],
      },
    ]);
    expect(spec.egress).toHaveLength(1);
    expect(resources.map(({ type }) => type)).not.toContain(
      "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    );
  });

  it("hands on what it is given: replicas, paths, variables, Secrets, callers and ways out", async () => {
    const resources = await record(
      () =>
        new McpServer("search", {
          ...SERVER,
          namespace: pulumi.output("tools"),
          replicasMin: 2,
          replicasMax: 6,
          scaleAtPercent: 60,
          healthPath: "/live",
          readyPath: "/ready",
          args: ["--quiet"],
          env: { LOG_LEVEL: "info" },
          secretEnv: { SEARCH_API_KEY: "search/api-key" },
          callers: [{ namespace: "agents", app: "planner" }, { cidr: "10.1.0.0/16" }],
          egress: [{ to: { world: true }, ports: [443] }],
          perPod: true,
          sticky: true,
        }),
    );
    const { inputs } = only(resources, "kubernetes:apps/v1:Deployment");
    const [container] = inputs.spec.template.spec.containers;
    expect(inputs.metadata.namespace).toBe("tools");
    expect(container).toMatchObject({
      args: ["--quiet"],
      livenessProbe: { httpGet: { path: "/live" } },
      readinessProbe: { httpGet: { path: "/ready" } },
    });
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: "LOG_LEVEL", value: "info" },
        { name: "SEARCH_API_KEY", valueFrom: { secretKeyRef: { name: "search", key: "api-key" } } },
      ]),
    );
    const scale = only(resources, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs.spec;
    expect(scale).toMatchObject({ minReplicas: 2, maxReplicas: 6 });
    expect(scale.metrics[0].resource.target.averageUtilization).toBe(60);
    const { spec } = only(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
    expect(spec.ingress[0].from).toHaveLength(3);
    expect(spec.egress[1].to[0].ipBlock.cidr).toBe("0.0.0.0/0");
    expect(only(resources, "kubernetes:core/v1:Service", "search-service").inputs.spec.sessionAffinity).toBe(
      "ClientIP",
    );
    expect(only(resources, "kubernetes:core/v1:Service", "search-pods").inputs.metadata.name).toBe(
      "search-mcp-pods",
    );
  });

  it.each([
    ["image", { image: "search-mcp:1.2" }, '"search-mcp:1.2" must be pinned by digest'],
    ["server", { server: "Search_MCP" }, "must be a DNS label that starts with a letter"],
    ["port", { port: 80 }, "must be an unprivileged port (1024 or more)"],
    ["replicasMax", { replicasMin: 3, replicasMax: 2 }, "must not be less than replicasMin"],
    ["memory", { memory: "1 gig" }, "must be Kubernetes memory; write it such as 256Mi"],
    ["healthPath", { healthPath: "live" }, "must be a path that starts with /"],
    ["env.API_TOKEN", { env: { API_TOKEN: "hunter2" } }, "holds a literal secret; name a Secret"],
    ["secretEnv.KEY", { secretEnv: { KEY: "search" } }, "must be secret-name/key"],
    [
      "secretEnv",
      { env: { A: "1" }, secretEnv: { A: "search/a" } },
      "must not name a variable that env gives",
    ],
    ["callers[0].namespace", { callers: [{ namespace: "A B" }] }, "must be a DNS label"],
    ["egress[0].ports[0]", { egress: [{ to: { world: true }, ports: [0] }] }, "must be >=1"],
    ["replicas", { replicas: 3 }, 'unknown key "replicas"'],
    ["image", { image: pulumi.secret("registry.example.com/search-mcp") }, "is an output or a secret"],
  ])("refuses a wrong %s by name, rule and cure: %j", async (path, wrong, rule) => {
    const message = await refusal(() => new McpServer("search", { ...SERVER, ...wrong } as McpServerArgs));
    expect(message).toContain(`${path}: `);
    expect(message).toContain(rule);
    expect(message.split("\n")).toHaveLength(2);
    expect(message).not.toContain("hunter2");
  });

  it("says everything that is wrong at once", async () => {
    const wrong = { ...SERVER, image: "search-mcp", port: 80, namespace: "A" };
    const message = await refusal(() => new McpServer("search", wrong));
    expect(message.split("\n")).toHaveLength(4);
  });
});

describe("the stores", () => {
  it("are a key, log groups, a locked bucket and a topic, in the account of the provider", async () => {
    const resources = await record(() => {
      const { arn: keyArn } = new EnvironmentKey("key", { keyName: "tools", region: "eu-central-1" });
      new LogRetention("logs", { names: ["/rollcall/tools/a", "/b"], retentionDays: 90, keyArn });
      new BackupVault("backups", {
        bucketName: "tools-backups",
        retentionDays: 30,
        lockDays: 7,
        region: "eu-central-1",
        keyArn,
      });
      new AlarmTopic("alarms", { topicName: "tools-alarms", keyArn });
    });
    const key = only(resources, "aws:kms/key:Key");
    expect([key.protect, key.retainOnDelete]).toEqual([true, true]);
    expect(JSON.stringify(key.inputs.policy)).toContain(`arn:aws:iam::${ACCOUNT}:root`);
    const groups = resources.filter(({ type }) => type === "aws:cloudwatch/logGroup:LogGroup");
    expect(groups.map(({ inputs }) => [inputs.name, inputs.retentionInDays, inputs.kmsKeyId])).toEqual([
      ["/rollcall/tools/a", 90, "arn:test:key-key"],
      ["/b", 90, "arn:test:key-key"],
    ]);
    const bucket = resources.find(({ inputs }) => inputs.bucket === `tools-backups-${ACCOUNT}`);
    expect(bucket?.protect).toBe(true);
    expect(only(resources, "aws:sns/topic:Topic").inputs).toMatchObject({
      name: "tools-alarms",
      kmsMasterKeyId: "arn:test:key-key",
    });
  });

  it("refuse what AWS would, or would keep for ever", async () => {
    const vault = { bucketName: "b-b", retentionDays: 7, lockDays: 30, region: "eu-central-1", keyArn: KEY };
    expect(await refusal(() => new BackupVault("v", vault))).toContain(
      "lockDays: 30 must not be more than retentionDays",
    );
    expect(await refusal(() => new BackupVault("v", { ...vault, lockDays: 7, keyArn: "key" }))).toContain(
      'keyArn: "key" must be the ARN of a key; write it such as arn:aws:kms:',
    );
    expect(await refusal(() => new LogRetention("l", { names: ["/a"], retentionDays: 31 }))).toContain(
      "retentionDays: 31 must be one of 1, 3, 5, 7, 14, 30",
    );
    expect(await refusal(() => new LogRetention("l", { names: ["/a", "/a"], retentionDays: 30 }))).toContain(
      "names: this list must name each log group once",
    );
    expect(await refusal(() => new EnvironmentKey("k", { keyName: "a b", region: "Frankfurt" }))).toContain(
      'region: "Frankfurt" must be a region of AWS; write it such as eu-central-1',
    );
  });
});

describe("Environment", () => {
  it("says what is wrong with the catalog, with its place and cure", async () => {
    const root = mkdtempSync(join(tmpdir(), "rollcall-empty-"));
    const message = await refusal(() => new Environment("e", { catalog: root, environment: "staging" }));
    rmSync(root, { recursive: true });
    expect(message).toContain("catalog: stacks/staging.yaml: there is no environment");
  });

  it("says where its status is served in AWS, and that it is not where the catalog turns that off", async () => {
    const catalog = copyCatalog();
    catalog.edit("stacks/staging.yaml", "servers: all", "servers: [memory]");
    const statusUrl = async (): Promise<unknown> => {
      let said: unknown;
      await record(() => {
        new Environment("e", { catalog: catalog.root, environment: "staging" }).statusUrl.apply((url) => {
          said = url;
        });
      });
      return said;
    };
    try {
      expect(await statusUrl()).toBe("https://rollcall-staging-status.lambda-url.test/");
      catalog.edit("stacks/staging.yaml", "status: { ", 'status: { aws: "off", ');
      expect(await statusUrl()).toBe("");
    } finally {
      catalog.end();
    }
  }, 120_000);
});
