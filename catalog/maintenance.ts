import { z } from "zod";
import { distinctItems, name } from "./names.ts";
import { positiveDuration } from "./units.ts";
import { timeZone } from "./zone.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const DAY_MS = 86_400_000;
/** Longest mute that CloudWatch takes (Duration of PutAlarmMuteRule), in days. */
const MAX_DAYS = 15;

/** A time of day. */
export const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, such as 22:00");
const day = z.iso.date("must be a day, such as 2027-01-31");
const moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/, "must be a local time, such as 2026-12-05T22:00")
  .refine((text) => !Number.isNaN(Date.parse(`${text}Z`)), "must be a day that there is");

/**
 * A time in which somebody works on servers: their alarms tell nobody, their budgets are not charged, and the status
 * says so. It ends by itself: a single one after its length, a weekly one also on a day that must be given.
 */
export const maintenance = z
  .strictObject({
    servers: z
      .union([z.literal("all"), z.array(name).min(1).refine(distinctItems, "must not name anything twice")])
      .default("all")
      .describe("all, or the names of the servers that are worked on"),
    reason: z.string().min(1).max(200).describe("what is done, as the status shows it"),
    at: moment.optional().describe("when a single one begins, local to the zone"),
    weekly: z
      .strictObject({
        on: z.array(z.enum(WEEKDAYS)).min(1).refine(distinctItems, "must not name anything twice"),
        at: clock,
      })
      .optional()
      .describe("when one that comes back begins, local to the zone"),
    zone: timeZone.default("UTC").describe("time zone of its times, such as Europe/Berlin"),
    for: positiveDuration
      .refine((ms) => ms >= 60_000 && ms % 60_000 === 0, "must be whole minutes, such as 2h")
      .refine((ms) => ms <= MAX_DAYS * DAY_MS, `must not be longer than ${MAX_DAYS}d`)
      .describe("how long it lasts"),
    until: day.optional().describe("the last day of one that comes back"),
  })
  .refine(({ at, weekly }) => (at === undefined) !== (weekly === undefined), {
    message: "needs exactly one of at and weekly",
  })
  .refine(({ weekly, until }) => (weekly === undefined) === (until === undefined), {
    message: "needs until where it is weekly, and only there: every maintenance ends",
  })
  .refine(({ weekly, for: length }) => weekly === undefined || length < DAY_MS, {
    message: "lasts a day or longer and comes back each week: write single ones",
  });

export type Maintenance = z.infer<typeof maintenance>;
