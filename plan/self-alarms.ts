import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import { inAlarm } from "./composites.ts";
import { describeFleet, fleetComposite } from "./fleet-composite.ts";
import { alarmName } from "./names.ts";
import { type SelfFamily, type SelfSpec, selfSpecs } from "./self-specs.ts";
import type { FleetPlan, PlannedAlarm, PlannedComposite } from "./types.ts";

/** The families of the alarms that watch the monitoring itself, and how somebody is told of each. */
const SELF = {
  "probe-runner": { kind: "blind", detail: "its function, its schedule or its metrics fail" },
  delivery: {
    kind: "blind",
    detail: "the escalation failed, or could not deliver a message",
    // told by the very machine that it says is broken, it would be told to nobody
    delivery: "direct",
  },
  "log-shipping": { kind: "blind", detail: "lines of servers no longer reach CloudWatch Logs" },
  backup: { kind: "ticket", detail: "no restore was verified in time, or the backup failed" },
  "data-loss": { kind: "page", detail: "the restore drill found faults" },
} as const satisfies Record<
  SelfFamily,
  Pick<PlannedComposite, "kind"> & Partial<PlannedComposite> & { readonly detail: string }
>;

/**
 * Alarms of the monitoring itself, and a composite for each family of them. None for a local environment: nothing of
 * this runs there, and no metric of AWS is known.
 */
export function planSelfAlarms(environment: Environment): Pick<FleetPlan, "alarms" | "composites"> {
  if (environment.aws === null) return { alarms: [], composites: [] };
  const alarms = selfSpecs(environment, environment.aws.region).map((spec) => toAlarm(environment, spec));
  return { alarms, composites: composites(environment, alarms) };
}

/** A fleet without what watches the monitoring itself: for data that knows nothing of it, as a trace does. */
export function withoutSelf(fleet: FleetPlan): FleetPlan {
  const self = fleet.alarms
    .filter(({ family }) => family in SELF)
    .map(({ definition }) => definition.AlarmName);
  const isSelf = ({ definition }: PlannedComposite): boolean =>
    self.some((name) => definition.AlarmRule.includes(inAlarm(name)));
  return {
    ...fleet,
    alarms: fleet.alarms.filter(({ family }) => !(family in SELF)),
    composites: fleet.composites.filter((composite) => !isSelf(composite)),
  };
}

function toAlarm(environment: Environment, spec: SelfSpec): PlannedAlarm {
  const {
    family,
    suffix,
    detail,
    source,
    mOfN = [1, 1],
    over,
    under,
    missing = "notBreaching",
    warmUpMinutes,
  } = spec;
  const { severity, runbook } = environment.families[family];
  return {
    server: FLEET,
    family,
    severity,
    runbook,
    guards: null,
    definition: {
      AlarmName: alarmName(environment.name, FLEET, suffix),
      AlarmDescription: describeFleet(environment, family, detail),
      ActionsEnabled: false,
      ...source,
      EvaluationPeriods: mOfN[1],
      DatapointsToAlarm: mOfN[0],
      ...(under === undefined
        ? { Threshold: over ?? 0, ComparisonOperator: "GreaterThanThreshold" as const }
        : { Threshold: under, ComparisonOperator: "LessThanThreshold" as const }),
      TreatMissingData: missing,
      ...(warmUpMinutes === undefined
        ? {}
        : {
            WarmUpConfiguration: {
              WarmUpPeriodDurationInMinutes: warmUpMinutes,
              OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
            },
          }),
    },
  };
}

function composites(environment: Environment, alarms: readonly PlannedAlarm[]): PlannedComposite[] {
  return (Object.keys(SELF) as SelfFamily[]).flatMap((family) => {
    const members = alarms.filter((alarm) => alarm.family === family);
    if (members.length === 0) return [];
    const rule = members.map(({ definition }) => inAlarm(definition.AlarmName)).join(" OR ");
    return [fleetComposite({ environment, suffix: family, family, rule, acts: true, ...SELF[family] })];
  });
}
