/** Each policy by what it lets pass and what it refuses; the whole pack runs on the engine in test/real. */
import { describe, expect, it } from "vitest";
import { costUnderCeiling } from "../../policies/cost.ts";
import { encryptedEverywhere } from "../../policies/encryption.ts";
import { noPublicIngress } from "../../policies/ingress.ts";
import { POLICIES } from "../../policies/policies.ts";
import { bearablePromises, watchedServers } from "../../policies/promises.ts";
import { retainedEverywhere } from "../../policies/retention.ts";
import { ofStack, resource, unknownIn } from "../support/policies.ts";

describe("the pack", () => {
  it("holds every policy once, each mandatory and with a reason to read", () => {
    const names = POLICIES.map(({ name }) => name);
    expect(new Set(names).size).toBe(7);
    for (const { name, description, enforcementLevel } of POLICIES) {
      expect(enforcementLevel, name).toBe("mandatory");
      expect(description.length, name).toBeGreaterThan(40);
    }
  });
});

describe("[CARD-07] retention everywhere", () => {
  const group = (props: Record<string, unknown>) => resource("aws:cloudwatch/logGroup:LogGroup", props);

  it("lets a log group pass that ends its lines on a day that CloudWatch knows", () => {
    expect(ofStack(retainedEverywhere, [group({ retentionInDays: 30 })])).toEqual([]);
  });

  it.each([[undefined], [0], [45]])("refuses one that is kept %s days", (retentionInDays) => {
    expect(ofStack(retainedEverywhere, [group({ retentionInDays })])).toHaveLength(1);
  });

  it("refuses a lifecycle that ends nothing, or is switched off", () => {
    const lifecycle = (rules: unknown) =>
      resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", { rules });
    const rule = { status: "Enabled", expiration: { days: 30 } };
    expect(ofStack(retainedEverywhere, [lifecycle([rule])])).toEqual([]);
    expect(ofStack(retainedEverywhere, [lifecycle([{ ...rule, status: "Disabled" }])])).toHaveLength(1);
    expect(ofStack(retainedEverywhere, [lifecycle(undefined)])).toHaveLength(1);
  });

  it("refuses a bucket that has no lifecycle of its own", () => {
    const bucket = resource("aws:s3/bucket:Bucket", { id: "vault" });
    const lifecycle = (name: string) =>
      resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {
        bucket: name,
        rules: [{ status: "Enabled", expiration: { days: 30 } }],
      });
    expect(ofStack(retainedEverywhere, [bucket, lifecycle("vault")])).toEqual([]);
    expect(ofStack(retainedEverywhere, [bucket, lifecycle("other")])).toEqual([
      expect.stringContaining("keeps its objects for ever"),
    ]);
    expect(ofStack(retainedEverywhere, [bucket])).toHaveLength(1);
  });

  it("refuses a function that makes its own log group, by its words or by what Lambda says of it", () => {
    const logsTo = (loggingConfig?: object) => resource("aws:lambda/function:Function", { loggingConfig });
    const own = "/aws/lambda/one";
    const made = group({ name: own, retentionInDays: 30 });
    expect(ofStack(retainedEverywhere, [logsTo({ logGroup: "/rollcall/production/probe" })])).toEqual([]);
    expect(ofStack(retainedEverywhere, [logsTo({ logGroup: own }), made])).toEqual([]);
    for (const careless of [logsTo(), logsTo({ logFormat: "JSON" }), logsTo({ logGroup: own })])
      expect(ofStack(retainedEverywhere, [careless])).toEqual([expect.stringContaining("its own log group")]);
  });
});

