import type { rbac } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import { document } from "./policy-document.ts";

/** What the follower may ask of the cluster's API in a namespace: which pods there are, and their lines. */
export const FOLLOWER_RULES: rbac.v1.PolicyRule[] = [
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
];

/**
 * What Fluent Bit may ask of CloudWatch Logs: new streams and lines in these log groups. It may make no log group,
 * which would have no retention, and read nothing.
 */
export function shipLogs(logGroupArns: readonly pulumi.Input<string>[]): pulumi.Output<string> {
  return document({
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: logGroupArns.map((arn) => pulumi.interpolate`${arn}:*`),
  });
}
