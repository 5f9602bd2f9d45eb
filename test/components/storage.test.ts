import { describe, expect, test } from "vitest";
import { Dashboards } from "../../components/dashboards.ts";
import { LogRetention } from "../../components/log-retention.ts";
import { Namespaces } from "../../components/namespaces.ts";
import type { LogGroupPlan } from "../../plan/types.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";

describe("[CARD-07] every log group", () => {
  const groups: readonly LogGroupPlan[] = [
    { name: "/rollcall/test/probe", logClass: "probe", retentionDays: 14, protect: false },
    { name: "/rollcall/test/servers", logClass: "servers", retentionDays: 30, protect: false },
  ];

  test("has the plan's retention and the environment's key, and none is made besides", async () => {
    const resources = await record(() => new LogRetention("logs", { groups, keyArn: "arn:test:key" }));
    expect(childrenOf(resources, "logs")).toEqual([
      "aws:cloudwatch/logGroup:LogGroup logs/rollcall/test/probe",
      "aws:cloudwatch/logGroup:LogGroup logs/rollcall/test/servers",
    ]);
    expect(resources.slice(1).map(({ inputs }) => inputs)).toEqual([
      { name: "/rollcall/test/probe", retentionInDays: 14, kmsKeyId: "arn:test:key" },
      { name: "/rollcall/test/servers", retentionInDays: 30, kmsKeyId: "arn:test:key" },
    ]);
  });

  test("is encrypted with a key of CloudWatch's own where none is given", async () => {
    const resources = await record(() => new LogRetention("logs", { groups: groups.slice(0, 1) }));
    expect(resources[1]?.inputs).toEqual({ name: "/rollcall/test/probe", retentionInDays: 14 });
  });

  test("that the plan protects is kept when the stack or its server goes, and no other", async () => {
    const audit = { name: "/a", logClass: "audit", retentionDays: 365, protect: true } as const;
    const resources = await record(() => new LogRetention("logs", { groups: [...groups, audit] }));
    expect(resources.slice(1).map(({ protect, retainOnDelete }) => [protect, retainOnDelete])).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
  });
});

test("a dashboard is handed on as it was planned", async () => {
  const body = { widgets: [{ type: "metric" }] };
  const dashboards = [{ name: "rollcall-test-overview", body }];
  const resources = await record(() => new Dashboards("boards", { environment: "test", dashboards }));
  expect(childrenOf(resources, "boards")).toEqual(["aws:cloudwatch/dashboard:Dashboard boards-overview"]);
  const { dashboardName, dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
  expect(dashboardName).toBe("rollcall-test-overview");
  expect(JSON.parse(dashboardBody)).toEqual(body);
});

test("a namespace enforces Pod Security restricted, and no connection comes or goes that no policy allows", async () => {
  const resources = await record(() => new Namespaces("spaces", { namespaces: ["shelf"] }));
  expect(childrenOf(resources, "spaces")).toEqual([
    "kubernetes:core/v1:Namespace spaces-shelf",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy spaces-shelf-deny",
  ]);
  const { metadata, spec } = only(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
  expect(metadata.namespace).toBe("shelf");
  // every pod, and no rule for either direction
  expect(spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  expect(only(resources, "kubernetes:core/v1:Namespace").inputs.metadata).toEqual({
    name: "shelf",
    labels: {
      "app.kubernetes.io/part-of": "rollcall",
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/audit": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    },
  });
});
