import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createColumns,
  evaluateAlarm,
  evaluationMark,
  metricTransitions,
  periodOf,
} from "../../../plan/cloudwatch/metric-alarm.ts";
import { seriesFrom } from "../../../plan/cloudwatch/series.ts";
import type {
  AlarmState,
  ComparisonOperator,
  MetricAlarmDefinition,
  MetricId,
  TimeRange,
} from "../../../plan/cloudwatch/types.ts";
import { base, MINUTE_MS, mathAlarm, NOON } from "../../support/metric-alarms.ts";

// Holds two ways of evaluating against each other; the documented semantics are in metric-alarm.test.ts.

type Samples = readonly { readonly at: number; readonly value: number }[];

/** The same alarm, evaluated as one would by hand: no columns, no counts, every point from its own samples. */
function byHand(definition: MetricAlarmDefinition, samplesOf: (name: string) => Samples, at: number) {
  const { EvaluationPeriods: n, DatapointsToAlarm: m = n, Threshold, ComparisonOperator } = definition;
  const period = periodOf(definition) * 1_000;
  const pointOf = (name: string, statistic: string, age: number): number | undefined => {
    const values = samplesOf(name)
      .filter((sample) => sample.at >= at - age * period && sample.at < at - (age - 1) * period)
      .map(({ value }) => value)
      .sort((a, b) => a - b);
    const sum = values.reduce((total, value) => total + value, 0);
    if (values.length === 0) return undefined;
    if (statistic === "Sum") return sum;
    if (statistic === "Average") return sum / values.length;
    if (statistic === "SampleCount") return values.length;
    if (statistic === "Minimum") return values[0];
    if (statistic === "Maximum") return values.at(-1);
    // the median
    const low = values[Math.floor((values.length - 1) / 2)] ?? 0;
    return (low + (values[Math.ceil((values.length - 1) / 2)] ?? 0)) / 2;
  };
  const ages = Array.from({ length: n + 2 }, (_, index) => n + 2 - index);
  const points = ages.map((age, index) => {
    const expression = definition.Metrics?.[0]?.Expression;
    const [a, b] = ["a", "b"].map((name) => pointOf(name, "Sum", age));
    switch (expression) {
      case undefined:
        return pointOf("Unhealthy", definition.Statistic ?? definition.ExtendedStatistic ?? "", age);
      case "FILL(a, 0)":
        return a ?? 0;
      case "a + b":
        return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
      case "FILL(a, REPEAT)": {
        const known = ages.slice(0, index + 1).map((one) => pointOf("a", "Sum", one));
        return known.findLast((one) => one !== undefined);
      }
      default:
        throw new Error(`${expression} is not known here`);
    }
  });
  const isBreach = (value: number) =>
    ({
      GreaterThanThreshold: value > Threshold,
      GreaterThanOrEqualToThreshold: value >= Threshold,
      LessThanThreshold: value < Threshold,
      LessThanOrEqualToThreshold: value <= Threshold,
    })[ComparisonOperator];
  return (previous: AlarmState): AlarmState => {
    const newest = points.slice(-n);
    const real = points.filter((point) => point !== undefined);
    const decide = (breaching: number): AlarmState => (breaching >= m ? "ALARM" : "OK");
    if (!newest.includes(undefined)) return decide(real.slice(-n).filter(isBreach).length);
    if (real.length >= n) return decide(real.slice(-n).filter(isBreach).length);
    const breaching = real.filter(isBreach).length;
    if (definition.TreatMissingData === "breaching") return decide(breaching + n - real.length);
    if (definition.TreatMissingData === "notBreaching" || breaching >= m) return decide(breaching);
    const isIgnored = definition.TreatMissingData === "ignore";
    if (real.length === 0) return isIgnored ? previous : "INSUFFICIENT_DATA";
    const oldest = points.length - points.findIndex((point) => point !== undefined);
    if (breaching < real.length || oldest < m) return "OK";
    return isIgnored ? previous : "ALARM";
  };
}

// eighths add up exactly in any order, so that both ways of adding come to the same
const samples = fc.array(
  fc.record({
    at: fc.integer({ min: -20_000, max: 12_000 }).map((seconds) => NOON + seconds * 1_000),
    value: fc.integer({ min: 0, max: 24 }).map((eighths) => eighths / 8),
  }),
  { maxLength: 60 },
);

const watched = fc.oneof(
  fc.constantFrom("Average", "Sum", "Minimum", "Maximum", "SampleCount").map((Statistic) => ({ Statistic })),
  fc.constant({ ExtendedStatistic: "p50" }),
  fc.constantFrom("FILL(a, 0)", "a + b", "FILL(a, REPEAT)").map((expression) => ({ expression })),
);

const scene = fc.record({
  watched,
  period: fc.constantFrom(10, 20, 30, 60, 120, 300, 900, 3_600),
  n: fc.integer({ min: 1, max: 6 }),
  m: fc.nat({ max: 5 }),
  treat: fc.constantFrom("missing", "ignore", "breaching", "notBreaching", undefined),
  comparison: fc.constantFrom<ComparisonOperator>(
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ),
  threshold: fc.integer({ min: 0, max: 16 }).map((eighths) => eighths / 8),
  initial: fc.constantFrom<AlarmState>("OK", "ALARM", "INSUFFICIENT_DATA"),
  a: samples,
  b: samples,
  offset: fc.integer({ min: 0, max: 3_599 }),
});

