// What the probes may read of secrets, as the exact documents. That AWS and Kubernetes judge these documents as
// they say they do is not proved here.
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { describe, expect, test } from "vitest";
import { ClusterProbe } from "../../components/cluster-probe.ts";
import { SyntheticProbe } from "../../components/synthetic-probe.ts";
import type { SecretKeys } from "../../plan/types.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { cronJob, probe } from "../support/sample-plan.ts";

const POLICY = "aws:iam/rolePolicy:RolePolicy";
const FUNCTION = "aws:lambda/function:Function";
const JOB = "kubernetes:batch/v1:CronJob";

const inAws = (secrets: readonly string[], region = "eu-west-1") =>
  record(() => {
    const logGroup = new LogGroup("group", { name: probe.logGroup });
    const plan = { ...probe.lambda, secrets };
    const where = {
      accountId: ACCOUNT,
      region,
      keyArn: "arn:test:key",
      scheduleGroup: "rollcall-test-schedules",
    };
    return new SyntheticProbe("probe", { plan, bundle: "/bundle", logGroup, ...where });
  });

const inCluster = (secrets: readonly SecretKeys[]) =>
  record(
    () =>
      new ClusterProbe("probe", {
        environment: "test",
        plan: { ...cronJob, secrets },
        namespace: "rollcall",
      }),
  );

const policyOf = async (secrets: readonly string[], region?: string) =>
  JSON.parse(only(await inAws(secrets, region), POLICY, "probe-read-secrets").inputs.policy);

describe("[SKILL-12] the function's role", () => {
  test("may get exactly the secrets and parameters that its roster names", async () => {
    const resources = await inAws([
      "/rollcall/desk/token",
      "arn:aws:secretsmanager:us-east-1:999999999999:secret:vault-AbCdEf",
      "arn:aws:ssm:us-east-1:999999999999:parameter/shelf",
      "desk/client",
    ]);
    const { role, policy } = only(resources, POLICY, "probe-read-secrets").inputs;
    expect(role).toBe("probe-role-id");
    expect(JSON.parse(policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: [
            "arn:aws:secretsmanager:us-east-1:999999999999:secret:vault-AbCdEf",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:desk/client-??????",
          ],
        },
        {
          Effect: "Allow",
          Action: "ssm:GetParameter",
          Resource: [
            "arn:aws:ssm:eu-west-1:123456789012:parameter/rollcall/desk/token",
            "arn:aws:ssm:us-east-1:999999999999:parameter/shelf",
          ],
        },
      ],
    });
  });

  test("has no policy for secrets where none is named", async () => {
    const resources = await inAws([]);
    expect(childrenOf(resources, "probe").filter((child) => child.startsWith(POLICY))).toEqual([
      `${POLICY} probe-invoke`,
      `${POLICY} probe-keep-state`,
      `${POLICY} probe-logs`,
    ]);
  });

  test.each([
    ["secrets", "desk", "secretsmanager:GetSecretValue"],
    ["parameters", "/desk", "ssm:GetParameter"],
  ])("has one statement where only %s are named", async (_, name, action) => {
    const { Statement } = await policyOf([name]);
    expect(Statement).toHaveLength(1);
    expect(Statement[0].Action).toBe(action);
  });

  test("gets a parameter whose version or label is asked for by the ARN without it, once", async () => {
    const { Statement } = await policyOf([
      "/desk/token",
      "/desk/token:3",
      "/desk/token:live",
      "arn:aws:ssm:us-east-1:999999999999:parameter/shelf:2",
    ]);
    expect(Statement).toEqual([
      {
        Effect: "Allow",
        Action: "ssm:GetParameter",
        Resource: [
          "arn:aws:ssm:eu-west-1:123456789012:parameter/desk/token",
          "arn:aws:ssm:us-east-1:999999999999:parameter/shelf",
        ],
      },
    ]);
  });

  test.each([
    ["cn-north-1", "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:desk-??????"],
    ["us-gov-west-1", "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:desk-??????"],
  ])("names a secret of %s by the partition of that region", async (region, arn) => {
    expect((await policyOf(["desk"], region)).Statement[0].Resource).toEqual([arn]);
  });

  test("has its right before the first run", async () => {
    const resources = await inAws(["desk"]);
    const { urn } = only(resources, POLICY, "probe-read-secrets");
    expect(only(resources, FUNCTION).dependencies).toContain(urn);
  });
});

describe("[SKILL-12] the job's pod", () => {
  const podOf = async (secrets: readonly SecretKeys[]) =>
    only(await inCluster(secrets), JOB).inputs.spec.jobTemplate.spec.template.spec;

  test("sees the named keys of the named Secrets as files, where the probe looks for them", async () => {
    const pod = await podOf([
      { name: "desk", keys: ["client.secret", "token"] },
      { name: "shelf.example", keys: ["ca.crt"] },
    ]);
    expect(pod.volumes.filter(({ name }: { name: string }) => name === "secrets")).toEqual([
      {
        name: "secrets",
        projected: {
          // 0440: the files are root's, and the probe reads them by the group that fsGroup gives them
          defaultMode: 288,
          sources: [
            {
              secret: {
                name: "desk",
                items: [
                  { key: "client.secret", path: "desk/client.secret" },
                  { key: "token", path: "desk/token" },
                ],
                optional: true,
              },
            },
            {
              secret: {
                name: "shelf.example",
                items: [{ key: "ca.crt", path: "shelf.example/ca.crt" }],
                optional: true,
              },
            },
          ],
        },
      },
    ]);
    expect(pod.containers[0].volumeMounts).toContainEqual({
      name: "secrets",
      mountPath: "/var/run/secrets/rollcall",
      readOnly: true,
    });
    expect(pod.securityContext.fsGroup).toBe(10_001);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test("mounts its scratch and its roster, and nothing else, where no Secret is named", async () => {
    const pod = await podOf([]);
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    expect(names(pod.volumes)).toEqual(["tmp", "roster"]);
    expect(names(pod.containers[0].volumeMounts)).toEqual(["tmp", "roster"]);
  });
});
