import * as pulumi from "@pulumi/pulumi";
import { FLEET } from "../plan/names.ts";
import type { Plan } from "../plan/types.ts";
import { CompositeAlarms, type CompositeAlarmsArgs } from "./composite-alarms.ts";
import { SloAlarms } from "./slo-alarms.ts";

export interface EnvironmentAlarmsArgs {
  /** Everything that the environment is to have; its alarms are read. */
  readonly plan: Plan;
  /** ARN of the topic that alarms publish to. */
  readonly intakeArn: pulumi.Input<string>;
  /** ARN of each escalation topic by its name. */
  readonly topicArns: Readonly<Record<string, pulumi.Input<string>>>;
  readonly accountId: pulumi.Input<string>;
}

/**
 * Every alarm of an environment, in the only order that CloudWatch takes: metric alarms, then the parts of the servers'
 * pages, then the fleet's composites, which name them, then the servers' own, which the fleet's hold back.
 */
export class EnvironmentAlarms extends pulumi.ComponentResource {
  /** Every composite that tells somebody, by its name. */
  readonly composites: ReadonlyMap<string, pulumi.Resource>;

  constructor(name: string, args: EnvironmentAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:EnvironmentAlarms", name, {}, opts);
    const { plan, intakeArn, topicArns, accountId } = args;
    const { environment, fleet, servers } = plan;
    const child = { parent: this };
    const watched = [{ server: FLEET, alarms: fleet.alarms }, ...servers];
    const metric = new Map<string, pulumi.Resource>(
      watched.flatMap(({ server, alarms }) => [
        ...new SloAlarms(`${name}-${server}-metrics`, { environment, server, alarms, accountId }, child)
          .alarms,
      ]),
    );
    const told = { environment, topicArns, intakeArn };
    const parts = this.#composites(`${name}-parts`, { ...told, plan, known: metric, acting: false });
    const known = new Map([...metric, ...parts]);
    const composites = new CompositeAlarms(
      `${name}-${FLEET}-composites`,
      { ...told, server: FLEET, composites: fleet.composites, known },
      child,
    ).alarms;
    for (const [alarm, made] of composites) known.set(alarm, made);
    const acting = this.#composites(`${name}-composites`, { ...told, plan, known, acting: true });
    this.composites = new Map<string, pulumi.Resource>([...composites, ...acting]);
    this.registerOutputs({});
  }

  /** The servers' composites that tell somebody, or the parts that tell nobody. */
  #composites(
    name: string,
    input: Pick<CompositeAlarmsArgs, "environment" | "topicArns" | "intakeArn" | "known"> & {
      readonly plan: Plan;
      readonly acting: boolean;
    },
  ): Map<string, pulumi.Resource> {
    const { plan, acting, ...told } = input;
    return new Map<string, pulumi.Resource>(
      plan.servers.flatMap(({ server, composites: all }) => {
        const composites = all.filter(({ definition }) => definition.ActionsEnabled === acting);
        if (composites.length === 0) return [];
        const made = new CompositeAlarms(
          `${name}-${server}`,
          { ...told, server, composites },
          { parent: this },
        );
        return [...made.alarms];
      }),
    );
  }
}
