import { z } from "zod";

/** Milliseconds in one of each duration unit. */
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, KB: 1e3, MB: 1e6, GB: 1e9 } as const;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const PERCENT = /^(\d{1,3})(?:\.(\d{1,4}))?%$/;
const FLOOR = /^(\d+) of (\d+)$/;
const QUANTITY = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d|B|KiB|MiB|GiB|KB|MB|GB|%|\/min|IOPS)$/;

/** One million: a ratio of the catalog is an integer number of millionths, so that no objective is a float. */
export const PPM = 1_000_000;

/** A duration with its unit, such as `60s` or `30d`; parsed to milliseconds. */
export const duration = z
  .string()
  .regex(DURATION, "must be a duration with its unit, such as 500ms, 60s, 5m, 1h or 30d")
  .describe("duration, such as 60s")
  .transform((text) => {
    const [, number, unit] = DURATION.exec(text) ?? [];
    return Math.round(Number(number) * MS[unit as keyof typeof MS]);
  });

/** A duration that is longer than nothing. */
export const positiveDuration = duration.refine((ms) => ms > 0, "must be longer than 0, such as 60s");

/** A whole number of days, such as `30d`; parsed to days. */
export const days = z
  .string()
  .regex(/^\d+d$/, "must be a number of days, such as 30d")
  .describe("days, such as 30d")
  .transform((text) => Number.parseInt(text, 10));

const USD_PER_MONTH = /^(\d+(?:\.\d{1,2})?) USD\/month$/;

/** An amount of money a month, such as `120 USD/month`; parsed to US dollars. */
export const usdPerMonth = z
  .string()
  .regex(USD_PER_MONTH, "must be an amount with its unit, such as 120 USD/month")
  .describe("amount, such as 120 USD/month")
  .transform((text) => Number(USD_PER_MONTH.exec(text)?.[1]));

/** A percentage of at most four decimals, such as `99.95%`; parsed to exact millionths (999500). */
export const percent = z
  .string()
  .regex(PERCENT, "must be a percentage of at most four decimals, such as 99.9%")
  .describe("percentage, such as 99.95%")
  .transform((text) => {
    const [, whole, fraction] = PERCENT.exec(text) ?? [];
    return Number(whole) * 10_000 + Number((fraction ?? "").padEnd(4, "0"));
  })
  .refine((ppm) => ppm <= PPM, "must not be more than 100%");

/** How many of the last points must fail before an alarm may act, such as `2 of 5`. */
export const floor = z
  .string()
  .regex(FLOOR, "must be written as `M of N`, such as 2 of 5")
  .transform((text) => {
    const [, m, n] = FLOOR.exec(text) ?? [];
    return { m: Number(m), n: Number(n) };
  })
  .refine(({ m, n }) => m >= 1 && m <= n && n <= 60, "needs 1 <= M <= N <= 60");

export type Floor = z.infer<typeof floor>;

/** A threshold in the unit of its metric: milliseconds, bytes, percent, events a minute or IO a second. */
export interface Quantity {
  readonly text: string;
  readonly value: number;
  readonly dimension: "time" | "size" | "percent" | "rate" | "iops";
}

/** A number with its unit, such as `1.5GiB`, `200ms`, `90%`, `50/min` or `1000 IOPS`. */
export const quantity = z
  .string()
  .regex(QUANTITY, "must be a number with its unit: ms, s, MiB, GB, %, /min or IOPS")
  .describe("number with its unit, such as 200ms, 1.5GiB, 90% or 50/min")
  .transform(parseQuantity);

function parseQuantity(text: string): Quantity {
  const [, number, unit] = QUANTITY.exec(text) ?? [];
  const amount = Number(number);
  if (unit === "%") return { text, value: amount, dimension: "percent" };
  if (unit === "/min") return { text, value: amount, dimension: "rate" };
  if (unit === "IOPS") return { text, value: amount, dimension: "iops" };
  if (unit !== undefined && unit in MS) {
    return { text, value: amount * MS[unit as keyof typeof MS], dimension: "time" };
  }
  return { text, value: amount * BYTES[unit as keyof typeof BYTES], dimension: "size" };
}

/** Milliseconds as the shortest exact text with one unit: `60s`, `5m`, `1h`, `3d`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms % MS[unit] === 0) return `${ms / MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** Millionths as a percentage without a float's tail: 999500 -> `99.95%`. */
export function formatPercent(ppm: number): string {
  const whole = Math.floor(ppm / 10_000);
  const fraction = String(ppm % 10_000)
    .padStart(4, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${whole}%` : `${whole}.${fraction}%`;
}
