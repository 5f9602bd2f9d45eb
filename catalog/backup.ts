import { z } from "zod";
import { clock, WEEKDAYS } from "./maintenance.ts";
import { positiveDuration } from "./units.ts";
import { timeZone } from "./zone.ts";

const DAY_MS = 86_400_000;
/** The drill runs once a week, so a promise of a week or less would be broken each time that one is a minute late. */
const DRILL_EVERY_DAYS = 7;
/** A threshold beyond this says nothing about backups that are kept for about a month. */
const MAX_VERIFIED_DAYS = 90;

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region, such as eu-central-1");
const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket, such as example-backups");
const keyArn = z
  .string()
  .regex(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/, "must be the ARN of a KMS key");
const roleArn = z
  .string()
  .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, "must be the ARN of one role, without wildcards");

/** How an environment of the cloud is backed up, and how often somebody proves that a backup can be read. */
export const backup = z
  .strictObject({
    at: clock.default("02:00").describe("when the daily backup begins, local to the zone"),
    zone: timeZone.default("UTC").describe("time zone of its times, such as Europe/Berlin"),
    drill: z
      .strictObject({
        on: z.enum(WEEKDAYS).default("sun"),
        at: clock.default("03:00"),
      })
      .prefault({})
      .describe("when the latest backup is restored into a scratch place and compared, once a week"),
    verifiedWithin: positiveDuration
      .refine(
        (ms) => ms > DRILL_EVERY_DAYS * DAY_MS,
        `must be longer than ${DRILL_EVERY_DAYS}d, which lie between two drills`,
      )
      .refine((ms) => ms <= MAX_VERIFIED_DAYS * DAY_MS, `must not be longer than ${MAX_VERIFIED_DAYS}d`)
      .prefault("8d")
      .describe("age of the last verified restore from which on somebody is told"),
    lock: z
      .enum(["governance", "compliance"])
      .default("governance")
      .describe("how objects are locked while they are kept; nobody at all can end a compliance lock early"),
    administrators: z
      .array(roleArn)
      .default([])
      .describe("roles that may change the bucket's lock, lifecycle and encryption, or delete from it"),
    replicateTo: z
      .strictObject({
        region,
        bucket: bucket.optional().describe("a bucket that exists there; one is made when left out"),
        key: keyArn.optional().describe("the key that the existing bucket encrypts with"),
      })
      .refine((to) => (to.bucket === undefined) === (to.key === undefined), {
        message: "needs bucket and key together, or neither",
      })
      .optional()
      .describe("where a second copy of each backup lies"),
    stateBucket: z
      .strictObject({
        bucket,
        prefix: z
          .string()
          .regex(/^(?!\/)[\w!.*'()/-]*$/, "must be the beginning of a key, such as team/")
          .default("")
          .describe("what stands before .pulumi/ in the address of the backend"),
        key: keyArn
          .optional()
          .describe("the key that the bucket encrypts with, where it is a key of one's own"),
      })
      .optional()
      .describe("the S3 backend that holds Pulumi's state; the backup has no stack export when left out"),
  })
  .describe("the daily backup and the weekly restore drill");

export type BackupSettings = z.infer<typeof backup>;
