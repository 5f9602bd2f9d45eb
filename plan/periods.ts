/** Longest evaluation range of an alarm whose period is under an hour, and of any other (PutMetricAlarm). */
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;
const WEEK_SECONDS = 604_800;
const HIGH_RESOLUTION = [10, 20, 30];

/** The shortest period that CloudWatch accepts and that is not shorter than asked: 10, 20, 30 or n x 60 s. */
export function legalPeriod(seconds: number): number {
  return HIGH_RESOLUTION.find((period) => period >= seconds) ?? Math.ceil(seconds / 60) * 60;
}

/** Why CloudWatch would refuse a period and a number of them; undefined when it would not. */
export function illegalRange(period: number, evaluationPeriods: number): string | undefined {
  if (!HIGH_RESOLUTION.includes(period) && (period <= 0 || period % 60 !== 0)) {
    return `Period ${period} is none of 10, 20, 30 and the multiples of 60`;
  }
  const limit = period < HOUR_SECONDS ? DAY_SECONDS : WEEK_SECONDS;
  if (period * evaluationPeriods > limit) {
    return `Period x EvaluationPeriods is ${period * evaluationPeriods} s, more than the ${limit} s that CloudWatch evaluates`;
  }
  return undefined;
}
