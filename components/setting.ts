import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import * as pulumi from "@pulumi/pulumi";
import type { Plan, ProbePlan } from "../plan/types.ts";

/** What every part of an environment is made with. */
export interface Setting {
  /** Pulumi name of the environment, which the names of its parts begin with. */
  readonly name: string;
  readonly plan: Plan;
  /** The plan's own probe, which an environment of the cloud always has. */
  readonly probe: ProbePlan;
  /** Options of a part: a child of the environment, with its AWS provider. */
  readonly child: pulumi.ComponentResourceOptions;
  /** Where in AWS it is, and the key that its data is encrypted with. */
  readonly place: {
    readonly accountId: pulumi.Output<string>;
    readonly region: string;
    readonly keyArn: pulumi.Output<string>;
  };
  /** The namespaces that exist, by their names in the plan. */
  readonly namespaces: Readonly<Record<string, pulumi.Output<string>>>;
  /** The log groups that exist, by their names in the plan. */
  readonly logGroups: Readonly<Record<string, LogGroup>>;
}

/**
 * What another part has made under this name.
 *
 * @throws pulumi.RunError where the plan names what it does not have
 */
export function named<T>(made: Readonly<Record<string, T>>, name: string): T {
  const found = made[name];
  if (found === undefined) throw new pulumi.RunError(`the plan names ${name} but does not have it`);
  return found;
}
