import type { ResourceValidationPolicy } from "@pulumi/policy";
import { listOf, type Props, propsOf, readable, textOf, UNKNOWN } from "./resources.ts";

/** Where each type carries a policy document. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/policy:Policy": "policy",
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:kms/key:Key": "policy",
};
const KEY = "aws:kms/key:Key";
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

/** A right names what may be done, and to what: a star allows what nobody has thought of. */
export const noWildcardAction: ResourceValidationPolicy = {
  name: "no-wildcard-action",
  description:
    "No policy allows a wildcard of actions, or an action on everything that could be tied to one thing.",
  enforcementLevel: "mandatory",
  validateResource: (resource, report) => {
    const { type, props, name } = readable(resource);
    if (RIGHTS_OF_CLUSTER.includes(type)) {
      for (const rule of listOf(props.rules).map(propsOf))
        for (const part of ["verbs", "resources", "apiGroups"])
          if (listOf(rule[part]).includes("*"))
            report(`${name} allows every one of ${part}; name those it needs`);
      return;
    }
    const input = DOCUMENTS[type];
    const text = input === undefined ? "" : textOf(props[input]);
    // what grants a right to something new is known when it is made, and judged then
    if (text === "" || text === UNKNOWN) return;
    for (const statement of statementsOf(text)) {
      if (statement.Effect !== "Allow" || (type === KEY && isAccount(statement.Principal))) continue;
      if (statement.NotAction !== undefined || statement.NotResource !== undefined)
        report(`${name} allows all but something (NotAction, NotResource); name what it needs`);
      const actions = listOf(statement.Action).map(textOf);
      for (const action of actions.filter((one) => one.includes("*") && !FAMILIES.includes(one)))
        report(`${name} allows ${action}; name the actions that it needs`);
      // a key's own policy means that key by its star
      if (type === KEY || !listOf(statement.Resource).includes("*")) continue;
      for (const action of actions.filter((one) => !UNSCOPED.includes(one)))
        report(`${name} allows ${action} on every resource; name the one that it needs`);
    }
  },
};

function statementsOf(text: string): Props[] {
  const parsed: unknown = JSON.parse(text);
  return listOf(propsOf(parsed).Statement).map(propsOf);
}

/** The account itself, whose own IAM policies decide; without it a key could never be administered again. */
function isAccount(principal: unknown): boolean {
  return /^arn:aws[\w-]*:iam::\d{12}:root$/.test(textOf(propsOf(principal).AWS));
}
