import type { Problem } from "../catalog/errors.ts";
import { illegalRange } from "./periods.ts";
import type { MetricAlarm, ServerPlan } from "./types.ts";

/** Limits of PutMetricAlarm and PutCompositeAlarm (service model of CloudWatch). */
const MAX_NAME = 255;
const MAX_RULE = 10_240;
const MAX_CHILDREN = 100;
const MAX_ELEMENTS = 500;

/** Everything in a server's alarms that CloudWatch would refuse, found before anything is deployed. */
export function alarmProblems(plan: ServerPlan): Problem[] {
  const problem = (name: string, rule: string, cure: string): Problem => ({
    place: `stacks/servers/${plan.server}.yaml`,
    path: name,
    rule,
    cure,
  });
  const metric = plan.alarms.flatMap(({ definition }) => {
    const range = illegalRange(periodOf(definition), definition.EvaluationPeriods);
    return [
      ...(range === undefined
        ? []
        : [
            problem(
              definition.AlarmName,
              `CloudWatch refuses it: ${range}`,
              "shorten the window, or probe more often",
            ),
          ]),
      ...(definition.AlarmName.length <= MAX_NAME
        ? []
        : [
            problem(
              definition.AlarmName,
              `its name is longer than ${MAX_NAME} characters`,
              "shorten the names of server and objective",
            ),
          ]),
    ];
  });
  const composite = plan.composites.flatMap(({ definition: { AlarmName, AlarmRule } }) => {
    const children = AlarmRule.match(/ALARM\(/g)?.length ?? 0;
    const elements = children + (AlarmRule.match(/[()]/g)?.length ?? 0) - 2 * children;
    const tooMuch = AlarmRule.length > MAX_RULE || children > MAX_CHILDREN || elements > MAX_ELEMENTS;
    return tooMuch
      ? [
          problem(
            AlarmName,
            `its rule has ${children} alarms and ${AlarmRule.length} characters; CloudWatch takes ${MAX_CHILDREN} and ${MAX_RULE}`,
            "give the server fewer objectives or thresholds",
          ),
        ]
      : [];
  });
  return [...metric, ...composite];
}

/** The period of an alarm in seconds; metric math is evaluated at the period of its metrics. */
export function periodOf(definition: MetricAlarm): number {
  if ("Period" in definition) return definition.Period;
  return Math.max(...definition.Metrics.map(({ MetricStat }) => MetricStat?.Period ?? 0));
}
