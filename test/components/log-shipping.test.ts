import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { LogShipping } from "../../components/log-shipping.ts";
import { planLogs } from "../../plan/logs.ts";
import { planProbe } from "../../plan/probe.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";

const environment = loadEnvironment(mapSource(catalogFiles()), "production");
const { shipping } = planLogs(environment, planProbe(environment, new Map()));
if (shipping === null) throw new Error("production ships its logs");
const plan = { ...shipping, namespaces: ["rollcall", "shelf"] };

const build = (given = plan) =>
  record(
    () =>
      new LogShipping("logs", {
        environment: "production",
        plan: given,
        namespace: "rollcall",
        namespaces: given.namespaces,
        logGroupArns: ["arn:test:probe", "arn:test:servers"],
        accountId: ACCOUNT,
        region: "eu-west-1",
      }),
  );

const podOf = async () => only(await build(), "kubernetes:apps/v1:Deployment").inputs.spec.template;

test("the pipeline is one deployment with its account, its rights in each namespace, its network and its config", async () => {
  expect(childrenOf(await build(), "logs")).toEqual([
    "kubernetes:apps/v1:Deployment logs-deployment",
    "kubernetes:core/v1:ConfigMap logs-config",
    "kubernetes:core/v1:ServiceAccount logs-account",
    "kubernetes:monitoring.coreos.com/v1:PodMonitor logs-monitor",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy logs-network",
    "kubernetes:rbac.authorization.k8s.io/v1:Role logs-reader-rollcall",
    "kubernetes:rbac.authorization.k8s.io/v1:Role logs-reader-shelf",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding logs-binding-rollcall",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding logs-binding-shelf",
    "rollcall:index:ClusterRole logs-writer",
  ]);
});

test("without the operator there is no PodMonitor", async () => {
  const children = childrenOf(await build({ ...plan, monitor: null }), "logs");
  expect(children.filter((child) => child.includes("PodMonitor"))).toEqual([]);
});

describe("its rights", () => {
  test("in the cluster are to see pods and read their lines in the named namespaces, and nothing else", async () => {
    const resources = await build();
    for (const namespace of ["rollcall", "shelf"]) {
      const role = only(
        resources,
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        `logs-reader-${namespace}`,
      );
      expect(role.inputs.metadata).toMatchObject({ name: "rollcall-production-logs", namespace });
      expect(role.inputs.rules).toEqual([
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
        { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      ]);
      const type = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding";
      const { inputs } = only(resources, type, `logs-binding-${namespace}`);
      expect(inputs.metadata.namespace).toBe(namespace);
      expect(inputs.roleRef).toEqual({
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Role",
        name: "rollcall-production-logs",
      });
      expect(inputs.subjects).toEqual([
        { kind: "ServiceAccount", name: "rollcall-production-logs", namespace: "rollcall" },
      ]);
    }
    expect(
      resources.filter(({ type }) => /:ClusterRole(Binding)?$/.test(type) && type.startsWith("kube")),
    ).toEqual([]);
  });

  test("in AWS are to write to the named log groups; it makes none and reads none", async () => {
    const resources = await build();
    const { policy } = only(resources, "aws:iam/rolePolicy:RolePolicy").inputs;
    expect(JSON.parse(policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: ["arn:test:probe:*", "arn:test:servers:*"],
        },
      ],
    });
    const { assumeRolePolicy } = only(resources, "aws:iam/role:Role").inputs;
    const [statement] = JSON.parse(assumeRolePolicy).Statement;
    expect(statement.Condition.StringEquals).toEqual({
      [`${plan.issuer}:aud`]: "sts.amazonaws.com",
      [`${plan.issuer}:sub`]: "system:serviceaccount:rollcall:rollcall-production-logs",
    });
  });

  test("are split: the follower has the API's token, Fluent Bit the role of AWS", async () => {
    const resources = await build();
    const account = only(resources, "kubernetes:core/v1:ServiceAccount").inputs;
    expect(account.automountServiceAccountToken).toBe(false);
    expect(account.metadata.annotations).toEqual({
      "eks.amazonaws.com/role-arn": "arn:test:logs-writer-role",
    });
    const { metadata, spec } = await podOf();
    expect(metadata.annotations).toEqual({ "eks.amazonaws.com/skip-containers": "follower" });
    expect(spec.automountServiceAccountToken).toBe(false);
    const mounts = Object.fromEntries(
      spec.containers.map((one: { name: string; volumeMounts: { mountPath: string }[] }) => [
        one.name,
        one.volumeMounts.map(({ mountPath }) => mountPath),
      ]),
    );
    expect(mounts).toEqual({
      follower: ["/tmp", "/etc/rollcall", "/var/run/secrets/kubernetes.io/serviceaccount"],
      "fluent-bit": ["/buffers", "/etc/rollcall"],
    });
  });
});

test("its pod is one that Pod Security restricted admits: no file of a node, nobody's user, nothing to write but its buffers", async () => {
  const { spec } = await podOf();
  expect(spec.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 10_001,
    runAsGroup: 10_001,
    fsGroup: 10_001,
    seccompProfile: { type: "RuntimeDefault" },
  });
  for (const { securityContext, resources, livenessProbe, readinessProbe, image } of spec.containers) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(new Set(Object.keys(resources.limits))).toEqual(new Set(["memory", "ephemeral-storage"]));
    expect(livenessProbe.httpGet.path).not.toBe(readinessProbe.httpGet.path);
    expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
  }
  expect(
    spec.volumes.flatMap((volume: object) => Object.keys(volume).filter((key) => key !== "name")),
  ).toEqual(["emptyDir", "configMap", "emptyDir", "projected"]);
});

test("it is never there twice, and a changed configuration is a new map", async () => {
  const resources = await build();
  const { spec } = only(resources, "kubernetes:apps/v1:Deployment").inputs;
  expect([spec.replicas, spec.strategy]).toEqual([1, { type: "Recreate" }]);
  const map = only(resources, "kubernetes:core/v1:ConfigMap").inputs;
  expect(map.immutable).toBe(true);
  expect(JSON.parse(map.data["follow.json"])).toEqual(plan.follower);
  expect(map.data["fluent-bit.yaml"]).toBe(plan.fluentBit);
  const other = only(await build({ ...plan, fluentBit: "" }), "kubernetes:core/v1:ConfigMap").inputs;
  expect(other.metadata.name).not.toBe(map.metadata.name);
});
