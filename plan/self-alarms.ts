import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import { inAlarm } from "./composites.ts";
import { describeFleet, fleetComposite } from "./fleet-composite.ts";
import { alarmName } from "./names.ts";
import { type SelfFamily, type SelfSpec, selfSpecs } from "./self-specs.ts";
import type { FleetPlan, PlannedAlarm, PlannedComposite } from "./types.ts";

/** The families of the alarms that watch the monitoring itself, and how somebody is told of each. */
const SELF = {
  "probe-runner": { kind: "blind", detail: "a runner, its schedule or its metrics fail" },
  delivery: {
    kind: "blind",
    detail: "the escalation failed, or SNS gave up a message",
    // told by the very machine that it says is broken, it would be told to nobody
    delivery: "direct",
  },
  "log-shipping": { kind: "blind", detail: "lines of servers no longer reach CloudWatch Logs" },
  backup: {
    kind: "ticket",
    detail: "no restore was verified in time, or the backup failed, is late or was not copied",
  },
  "data-loss": { kind: "page", detail: "the restore drill found faults" },
} as const satisfies Record<
  SelfFamily,
  Pick<PlannedComposite, "kind"> & Partial<PlannedComposite> & { readonly detail: string }
>;

/**
 * Alarms that stay until somebody has emptied a queue, each in a composite of its own: in one with the rest of its
 * family it would hide every later failure for days, for an alarm tells nobody a second time while it lasts.
 */
const LASTING: Readonly<
  Record<
    string,
    Partial<Pick<PlannedComposite, "kind">> & { readonly suffix: string; readonly detail: string }
  >
> = {
  "probe-dead-letters": {
    // a run that was dropped is over: who must hear of it at once is told by the other alarms of its family
    kind: "ticket",
    suffix: "probe-runner-queue",
    detail: "runs that never began lie in the probe's queue",
  },
  "escalation-dead-letters": {
    suffix: "delivery-queue",
    detail: "messages that could not be delivered lie in the escalation's queue",
  },
};

/**
 * Alarms of the monitoring itself, and a composite for each family of them. None for a local environment: nothing of
 * this runs there, and no metric of AWS is known.
 */
export function planSelfAlarms(environment: Environment): Pick<FleetPlan, "alarms" | "composites"> {
  if (environment.aws === null) return { alarms: [], composites: [] };
  const specs = selfSpecs(environment, environment.aws.region);
  return {
    alarms: specs.map((spec) => toAlarm(environment, spec)),
    composites: composites(environment, specs),
  };
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

function composites(environment: Environment, specs: readonly SelfSpec[]): PlannedComposite[] {
  return (Object.keys(SELF) as SelfFamily[]).flatMap((family) => {
    const members = specs.filter((spec) => spec.family === family);
    return [...Map.groupBy(members, ({ suffix }) => LASTING[suffix])].map(([lasting, those]) => {
      const names = those.map(({ suffix }) => alarmName(environment.name, FLEET, suffix));
      const rule = names.map(inAlarm).join(" OR ");
      const about = { environment, suffix: family, family, rule, acts: true };
      return fleetComposite({ ...about, ...SELF[family], ...lasting });
    });
  });
}