describe("encryption everywhere", () => {
  const KEY = "arn:aws:kms:eu-west-1:123456789012:key/1";
  const bucket = resource("aws:s3/bucket:Bucket", { id: "vault", bucket: "vault" });
  const sealed = (algorithm: string, name = "vault", key = KEY) =>
    resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
      bucket: name,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: algorithm, kmsMasterKeyId: key } }],
    });

  it("lets pass what names the environment's key, also while the key is not made yet", () => {
    const resources = [
      resource("aws:sns/topic:Topic", { kmsMasterKeyId: KEY }),
      resource("aws:sqs/queue:Queue", unknownIn({ name: "queue" }, "kmsMasterKeyId")),
      resource("aws:dynamodb/table:Table", { serverSideEncryption: { enabled: true, kmsKeyArn: KEY } }),
      resource("aws:lambda/function:Function", { kmsKeyArn: KEY }),
      resource("aws:cloudwatch/logGroup:LogGroup", { kmsKeyId: KEY }),
      bucket,
      sealed("aws:kms"),
    ];
    expect(ofStack(encryptedEverywhere, resources)).toEqual([]);
  });

  it.each([
    ["aws:sns/topic:Topic", {}],
    ["aws:sns/topic:Topic", { kmsMasterKeyId: "alias/aws/sns" }],
    ["aws:sns/topic:Topic", { kmsMasterKeyId: "arn:aws:kms:eu-west-1:123456789012:alias/aws/sns" }],
    ["aws:sqs/queue:Queue", { sqsManagedSseEnabled: true }],
    ["aws:dynamodb/table:Table", { serverSideEncryption: { enabled: true } }],
    ["aws:lambda/function:Function", {}],
    ["aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 30 }],
  ])("refuses %s with %j", (type, props) => {
    expect(ofStack(encryptedEverywhere, [resource(type, props)])).toHaveLength(1);
  });

  it("refuses a bucket without a key of its own: none, another bucket's, or S3's", () => {
    expect(ofStack(encryptedEverywhere, [bucket])).toHaveLength(1);
    expect(ofStack(encryptedEverywhere, [bucket, sealed("aws:kms", "other")])).toHaveLength(1);
    expect(ofStack(encryptedEverywhere, [bucket, sealed("AES256")])).toHaveLength(1);
    expect(ofStack(encryptedEverywhere, [bucket, sealed("aws:kms", "vault", "alias/aws/s3")])).toHaveLength(
      1,
    );
  });
});

describe("no public ingress", () => {
  const CLOSED = {
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  };
  const url = (functionName: string, authorizationType: string) =>
    resource("aws:lambda/functionUrl:FunctionUrl", { functionName, authorizationType });
  const networkOf = (...ingress: readonly object[]) =>
    resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", { spec: { ingress } });
  const network = (cidr: string) => networkOf({ from: [{ ipBlock: { cidr } }] });
  const group = (ingress: object) =>
    resource("aws:ec2/securityGroup:SecurityGroup", { ingress: [{ fromPort: 443, ...ingress }] });

  it("lets the page pass that acknowledges by a signed link, and what needs a login", () => {
    const resources = [
      url("rollcall-production-escalation-acknowledge", "NONE"),
      url("rollcall-production-status", "AWS_IAM"),
      resource("kubernetes:core/v1:Service", { spec: { type: "ClusterIP" } }),
      network("10.0.0.0/8"),
      network("203.0.113.0/24"),
      network("fd00::/8"),
      // none but who is named, and nobody at all
      networkOf({ from: [{ namespaceSelector: { matchLabels: { app: "probe" } } }], ports: [{ port: 80 }] }),
      networkOf(),
      resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", unknownIn({}, "spec")),
      group({ cidrBlocks: ["10.0.0.0/8"], securityGroups: ["sg-1"] }),
      resource("aws:ec2/securityGroupRule:SecurityGroupRule", { type: "egress", cidrBlocks: ["0.0.0.0/0"] }),
      resource("aws:apigateway/restApi:RestApi", { endpointConfiguration: { types: "PRIVATE" } }),
      resource("aws:s3/bucket:Bucket", { id: "vault" }),
      resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { bucket: "vault", ...CLOSED }),
    ];
    expect(ofStack(noPublicIngress, resources)).toEqual([]);
  });

  it.each([
    ["a function address without a login", url("rollcall-production-status", "NONE")],
    ["a load balancer", resource("kubernetes:core/v1:Service", { spec: { type: "LoadBalancer" } })],
    ["a port of every node", resource("kubernetes:core/v1:Service", { spec: { type: "NodePort" } })],
    ["an Ingress", resource("kubernetes:networking.k8s.io/v1:Ingress", { spec: {} })],
    ["a network that lets in everybody", network("0.0.0.0/0")],
    ["one that lets in half of everybody", network("0.0.0.0/1")],
    ["one that lets in the other half", network("128.0.0.0/1")],
    ["one that lets in every address of IPv6", network("2000::/3")],
    ["a network without a peer", networkOf({ ports: [{ port: 80 }] })],
    ["a network with no peer in its list", networkOf({ from: [], ports: [{ port: 80 }] })],
    ["a security group that lets in everybody", group({ cidrBlocks: ["0.0.0.0/0"] })],
    ["one that does so by IPv6", group({ ipv6CidrBlocks: ["::/0"] })],
    [
      "a rule of one",
      resource("aws:ec2/securityGroupRule:SecurityGroupRule", { type: "ingress", cidrBlocks: ["0.0.0.0/0"] }),
    ],
    [
      "a rule of one by itself",
      resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", { cidrIpv4: "0.0.0.0/0" }),
    ],
    ["an API of API Gateway", resource("aws:apigatewayv2/api:Api", { protocolType: "HTTP" })],
    ["a REST API", resource("aws:apigateway/restApi:RestApi", { name: "open" })],
    ["a bucket that nothing closes", resource("aws:s3/bucket:Bucket", { id: "vault" })],
    [
      "a function that everybody may invoke",
      resource("aws:lambda/permission:Permission", {
        principal: "*",
        function: "rollcall-production-status",
      }),
    ],
  ])("refuses %s", (_, one) => {
    expect(ofStack(noPublicIngress, [one])).toHaveLength(1);
  });

  it("refuses a bucket that is closed in three of four ways", () => {
    const access = resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
      bucket: "vault",
      ...CLOSED,
      ignorePublicAcls: false,
    });
    expect(
      ofStack(noPublicIngress, [resource("aws:s3/bucket:Bucket", { id: "vault" }), access]),
    ).toHaveLength(1);
  });
});

