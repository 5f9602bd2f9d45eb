import type { ResourceValidationPolicy } from "@pulumi/policy";
import { isForEverybody } from "./principals.ts";
import { listOf, type Props, propsOf, readable, textOf, UNKNOWN } from "./resources.ts";

/** Where each type carries a policy document. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/userPolicy:UserPolicy": "policy",
  "aws:iam/groupPolicy:GroupPolicy": "policy",
  "aws:iam/policy:Policy": "policy",
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:sns/topic:Topic": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:sqs/queue:Queue": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:s3/bucket:Bucket": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:kms/key:Key": "policy",
  "aws:kms/keyPolicy:KeyPolicy": "policy",
  "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
};
const KEYS: readonly string[] = ["aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"];
/** Types whose policy means what it stands at by its star. */
const OF_ONE: readonly string[] = [...KEYS, "aws:secretsmanager/secretPolicy:SecretPolicy"];
/** Where each type names policies that are written elsewhere, and change there. */
const ATTACHED: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "managedPolicyArns",
  "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
  "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
  "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
  "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": "policyArns",
  "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
  "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": "policyArns",
};
/** Families of actions that KMS itself documents with a star, and the pages of its services ask for so. */
const FAMILIES: readonly string[] = ["kms:GenerateDataKey*", "kms:ReEncrypt*"];
/** Actions that AWS does not tie to a resource (Service Authorization Reference): a star is all that they take. */
const UNSCOPED: readonly string[] = [
  "cloudwatch:DescribeAlarms",
  "cloudwatch:DescribeAlarmHistory",
  "cloudwatch:GetMetricData",
  "cloudwatch:ListAlarmMuteRules",
  "cloudwatch:PutMetricData",
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
  "logs:CreateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:DescribeLogGroups",
  "logs:DescribeResourcePolicies",
  "logs:GetLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:UpdateLogDelivery",
];
const RIGHTS_OF_CLUSTER: readonly string[] = [
  "kubernetes:rbac.authorization.k8s.io/v1:Role",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
];

/** A right names what may be done, to what and by whom: a star allows what nobody has thought of. */
export const noWildcardAction: ResourceValidationPolicy = {
  name: "no-wildcard-action",
  description:
    "No policy allows a wildcard of actions, an action on everything that could be tied to one thing, or everybody.",
  enforcementLevel: "mandatory",
  configSchema: { properties: { managedPolicies: { type: "array", items: { type: "string" } } } },
  validateResource: (resource, report) => {
    const { type, props, name } = readable(resource);
    const { managedPolicies = [] } = resource.getConfig<{ readonly managedPolicies?: readonly string[] }>();
    const found = [
      ...(RIGHTS_OF_CLUSTER.includes(type) ? clusterRights(props) : []),
      ...attachedTo(type, props)
        .filter((arn) => !managedPolicies.includes(arn))
        .map(
          (arn) =>
            `has ${arn}, whose rights are not written here; write a RolePolicy, or list it in managedPolicies of the pack's configuration`,
        ),
      ...documentsOf(type, props)
        .flatMap(statementsOf)
        .flatMap((statement) => judged(type, statement)),
    ];
    for (const what of found) report(`${name} ${what}`);
  },
};

function clusterRights(props: Props): string[] {
  return listOf(props.rules)
    .map(propsOf)
    .flatMap((rule) => ["verbs", "resources", "apiGroups"].filter((part) => listOf(rule[part]).includes("*")))
    .map((part) => `allows every one of ${part}; name those it needs`);
}

/** What is wrong with one statement of a policy. */
function judged(type: string, statement: Props): string[] {
  if (statement.Effect !== "Allow" || (KEYS.includes(type) && isAccount(statement.Principal))) return [];
  const actions = listOf(statement.Action).map(textOf);
  const wild = actions.filter((one) => one.includes("*") && !FAMILIES.includes(one));
  const everywhere = !OF_ONE.includes(type) && listOf(statement.Resource).includes("*");
  const unscoped = everywhere ? actions.filter((one) => !UNSCOPED.includes(one)) : [];
  return [
    ...(statement.NotAction === undefined && statement.NotResource === undefined
      ? []
      : ["allows all but something (NotAction, NotResource); name what it needs"]),
    ...(isForEverybody(statement)
      ? ["allows everybody; name the account or the service, or add a condition on the caller"]
      : []),
    ...wild.map((action) => `allows ${action}; name the actions that it needs`),
    ...unscoped.map((action) => `allows ${action} on every resource; name the one that it needs`),
  ];
}

function attachedTo(type: string, props: Props): string[] {
  const input = ATTACHED[type];
  // what is made by the same update is known when it is made, and judged then
  return listOf(input === undefined ? undefined : props[input])
    .map(textOf)
    .filter((arn) => arn !== "" && arn !== UNKNOWN);
}

/** Every policy document that a resource carries. */
function documentsOf(type: string, props: Props): unknown[] {
  const input = DOCUMENTS[type];
  return [
    ...(input === undefined ? [] : [props[input]]),
    ...listOf(props.inlinePolicies).map((one) => propsOf(one).policy),
  ];
}

function statementsOf(document: unknown): Props[] {
  // what grants a right to something new is known when it is made, and judged then
  if (document === "" || document === UNKNOWN) return [];
  const parsed: unknown = typeof document === "string" ? JSON.parse(document) : document;
  return listOf(propsOf(parsed).Statement).map(propsOf);
}

/** The account itself, whose own IAM policies decide; without it a key could never be administered again. */
function isAccount(principal: unknown): boolean {
  return /^arn:aws[\w-]*:iam::\d{12}:root$/.test(textOf(propsOf(principal).AWS));
}
