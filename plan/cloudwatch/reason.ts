import { breaches, type Rule } from "./judge.ts";
import type { AlarmState } from "./types.ts";

/** CloudWatch's limit on StateReason, in characters. */
const LONGEST = 1_023;
/** As many datapoints are printed as leave room for the rest of the sentence. */
const LISTED = 10;

interface Point {
  readonly value: number;
  /** Milliseconds since the epoch: the start of its period. */
  readonly at: number;
}

/**
 * Why an alarm is in a state, in CloudWatch's words: of its evaluation range the datapoints that say so, newest first,
 * each with the UTC time at which its period begins.
 */
export function reasonFor(input: {
  readonly rule: Rule;
  readonly state: AlarmState;
  /** The evaluation range or its newest part, oldest first, NaN where one is missing. */
  readonly points: readonly number[] | Float64Array;
  /** The moment of the evaluation in milliseconds since the epoch, and the period in seconds. */
  readonly mark: number;
  readonly period: number;
}): string {
  const { rule, state, points, mark, period } = input;
  const { evaluationPeriods: n } = rule;
  const found: Point[] = [];
  for (let age = 1; age <= points.length && found.length < n; age += 1) {
    const value = points[points.length - age] ?? Number.NaN;
    if (!Number.isNaN(value)) found.push({ value, at: mark - age * period * 1_000 });
  }
  return sentence(rule, state, found).slice(0, LONGEST);
}

function sentence(rule: Rule, state: AlarmState, found: readonly Point[]): string {
  const { evaluationPeriods: n, datapointsToAlarm: m, treat } = rule;
  const missing = n - found.length;
  const isFilled = treat === "breaching" || treat === "notBreaching";
  const filled = isFilled
    ? `${countOf(missing, "missing datapoint")} treated as [${treat === "breaching" ? "Breaching" : "NonBreaching"}]`
    : `${countOf(missing, "datapoint")} unknown`;
  if (found.length === 0) {
    return isFilled
      ? `Threshold Crossed: no datapoints were received for ${n} ${n === 1 ? "period" : "periods"} and ${filled}.`
      : `Insufficient Data: ${filled}${treat === "ignore" ? " and the state is kept" : ""}.`;
  }
  const inAlarm = state === "ALARM";
  const telling = found.filter(({ value }) => breaches(rule, value) === inAlarm);
  const least = inAlarm ? m : n - m + 1;
  const change = inAlarm ? "OK -> ALARM" : "ALARM -> OK";
  const were = telling.length === 1 ? "was" : "were";
  return [
    `Threshold Crossed: ${telling.length} out of the last ${n} datapoints${listOf(telling)}`,
    `${were} ${inAlarm ? "" : "not "}${WORDS[rule.comparison]} the threshold (${numberOf(rule.threshold)})`,
    ...(missing === 0 ? [] : [`and ${filled}`]),
    `(minimum ${least} ${least === 1 ? "datapoint" : "datapoints"} for ${change} transition).`,
  ].join(" ");
}

const WORDS = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
} as const;

function listOf(points: readonly Point[]): string {
  if (points.length === 0) return "";
  const shown = points.slice(0, LISTED).map(({ value, at }) => `${numberOf(value)} (${dateOf(at)})`);
  return ` [${[...shown, ...(points.length > LISTED ? ["..."] : [])].join(", ")}]`;
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what} was` : `${count} ${what}s were`;
}

function numberOf(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? value.toFixed(1) : String(value);
}

/** 21/11/26 10:00:00 */
function dateOf(at: number): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(-2)} ${time.slice(0, 8)}`;
}
