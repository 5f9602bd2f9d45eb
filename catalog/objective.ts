import { z } from "zod";
import { FAILURE_CLASSES } from "./failures.ts";
import { METRICS, type MetricName } from "./metrics.ts";
import { distinctItems, metricName } from "./names.ts";
import { percent, positiveDuration, type Quantity, quantity } from "./units.ts";

const metricNames = Object.keys(METRICS) as [MetricName, ...MetricName[]];
const metric = z
  .union([z.enum(metricNames), metricName])
  .describe("a metric of the probe, or the exported name of one of the server's own");

const burns = z
  .array(z.enum(FAILURE_CLASSES))
  .min(1)
  .refine(distinctItems, "must not name anything twice")
  .optional()
  .describe("failure classes that burn this budget; all but auth when left out");

/** What every promise with an error budget has. */
const budget = {
  objective: percent.describe("share of the checks that must be good, such as 99.95%"),
  window: positiveDuration.prefault("30d").describe("rolling time that the share is promised over"),
  page: z
    .boolean()
    .default(true)
    .describe("whether a fast burn wakes somebody; false leaves tickets for working hours"),
};

const inUnit = (dimension: Quantity["dimension"], such: string) =>
  quantity.refine((value) => value.dimension === dimension, `must be a ${dimension}, such as ${such}`);

/**
 * A promise. `mcp` and `rest` are availability of a path; `latency` is a percentile over a block of checks and has no
 * budget; the others are shares of checks in which a time or a number of the server was within its limit.
 */
export const objective = z.discriminatedUnion("sli", [
  z.strictObject({ sli: z.literal("mcp"), ...budget, burns }),
  z.strictObject({ sli: z.literal("rest"), ...budget, burns }),
  z.strictObject({
    sli: z.literal("latency"),
    percentile: z.number().min(50).max(99.9),
    below: positiveDuration,
  }),
  z.strictObject({
    sli: z.literal("latency-share"),
    path: z.enum(["mcp", "rest"]).default("mcp").describe("the path whose time is judged"),
    below: positiveDuration.describe("time under which a check is good"),
    ...budget,
  }),
  z.strictObject({
    sli: z.literal("error-rate"),
    metric,
    below: inUnit("percent", "1%").describe("share of failed requests under which a check is good"),
    ...budget,
  }),
  z.strictObject({
    sli: z.literal("freshness"),
    metric: metric.describe("age of the newest data, in seconds where its name ends in _seconds"),
    below: inUnit("time", "15m").describe("age under which a check is good"),
    ...budget,
  }),
  z
    .strictObject({
      sli: z.literal("kpi"),
      metric,
      below: quantity.optional(),
      above: quantity.optional(),
      ...budget,
    })
    .refine(({ below, above }) => (below === undefined) !== (above === undefined), {
      message: "needs exactly one of below and above",
    }),
]);

/** Thresholds in the order in which things get worse. */
function inOrder(value: {
  readonly worse: "higher" | "lower";
  readonly target?: Quantity | undefined;
  readonly warning?: Quantity | undefined;
  readonly critical?: Quantity | undefined;
}): boolean {
  const given = [value.target, value.warning, value.critical].filter((one) => one !== undefined);
  if (new Set(given.map(({ dimension }) => dimension)).size > 1) return true;
  const sign = value.worse === "higher" ? 1 : -1;
  return given.every((one, index) => index === 0 || sign * (one.value - (given[index - 1]?.value ?? 0)) >= 0);
}

/** A value that is watched without a budget: where it should be, where somebody looks, where it is bad. */
export const threshold = z
  .strictObject({
    metric,
    worse: z.enum(["higher", "lower"]).default("higher"),
    target: quantity.optional(),
    warning: quantity.optional(),
    critical: quantity.optional(),
  })
  .refine(
    (value) =>
      new Set(
        [value.target, value.warning, value.critical].filter((q) => q !== undefined).map((q) => q.dimension),
      ).size <= 1,
    {
      message: "mixes units: target, warning and critical must measure the same thing",
    },
  )
  .refine(inOrder, { message: "must get worse from target over warning to critical" });

export type Objective = z.infer<typeof objective>;
/** An objective that has an error budget. */
export type RatioObjective = Exclude<Objective, { readonly sli: "latency" }>;
export type Threshold = z.infer<typeof threshold>;
