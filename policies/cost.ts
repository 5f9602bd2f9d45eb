import type { StackValidationPolicy } from "@pulumi/policy";
import { type PriceName, priceOf } from "../plan/prices.ts";
import { numberOf, ofType, readable, type Subject } from "./resources.ts";

const MONITORING = "rollcall:index:Monitoring";
/** Resources that are billed by being there. */
const BILLED: Readonly<Record<string, PriceName>> = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": "alarmMetric",
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": "composite",
  "aws:cloudwatch/dashboard:Dashboard": "dashboard",
  "aws:kms/key:Key": "key",
};

/** An environment costs no more than its catalog allows: by its plan, and by what its program really makes. */
export const costUnderCeiling: StackValidationPolicy = {
  name: "cost-under-ceiling",
  description: "What an environment costs a month stays below the ceiling of its catalog.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources: found }, report) => {
    const resources = found.map(readable);
    for (const { name, urn, props } of ofType(resources, MONITORING)) {
      const ceiling = numberOf(props.costCeiling);
      if (ceiling === undefined) continue;
      const planned = numberOf(props.costMonthly) ?? 0;
      const made = costOf(resources);
      const monthly = Math.max(planned, made);
      if (monthly <= ceiling) continue;
      const whose = planned >= made ? "by its plan" : "by the resources that it makes";
      report(
        `${name} costs ${monthly.toFixed(2)} USD a month ${whose}, above its ceiling of ${ceiling.toFixed(2)}; raise cost.ceiling in review, or watch less`,
        urn,
      );
    }
  },
};

function costOf(resources: readonly Subject[]): number {
  return Object.entries(BILLED).reduce(
    (sum, [type, price]) => sum + priceOf(price, ofType(resources, type).length),
    0,
  );
}