function sceneOf(given: typeof scene extends fc.Arbitrary<infer T> ? T : never) {
  const { watched: source, period, n, m, treat, comparison, threshold } = given;
  const common = {
    EvaluationPeriods: n,
    DatapointsToAlarm: Math.min(n, m + 1),
    Threshold: threshold,
    ComparisonOperator: comparison,
    ...(treat === undefined ? {} : { TreatMissingData: treat }),
  };
  const { Statistic: _s, TreatMissingData: _t, ...bare } = base;
  const { TreatMissingData: _u, ...math } = mathAlarm("expression" in source ? source.expression : "a", {
    ...common,
    period,
  });
  const definition: MetricAlarmDefinition =
    "expression" in source ? { ...math, ...common } : { ...bare, ...source, ...common, Period: period };
  const samplesOf = (name: string) => (name === "b" ? given.b : given.a);
  const from = NOON + given.offset * 1_000;
  const marks = 40;
  const step = evaluationMark(definition, NOON + 10_000) === NOON ? MINUTE_MS : 10_000;
  return { definition, samplesOf, range: { from, to: from + marks * step }, step };
}

/** What a store would serve: only the samples of the range that is asked for. */
function served(samplesOf: (name: string) => Samples) {
  return ({ MetricName }: MetricId, { from, to }: TimeRange) =>
    seriesFrom(samplesOf(MetricName).filter(({ at }) => at >= from && at < to));
}

describe("[CARD-05] whatever the definition and the gaps", () => {
  test("all evaluations at once, one after the other, and by hand come to the same states", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { definition, samplesOf, range, step } = sceneOf(given);
        const { initial } = given;
        const seriesOf = ({ MetricName }: MetricId) => seriesFrom(samplesOf(MetricName));
        const { transitions, final } = metricTransitions({ definition, seriesOf, range, initial });
        let state = initial;
        const expected: { at: number; from: AlarmState; to: AlarmState; reason: string }[] = [];
        for (let at = (Math.floor(range.from / step) + 1) * step; at <= range.to; at += step) {
          const one = evaluateAlarm({ definition, at, previous: state, seriesOf: served(samplesOf) });
          expect(one.state).toBe(byHand(definition, samplesOf, at)(state));
          if (one.state !== state) expected.push({ at, from: state, to: one.state, reason: one.reason });
          state = one.state;
        }
        expect(final).toBe(state);
        expect(transitions).toEqual(
          expected.map((transition) => ({ ...transition, alarm: definition.AlarmName })),
        );
      }),
      { numRuns: 100 },
    );
  });

  test("samples that no evaluation looks at change nothing", () => {
    fc.assert(
      fc.property(scene, samples, (given, others) => {
        const { definition, samplesOf, range } = sceneOf(given);
        const reach = (definition.EvaluationPeriods + 2) * periodOf(definition) * 1_000;
        const outside = others.filter(({ at }) => at >= range.to || at < range.from - reach);
        const far = [...outside, { at: NOON - 1e9, value: 1e300 }, { at: range.to, value: -1e300 }];
        const result = (more: Samples) =>
          metricTransitions({
            definition,
            seriesOf: ({ MetricName }) => seriesFrom([...samplesOf(MetricName), ...more]),
            range,
          });
        expect(result(far)).toEqual(result([]));
      }),
      { numRuns: 60 },
    );
  });

  test("alarms that share their columns do what they do by themselves", () => {
    const scenes = fc.array(scene, { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(scenes, (all) => {
        const { samplesOf, range } = sceneOf(all[0] as (typeof all)[number]);
        const seriesOf = ({ MetricName }: MetricId) => seriesFrom(samplesOf(MetricName));
        const columns = createColumns(seriesOf);
        for (const given of [...all, ...all]) {
          const { definition } = sceneOf(given);
          const input = { definition, seriesOf, range };
          expect(metricTransitions({ ...input, columns })).toEqual(metricTransitions(input));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("an alarm of several days is evaluated on the hour, by the same rules", () => {
    const days = fc.array(
      fc.record({ hour: fc.integer({ min: -200, max: 60 }), value: fc.constantFrom(0, 1) }),
      {
        maxLength: 30,
      },
    );
    const period = fc.constantFrom(86_400, 90_000, 259_200);
    fc.assert(
      fc.property(days, period, fc.integer({ min: 2, max: 3 }), (all, Period, n) => {
        const definition = { ...base, Period, EvaluationPeriods: n, Threshold: 0.5, DatapointsToAlarm: 1 };
        const given = all.map(({ hour, value }) => ({ at: NOON + (hour + 0.25) * 3_600_000, value }));
        const range = { from: NOON + 1, to: NOON + 40 * 3_600_000 };
        const { transitions, final } = metricTransitions({
          definition,
          seriesOf: () => seriesFrom(given),
          range,
        });
        let state: AlarmState = "INSUFFICIENT_DATA";
        const moments: number[] = [];
        for (let at = NOON + 3_600_000; at <= range.to; at += 3_600_000) {
          const to = byHand(definition, () => given, at)(state);
          if (to !== state) moments.push(at);
          state = to;
        }
        expect(transitions.map(({ at }) => at)).toEqual(moments);
        expect(final).toBe(state);
      }),
      { numRuns: 60 },
    );
  });
});
