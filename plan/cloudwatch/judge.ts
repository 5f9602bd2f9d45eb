import { EXTRA_POINTS } from "./grid.ts";
import type { AlarmState, ComparisonOperator, MetricAlarmDefinition, TreatMissingData } from "./types.ts";

/** What an alarm makes of its points. */
export interface Rule {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison: ComparisonOperator;
  readonly treat: TreatMissingData;
}

export function ruleOf(definition: MetricAlarmDefinition): Rule {
  const { EvaluationPeriods, DatapointsToAlarm, Threshold, ComparisonOperator } = definition;
  return {
    evaluationPeriods: EvaluationPeriods,
    datapointsToAlarm: DatapointsToAlarm ?? EvaluationPeriods,
    threshold: Threshold,
    comparison: ComparisonOperator,
    treat: definition.TreatMissingData ?? defaultTreatment(definition),
  };
}

/**
 * How an alarm treats missing data that does not say it: metrics of DynamoDB are the only ones with a default of
 * their own. Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
 */
export function defaultTreatment({ Namespace, Metrics = [] }: MetricAlarmDefinition): TreatMissingData {
  const namespaces = [Namespace, ...Metrics.map(({ MetricStat }) => MetricStat?.Metric.Namespace)];
  return namespaces.includes("AWS/DynamoDB") ? "ignore" : "missing";
}

/** Whether a value crosses the threshold; a missing one does not. */
export function breaches({ comparison, threshold }: Rule, value: number): boolean {
  switch (comparison) {
    case "GreaterThanThreshold":
      return value > threshold;
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "LessThanThreshold":
      return value < threshold;
    case "LessThanOrEqualToThreshold":
      return value <= threshold;
  }
}

/**
 * Judges points that lie on a grid, those of one evaluation `stride` marks apart, NaN where one is missing. Counts
 * run along the strides, so that an evaluation costs the same for any number of points and any gap.
 * Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
 */
export class Judge {
  readonly #rule: Rule;
  readonly #stride: number;
  /** Running counts: entry `i + stride` counts mark `i` and every `stride`-th before it. */
  readonly #breaching: Int32Array;
  readonly #missing: Int32Array;

  constructor(input: { readonly rule: Rule; readonly points: Float64Array; readonly stride: number }) {
    const { rule, points, stride } = input;
    this.#rule = rule;
    this.#stride = stride;
    this.#breaching = new Int32Array(points.length + stride);
    this.#missing = new Int32Array(points.length + stride);
    this.#count(points);
  }

  /** Whether one of the newest EvaluationPeriods points is missing: only then do older ones matter. */
  lacks(mark: number): boolean {
    return this.#over(this.#missing, mark, this.#rule.evaluationPeriods) > 0;
  }

  /** The state after the evaluation at a mark, which all points of the evaluation range must come before. */
  stateAt(mark: number, previous: AlarmState): AlarmState {
    const { evaluationPeriods: n, datapointsToAlarm: m } = this.#rule;
    if (!this.lacks(mark)) return this.#over(this.#breaching, mark, n) >= m ? "ALARM" : "OK";
    const real = n + EXTRA_POINTS - this.#over(this.#missing, mark, n + EXTRA_POINTS);
    let breaching = this.#over(this.#breaching, mark, n + EXTRA_POINTS);
    if (real >= n) {
      // the newest n real ones decide: with one missing, the oldest of the range is one too many
      const oldest = mark - (n + EXTRA_POINTS - 1) * this.#stride;
      if (real > n) breaching -= this.#over(this.#breaching, oldest, 1);
      return breaching >= m ? "ALARM" : "OK";
    }
    if (breaching >= m) return "ALARM";
    return this.#fill({ mark, previous, real, breaching });
  }

  /** The state where fewer than n points are real and fewer than m of them breach. */
  #fill(seen: {
    readonly mark: number;
    readonly previous: AlarmState;
    readonly real: number;
    readonly breaching: number;
  }): AlarmState {
    const { mark, previous, real, breaching } = seen;
    const { evaluationPeriods: n, datapointsToAlarm: m, treat } = this.#rule;
    if (treat === "notBreaching") return "OK";
    if (treat === "breaching") return breaching + n - real >= m ? "ALARM" : "OK";
    if (real === 0) return treat === "ignore" ? previous : "INSUFFICIENT_DATA";
    if (!this.#isPremature({ mark, real, breaching })) return "OK";
    return treat === "ignore" ? previous : "ALARM";
  }

  /** All that is real breaches, and the oldest of it is at least m points old (the newest point is 1 old). */
  #isPremature(seen: { readonly mark: number; readonly real: number; readonly breaching: number }): boolean {
    const { mark, real, breaching } = seen;
    return (
      real === breaching && breaching > this.#over(this.#breaching, mark, this.#rule.datapointsToAlarm - 1)
    );
  }

  #over(counts: Int32Array, mark: number, points: number): number {
    const end = mark + this.#stride;
    return (counts[end] ?? 0) - (counts[end - points * this.#stride] ?? 0);
  }

  #count(points: Float64Array): void {
    const { comparison, threshold } = this.#rule;
    const stride = this.#stride;
    const breaching = this.#breaching;
    const missing = this.#missing;
    // one comparison for all four: a sign turns "less" into "greater"
    const sign = comparison.startsWith("Less") ? -1 : 1;
    const limit = threshold * sign;
    const atLimit = comparison.includes("OrEqual");
    for (let mark = 0; mark < points.length; mark += 1) {
      const value = (points[mark] ?? 0) * sign;
      const breach = value > limit || (atLimit && value === limit);
      breaching[mark + stride] = (breaching[mark] ?? 0) + (breach ? 1 : 0);
      missing[mark + stride] = (missing[mark] ?? 0) + (Number.isNaN(value) ? 1 : 0);
    }
  }
}
