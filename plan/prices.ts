/** What AWS asks for one of something, in US dollars. */
export interface Price {
  readonly service: string;
  /** What one is, in the plural. */
  readonly unit: string;
  /** Tiers: so many at each price, the last one without an end. A price without tiers has one. */
  readonly tiers: readonly (readonly [upTo: number, usd: number])[];
}

/**
 * The day on which the prices below were read off the price list of the region. An environment in another region pays
 * what that one asks; the output names both.
 */
export const PRICED = { on: "2026-11-21", region: "us-east-1" } as const;

const flat = (service: string, unit: string, usd: number): Price => ({
  service,
  unit,
  tiers: [[Number.POSITIVE_INFINITY, usd]],
});

/** List prices without any free tier. A metric-math alarm is billed for each metric that it reads. */
export const PRICES = {
  alarmMetric: flat("CloudWatch", "metrics read by alarms", 0.1),
  fastAlarmMetric: flat("CloudWatch", "metrics read by alarms under a minute", 0.3),
  composite: flat("CloudWatch", "composite alarms", 0.5),
  metric: {
    service: "CloudWatch",
    unit: "custom metrics",
    tiers: [
      [10_000, 0.3],
      [250_000, 0.1],
      [1_000_000, 0.05],
      [Number.POSITIVE_INFINITY, 0.02],
    ],
  },
  dashboard: flat("CloudWatch", "dashboards", 3),
  logsIn: flat("CloudWatch Logs", "GB of log lines written", 0.5),
  logsKept: flat("CloudWatch Logs", "GB-months of log lines kept", 0.03),
  lambdaRequest: flat("Lambda", "runs", 0.2e-6),
  lambdaTime: flat("Lambda", "GB-seconds on arm64", 13.3334e-6),
  schedule: flat("EventBridge Scheduler", "starts", 1e-6),
  dynamoWrite: flat("DynamoDB", "write units", 0.625e-6),
  dynamoRead: flat("DynamoDB", "read units", 0.125e-6),
  key: flat("KMS", "keys", 1),
  keyRequest: flat("KMS", "requests", 3e-6),
  transition: flat("Step Functions", "state transitions", 25e-6),
  stored: flat("S3", "GB-months of backups kept", 0.023),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;

/** What so many cost a month, tier by tier, in US dollars. */
export function priceOf(name: PriceName, quantity: number): number {
  let [left, below, usd] = [quantity, 0, 0];
  for (const [upTo, price] of PRICES[name].tiers) {
    const here = Math.min(left, upTo - below);
    usd += here * price;
    left -= here;
    below = upTo;
  }
  return usd;
}
