import { FLEET } from "../catalog/names.ts";
import type { FamilyName } from "../catalog/shared.ts";
import type { Environment } from "../catalog/types.ts";
import { formatDuration } from "../catalog/units.ts";
import { FAILING, inAlarm, isFolded, ticketSuffix } from "./composites.ts";
import { escalationOf } from "./escalation.ts";
import { describeFleet, fleetComposite } from "./fleet-composite.ts";
import { planServerLogGroups } from "./logs.ts";
import { alarmName } from "./names.ts";
import { planSelfAlarms } from "./self-alarms.ts";
import type {
  CompositeKind,
  FleetPlan,
  MetricFilterPlan,
  PlannedAlarm,
  PlannedComposite,
  ServerPlan,
} from "./types.ts";

/** Namespace of what is counted in logs; a metric filter can set no dimensions of its own. */
const LOG_NAMESPACE = "Rollcall/Logs";
/** Children and characters of one AlarmRule (PutCompositeAlarm), with room for what stands around the names. */
const MAX_CHILDREN = 100;
const MAX_CHARACTERS = 10_000;

/**
 * What watches all servers together: many that fail at once, a prober that is silent, lines of their logs. And what
 * watches the monitoring itself.
 */
export function planFleet(environment: Environment, servers: readonly ServerPlan[]): FleetPlan {
  const metricFilters = planMetricFilters(environment);
  const logged = metricFilters.length === 0 ? [] : logAlarms(environment);
  const self = planSelfAlarms(environment);
  const each = (suffix: string): string[] =>
    servers.map(({ server }) => alarmName(environment.name, server, suffix));
  const folded = isFolded(environment)
    ? [
        ...foldedComposites({ environment, kind: "page", family: "fleet", names: each(FAILING) }),
        ...foldedComposites({ environment, kind: "blind", family: "heartbeat", names: each("heartbeat") }),
      ]
    : [];
  return {
    alarms: [...logged, ...self.alarms],
    composites: [...folded, ...logComposites(environment, logged), ...self.composites],
    metricFilters,
  };
}

/**
 * One composite over one alarm of every server; where the names do not fit into one rule, parts that act for nobody
 * and one that names them.
 */
function foldedComposites(input: {
  readonly environment: Environment;
  readonly kind: "page" | "blind";
  readonly family: FamilyName;
  /** One alarm of each server. */
  readonly names: readonly string[];
}): PlannedComposite[] {
  const { environment, kind, family, names } = input;
  const { fold, name } = environment;
  const rules = chunks(names).map(
    (part) =>
      `AT_LEAST(${Math.min(fold, part.length)}, ALARM, (${part.map((one) => `"${one}"`).join(", ")}))`,
  );
  const what =
    kind === "page"
      ? `${fold} or more servers fail together`
      : `nothing is heard of ${fold} or more servers: the probe itself is silent`;
  const make = (suffix: string, rule: string, acts: boolean): PlannedComposite =>
    fleetComposite({ environment, suffix, kind, family, rule, detail: what, acts });
  const [only, ...more] = rules;
  if (only !== undefined && more.length === 0) return [make(kind, only, true)];
  const parts = rules.map((rule, index) => make(`${kind}-part-${index + 1}`, rule, false));
  const whole = parts.map((_, index) => inAlarm(alarmName(name, FLEET, `${kind}-part-${index + 1}`)));
  return [...parts, make(kind, whole.join(" OR "), true)];
}

/** Names in parts of about one size that each fit into a rule. */
function chunks(names: readonly string[]): string[][] {
  const characters = names.reduce((sum, name) => sum + name.length + 4, 0);
  const count = Math.max(1, Math.ceil(names.length / MAX_CHILDREN), Math.ceil(characters / MAX_CHARACTERS));
  const size = Math.ceil(names.length / count);
  return Array.from({ length: count }, (_, index) => names.slice(index * size, (index + 1) * size));
}

/** Every pattern over every log group of servers; they count into one metric an event. */
function planMetricFilters(environment: Environment): MetricFilterPlan[] {
  const { name, platform, logEvents } = environment;
  if (platform === "local") return [];
  return planServerLogGroups(environment).flatMap((group) =>
    logEvents.map((event) => ({
      // the name of the group's own server, where it has one
      name: [name, ...group.name.split("/").slice(4), event.name].join("-"),
      logGroup: group.name,
      pattern: event.pattern,
      namespace: LOG_NAMESPACE,
      metric: logMetric(name, event.name),
    })),
  );
}

function logAlarms(environment: Environment): PlannedAlarm[] {
  return environment.logEvents.map(({ name, family, count, within }) => {
    const { severity, runbook } = environment.families[family];
    const detail = `${count} or more lines of ${name} in the servers' logs within ${formatDuration(within)}`;
    return {
      server: FLEET,
      family,
      severity,
      runbook,
      guards: null,
      definition: {
        AlarmName: alarmName(environment.name, FLEET, name),
        AlarmDescription: describeFleet(environment, family, detail),
        ActionsEnabled: false,
        Namespace: LOG_NAMESPACE,
        MetricName: logMetric(environment.name, name),
        Dimensions: [],
        Period: within / 1_000,
        Statistic: "Sum",
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        Threshold: count,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
      },
    };
  });
}

/** One composite a family of log alarms: incidents of security, and refusals that can wait for the day. */
function logComposites(environment: Environment, alarms: readonly PlannedAlarm[]): PlannedComposite[] {
  const kinds: readonly (readonly [FamilyName, CompositeKind])[] = [
    ["security", "security"],
    ["auth-failures", "ticket"],
  ];
  return kinds.flatMap(([family, kind]) => {
    const members = alarms.filter((alarm) => alarm.family === family);
    if (members.length === 0) return [];
    const rule = members.map(({ definition }) => inAlarm(definition.AlarmName)).join(" OR ");
    const detail = "lines of the servers' logs say so";
    const { severity } = environment.families[family];
    const suffix =
      kind === "ticket" ? ticketSuffix(escalationOf(environment, { family, severity, climbs: false })) : kind;
    return [fleetComposite({ environment, suffix, kind, family, rule, detail, acts: true })];
  });
}

const logMetric = (environment: string, event: string): string => `${environment}.${event}`;
