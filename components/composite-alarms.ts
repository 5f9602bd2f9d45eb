import { CompositeAlarm } from "@pulumi/aws/cloudwatch/compositeAlarm.js";
import * as pulumi from "@pulumi/pulumi";
import { alarmsOf, parseRule } from "../plan/cloudwatch/composite-rule.ts";
import { alarmName } from "../plan/names.ts";
import type { PlannedComposite } from "../plan/types.ts";
import { alarmTags } from "./labels.ts";

export interface CompositeAlarmsArgs {
  /** Name of the environment, which every alarm's name starts with. */
  readonly environment: string;
  /** The server whose composites these are, or the fleet. */
  readonly server: string;
  /** In an order in which a rule names only what is made before it. */
  readonly composites: readonly PlannedComposite[];
  /** Every alarm that a rule or a suppressor may name, by its name. */
  readonly known: ReadonlyMap<string, pulumi.Resource>;
  /** ARN of the topic that the escalation listens to. */
  readonly intakeArn: pulumi.Input<string>;
  /** ARN of each level's topic by its name. */
  readonly topicArns: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Composite alarms of one server, or of the fleet: the only ones that tell a topic. */
export class CompositeAlarms extends pulumi.ComponentResource {
  /** Every composite by its name. */
  readonly alarms: ReadonlyMap<string, CompositeAlarm>;

  constructor(name: string, args: CompositeAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:CompositeAlarms", name, {}, opts);
    const { environment, server, composites, known } = args;
    const prefix = alarmName(environment, server, "");
    const made = new Map<string, CompositeAlarm>();
    for (const composite of composites) {
      const { definition } = composite;
      const suppressor = definition.ActionsSuppressor;
      const names = [
        ...alarmsOf(parseRule(definition.AlarmRule)),
        ...(suppressor === undefined ? [] : [suppressor]),
      ];
      made.set(
        definition.AlarmName,
        new CompositeAlarm(
          `${name}-${definition.AlarmName.slice(prefix.length)}`,
          {
            alarmName: definition.AlarmName,
            alarmDescription: definition.AlarmDescription,
            alarmRule: definition.AlarmRule,
            actionsEnabled: definition.ActionsEnabled,
            ...this.#actions(composite, args),
            ...suppression(composite),
            tags: alarmTags(composite, environment),
          },
          // CloudWatch refuses a rule that names an alarm it does not have, and to delete an alarm that a rule names
          { parent: this, dependsOn: names.map((one) => this.#known(one, made, known)) },
        ),
      );
    }
    this.alarms = made;
    this.registerOutputs({});
  }

  /**
   * What it tells when it fires and when it is over: the escalation, or a level itself where the escalation is what is
   * watched. A part of another rule tells nobody.
   */
  #actions(
    { delivery, topic, definition }: PlannedComposite,
    { intakeArn, topicArns }: CompositeAlarmsArgs,
  ): { alarmActions?: pulumi.Input<string>[]; okActions?: pulumi.Input<string>[] } {
    if (!definition.ActionsEnabled) return {};
    const arn = delivery === "direct" ? topicArns[topic] : intakeArn;
    if (arn === undefined) throw new pulumi.ResourceError(`${topic} is a topic of no escalation`, this, true);
    return { alarmActions: [arn], okActions: [arn] };
  }

  #known(name: string, ...places: readonly ReadonlyMap<string, pulumi.Resource>[]): pulumi.Resource {
    const found = places.map((place) => place.get(name)).find((one) => one !== undefined);
    if (found === undefined) throw new pulumi.ResourceError(`${name} is an alarm of no server`, this, true);
    return found;
  }
}

function suppression({ definition }: PlannedComposite) {
  const {
    ActionsSuppressor: alarm,
    ActionsSuppressorWaitPeriod: waitPeriod,
    ActionsSuppressorExtensionPeriod: extensionPeriod,
  } = definition;
  if (alarm === undefined || waitPeriod === undefined || extensionPeriod === undefined) return {};
  return { actionsSuppressor: { alarm, waitPeriod, extensionPeriod } };
}
