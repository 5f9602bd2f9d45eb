/** Whose rights are written how: what the pack lets pass, and what it refuses. */
import { describe, expect, it } from "vitest";
import { noWildcardAction } from "../../policies/rights.ts";
import { ofResource, resource, unknownIn } from "../support/policies.ts";

const allow = (Action: unknown, Resource: unknown = "arn:aws:sns:eu-west-1:123456789012:one") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });

describe("no wildcard action", () => {
  const right = (policy: string) => resource("aws:iam/rolePolicy:RolePolicy", { policy });
  const key = (Principal: object) =>
    resource("aws:kms/key:Key", {
      policy: JSON.stringify({ Statement: [{ Effect: "Allow", Principal, Action: "kms:*", Resource: "*" }] }),
    });

  it("lets pass what names its actions and what it acts on", () => {
    expect(ofResource(noWildcardAction, right(allow(["sns:Publish"])))).toEqual([]);
    expect(ofResource(noWildcardAction, right(allow("cloudwatch:DescribeAlarms", "*")))).toEqual([]);
    expect(ofResource(noWildcardAction, right(allow("kms:GenerateDataKey*")))).toEqual([]);
    expect(ofResource(noWildcardAction, key({ AWS: "arn:aws:iam::123456789012:root" }))).toEqual([]);
  });

  it.each([
    ["every action", allow("*")],
    ["every action of a service", allow(["sns:Publish", "s3:*"])],
    ["actions by their beginning", allow("s3:Get*")],
    ["an action on everything", allow("s3:GetObject", "*")],
  ])("refuses a right to %s", (_, policy) => {
    expect(ofResource(noWildcardAction, right(policy))).toHaveLength(1);
  });

  it("refuses all but something, and a key that anybody may use", () => {
    const but = JSON.stringify({
      Statement: { Effect: "Allow", NotAction: "iam:PassRole", Resource: "arn:x" },
    });
    expect(ofResource(noWildcardAction, right(but))).toHaveLength(1);
    expect(ofResource(noWildcardAction, key({ AWS: "*" }))).toEqual([
      expect.stringContaining("allows everybody"),
      expect.stringContaining("allows kms:*"),
    ]);
  });

  describe("judges who may", () => {
    const TOPIC = "arn:aws:sns:eu-west-1:123456789012:one";
    const statement = (change: object) => ({
      Statement: { Effect: "Allow", Action: "sns:Publish", Resource: TOPIC, ...change },
    });
    const topic = (change: object) =>
      ofResource(
        noWildcardAction,
        resource("aws:sns/topicPolicy:TopicPolicy", { policy: JSON.stringify(statement(change)) }),
      );

    it.each([
      [{ Principal: "*" }],
      [{ Principal: { AWS: "*" } }],
      [{ Principal: { AWS: ["arn:aws:iam::123456789012:root", "*"] } }],
      [{ NotPrincipal: { AWS: "arn:aws:iam::123456789012:root" } }],
      [{ Principal: "*", Condition: {} }],
      [{ Principal: "*", Condition: { Bool: { "aws:SecureTransport": "true" } } }],
      [{ Principal: "*", Condition: { StringNotEquals: { "aws:SourceAccount": "123456789012" } } }],
      [{ Principal: "*", Condition: { ArnLike: { "aws:SourceArn": "*" } } }],
      [{ Principal: "*", Condition: { ArnLike: { "aws:SourceArn": "arn:aws:s3:::*" } } }],
      [{ Principal: "*", Condition: { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:one" } } }],
      [{ Principal: "*", Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/a" } } }],
    ])("refuses %j", (change) => {
      expect(topic(change)).toEqual([expect.stringContaining("allows everybody")]);
    });

    it.each([
      [{ Principal: { Service: "cloudwatch.amazonaws.com" } }],
      [{ Principal: "*", Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } } }],
      [{ Principal: "*", Condition: { ArnLike: { "AWS:SourceArn": ["arn:aws:s3:::vault"] } } }],
      [{ Effect: "Deny", Principal: "*" }],
    ])("lets %j pass", (change) => {
      expect(topic(change)).toEqual([]);
    });

    it.each([
      ["aws:iam/role:Role", "assumeRolePolicy"],
      ["aws:sqs/queue:Queue", "policy"],
      ["aws:sns/topic:Topic", "policy"],
      ["aws:s3/bucketPolicy:BucketPolicy", "policy"],
    ])("in %s too", (type, input) => {
      const open = resource(type, { [input]: JSON.stringify(statement({ Principal: { AWS: "*" } })) });
      expect(ofResource(noWildcardAction, open)).toEqual([expect.stringContaining("allows everybody")]);
    });
  });

  it.each([
    ["aws:iam/userPolicy:UserPolicy", { policy: allow("*") }],
    ["aws:iam/groupPolicy:GroupPolicy", { policy: allow("*") }],
    ["aws:iam/role:Role", { inlinePolicies: [{ name: "all", policy: allow("*") }] }],
    ["aws:iam/rolePolicy:RolePolicy", { policy: JSON.parse(allow("*")) }],
  ])("judges what %s allows", (type, props) => {
    expect(ofResource(noWildcardAction, resource(type, props))).toEqual([
      expect.stringContaining("allows *; name the actions"),
    ]);
  });

  it("refuses rights that are written elsewhere, but those that the pack is told of", () => {
    const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
    const attached = [
      resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: ADMIN }),
      resource("aws:iam/userPolicyAttachment:UserPolicyAttachment", { policyArn: ADMIN }),
      resource("aws:iam/role:Role", { managedPolicyArns: [ADMIN] }),
    ];
    for (const one of attached) {
      expect(ofResource(noWildcardAction, one)).toEqual([expect.stringContaining(`has ${ADMIN}`)]);
      expect(ofResource(noWildcardAction, one, { managedPolicies: [ADMIN] })).toEqual([]);
    }
    const later = resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", unknownIn({}, "policyArn"));
    expect(ofResource(noWildcardAction, later)).toEqual([]);
  });

  it("lets a refusal of everything pass", () => {
    const deny = JSON.stringify({ Statement: [{ Effect: "Deny", Action: "s3:*", Resource: "*" }] });
    expect(
      ofResource(noWildcardAction, resource("aws:s3/bucketPolicy:BucketPolicy", { policy: deny })),
    ).toEqual([]);
  });

  it("judges rights in the cluster alike", () => {
    const role = (verbs: string[]) =>
      resource("kubernetes:rbac.authorization.k8s.io/v1:Role", {
        rules: [{ apiGroups: [""], resources: ["pods"], verbs }],
      });
    expect(ofResource(noWildcardAction, role(["get"]))).toEqual([]);
    expect(ofResource(noWildcardAction, role(["*"]))).toHaveLength(1);
  });
});