describe("cost under the ceiling", () => {
  const monitoring = (props: Record<string, unknown>) => resource("rollcall:index:Monitoring", props);
  const composites = Array.from({ length: 30 }, (_, index) =>
    resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", {}, `composite-${index}`),
  );

  it("lets pass what costs less, and what has no ceiling", () => {
    expect(ofStack(costUnderCeiling, [monitoring({ costMonthly: 99, costCeiling: 100 })])).toEqual([]);
    expect(ofStack(costUnderCeiling, [monitoring({ costMonthly: 9_999 })])).toEqual([]);
  });

  it("refuses what the plan prices above it", () => {
    const said = ofStack(costUnderCeiling, [monitoring({ costMonthly: 100.01, costCeiling: 100 })]);
    expect(said).toEqual([expect.stringContaining("100.01 USD a month by its plan")]);
  });

  it("refuses what the program makes beyond its plan", () => {
    const said = ofStack(costUnderCeiling, [monitoring({ costMonthly: 5, costCeiling: 10 }), ...composites]);
    expect(said).toEqual([expect.stringContaining("15.00 USD a month by the resources")]);
  });
});

describe("no unwatched server in production", () => {
  const server = (stack = "production") =>
    resource("rollcall:index:McpServer", { server: "desk" }, "desk", stack);
  const alarm = (tags: Record<string, string>) =>
    resource("aws:cloudwatch/metricAlarm:MetricAlarm", {
      tags: { Server: "desk", Runbook: "docs/runbooks/server-down.md", ...tags },
    });
  const composite = resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", {
    tags: { Server: "desk", Runbook: "docs/runbooks/server-down.md" },
    alarmActions: ["arn:aws:sns:eu-west-1:123456789012:one"],
  });
  const watched = [server(), alarm({ Family: "heartbeat" }), alarm({ Guards: "availability" }), composite];

  it("lets a server pass that is probed, has a promise and somebody to tell", () => {
    expect(ofStack(watchedServers, watched)).toEqual([]);
  });

  it.each([
    ["a probe", 1],
    ["an objective", 2],
    ["an escalation", 3],
  ])("refuses one without %s, and says so", (what, missing) => {
    const said = ofStack(
      watchedServers,
      watched.filter((_, index) => index !== missing),
    );
    expect(said).toEqual([expect.stringContaining(`desk runs without ${what}`)]);
  });

  it("refuses an alarm that names no runbook", () => {
    expect(ofStack(watchedServers, [...watched, alarm({ Runbook: "" })])).toEqual([
      expect.stringContaining("names no runbook"),
    ]);
  });

  it("takes other stacks as they are, unless the pack's configuration names them", () => {
    expect(ofStack(watchedServers, [server("staging")])).toEqual([]);
    expect(ofStack(watchedServers, [server("staging")], { stacks: ["staging"] })).toHaveLength(1);
  });
});

describe("no interval that an objective cannot bear", () => {
  const promise = {
    server: "desk",
    objective: "availability",
    objectivePpm: 999_000,
    windowMs: 30 * 86_400_000,
    page: true,
    failuresToPage: 2,
    everyMs: 60_000,
    samples: 1,
  };
  const said = (change: object) =>
    ofStack(bearablePromises, [
      resource("rollcall:index:Monitoring", { promises: [{ ...promise, ...change }] }),
    ]);

  it("lets pass what pages within a tenth of its budget", () => {
    // 43.2 minutes a month: two minutes are 4.6 % of it, four 9.3 %
    expect(said({})).toEqual([]);
    expect(said({ everyMs: 120_000 })).toEqual([]);
  });

  it("refuses a longer interval, more failures, and fewer samples than it needs", () => {
    expect(said({ everyMs: 180_000 })).toEqual([expect.stringContaining("probed every 3m")]);
    expect(said({ failuresToPage: 5 })).toHaveLength(1);
    expect(said({ everyMs: 180_000, samples: 6 })).toEqual([]);
  });

  it("does not ask it of a promise that never pages", () => {
    expect(said({ everyMs: 600_000, page: false })).toEqual([]);
  });
});
