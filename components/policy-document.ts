import * as pulumi from "@pulumi/pulumi";

export { partitionOf } from "../plan/names.ts";

const VERSION = "2012-10-17";

/** One statement of a policy, in AWS's own words. */
export type Statement = object;

/** A policy document of these statements. */
export function document(...statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: VERSION, Statement: statements });
}

/** Who may take a role, under which condition. */
export function trust(principal: object, condition?: object): pulumi.Output<string> {
  return document({
    Effect: "Allow",
    Principal: principal,
    Action: "sts:AssumeRole",
    ...(condition === undefined ? {} : { Condition: condition }),
  });
}

/** What the addresses of AWS end with in a region. */
export function suffixOf(region: string): string {
  return region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}
