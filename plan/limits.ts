import type { Problem } from "../catalog/errors.ts";
import { definitionProblems } from "./cloudwatch/limits.ts";
import type { ServerPlan } from "./types.ts";

/** Everything in the alarms of a server, or of the fleet, that CloudWatch would refuse; `place` is their file. */
export function alarmProblems(plan: Pick<ServerPlan, "alarms" | "composites">, place: string): Problem[] {
  return definitionProblems(
    {
      MetricAlarms: plan.alarms.map(({ definition }) => definition),
      CompositeAlarms: plan.composites.map(({ definition }) => definition),
    },
    {
      place,
      // a composite may name alarms of other servers, which stand in plans of their own
      isKnown: () => true,
    },
  );
}
