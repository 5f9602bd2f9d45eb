import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { StateMachine } from "@pulumi/aws/sfn/stateMachine.js";
import * as pulumi from "@pulumi/pulumi";
import { escalationMachine } from "../plan/escalation-machine.ts";
import type { EscalatorPlan } from "../plan/escalator.ts";
import { type EscalationPlace, machineRights, statesTrust } from "./escalation-policies.ts";
import { partitionOf } from "./policy-document.ts";

export interface EscalationMachineArgs extends EscalationPlace {
  readonly plan: EscalatorPlan;
  readonly notifierArn: pulumi.Input<string>;
  readonly tableArn: pulumi.Input<string>;
  /** Where its errors are logged. */
  readonly logGroup: LogGroup;
}

/**
 * The state machine that tells the levels of an incident one after the other. Its executions are encrypted by AWS's
 * own key: they hold no secret but tokens, and a key of ours is one more thing that could stand between an alarm and
 * a telephone.
 */
export class EscalationMachine extends pulumi.ComponentResource {
  /** ARN of the machine; using it makes a resource wait for its rights. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: EscalationMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:EscalationMachine", name, {}, opts);
    const { plan, notifierArn, logGroup, region } = args;
    const role = new Role(
      `${name}-role`,
      { assumeRolePolicy: statesTrust(args.accountId) },
      { parent: this },
    );
    const rights = new RolePolicy(
      `${name}-rights`,
      { role: role.id, policy: machineRights(args) },
      { parent: this },
    );
    const machine = new StateMachine(
      `${name}-machine`,
      {
        name: plan.machine,
        type: "STANDARD",
        roleArn: role.arn,
        definition: pulumi
          .output(notifierArn)
          .apply((arn) => definition(plan, { notifierArn: arn, partition: partitionOf(region) })),
        loggingConfiguration: {
          level: "ERROR",
          includeExecutionData: false,
          logDestination: pulumi.interpolate`${logGroup.arn}:*`,
        },
      },
      { parent: this, dependsOn: [rights] },
    );
    this.arn = machine.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

function definition(
  { escalations, fallback, table, keepDays }: EscalatorPlan,
  place: { readonly notifierArn: string; readonly partition: string },
): string {
  return JSON.stringify(escalationMachine({ escalations, fallback, table, keepDays, ...place }));
}
