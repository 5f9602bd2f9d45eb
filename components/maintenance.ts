import { AlarmMuteRule } from "@pulumi/aws/cloudwatch/alarmMuteRule.js";
import * as pulumi from "@pulumi/pulumi";
import type { MaintenancePlan } from "../plan/maintenance-cloudwatch.ts";
import { owned } from "../plan/names.ts";

export interface MaintenanceArgs {
  /** Name of the environment, which every rule's name starts with. */
  readonly environment: string;
  /** The mute rules of the plan. */
  readonly maintenance: readonly MaintenancePlan[];
  /** Every composite by its name. */
  readonly composites: ReadonlyMap<string, pulumi.Resource>;
}

/** The maintenance of an environment: times in which CloudWatch evaluates its alarms and tells nobody. */
export class Maintenance extends pulumi.ComponentResource {
  /** Names of the mute rules. */
  readonly rules: readonly pulumi.Output<string>[];

  constructor(name: string, args: MaintenanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Maintenance", name, {}, opts);
    const { environment, maintenance, composites } = args;
    const prefix = owned(environment, "maintenance-");

    this.rules = maintenance.map(({ rule }) => {
      const { Expression, Duration, Timezone } = rule.Rule.Schedule;
      const { AlarmNames } = rule.MuteTargets;
      const made = new AlarmMuteRule(
        `${name}-${rule.Name.slice(prefix.length)}`,
        {
          name: rule.Name,
          description: rule.Description,
          rule: { schedule: { expression: Expression, duration: Duration, timezone: Timezone } },
          muteTargets: { alarmNames: [...AlarmNames] },
          ...(rule.ExpireDate === undefined ? {} : { expireDate: rule.ExpireDate }),
          tags: { Environment: environment },
        },
        // CloudWatch refuses a rule that names an alarm it does not have
        { parent: this, dependsOn: AlarmNames.map((alarm) => this.#composite(alarm, composites)) },
      );
      return made.name;
    });
    this.registerOutputs({ rules: this.rules });
  }

  #composite(alarm: string, composites: MaintenanceArgs["composites"]): pulumi.Resource {
    const found = composites.get(alarm);
    if (found === undefined)
      throw new pulumi.ResourceError(`${alarm} is a composite of no server`, this, true);
    return found;
  }
}
