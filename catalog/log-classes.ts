import { z } from "zod";
import { days } from "./units.ts";

/** Days that CloudWatch Logs accepts for a retention policy (PutRetentionPolicy, service model). */
export const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** A number of days after which CloudWatch Logs deletes lines; every log group has one. */
export type LogRetentionDays = (typeof LOG_RETENTION_DAYS)[number];

/**
 * What a log group is for, which says how long its lines are kept: the probe's results, what servers write, who was
 * told and who acknowledged, what was backed up and restored, the status pages, and what an auditor may ask for.
 */
export const LOG_CLASSES = ["probe", "servers", "escalation", "backup", "status", "audit"] as const;
export type LogClass = (typeof LOG_CLASSES)[number];

/** The classes that the lines of a server can be of. */
export const SERVER_LOG_CLASSES = ["servers", "audit"] as const satisfies readonly LogClass[];
export type ServerLogClass = (typeof SERVER_LOG_CLASSES)[number];

/** Days by class. */
export type LogRetention = Readonly<Record<LogClass, LogRetentionDays>>;

const logDays = days.transform((given, context): LogRetentionDays => {
  const legal = LOG_RETENTION_DAYS.find((one) => one === given);
  if (legal !== undefined) return legal;
  const list = LOG_RETENTION_DAYS.map((one) => `${one}d`).join(", ");
  context.addIssue({ code: "custom", message: `must be a retention that CloudWatch Logs accepts: ${list}` });
  return z.NEVER;
});

/** One number of days for every class, or one for each; a class that is left out has the days that stand here. */
export const logRetention = z
  .union([
    logDays.transform(
      (all): LogRetention => ({
        probe: all,
        servers: all,
        escalation: all,
        backup: all,
        status: all,
        audit: all,
      }),
    ),
    z.strictObject({
      probe: logDays.prefault("30d"),
      servers: logDays.prefault("30d"),
      // incidents and backups are asked after when the month they fell in is over
      escalation: logDays.prefault("90d"),
      backup: logDays.prefault("90d"),
      status: logDays.prefault("30d"),
      audit: logDays.prefault("365d"),
    }),
  ])
  .describe("how long lines are kept, for all log groups or by class");

/** Which class the lines of a server are of. */
export const serverLogs = z
  .enum(SERVER_LOG_CLASSES)
  .default("servers")
  .describe(
    "how long its lines are kept, as a class of retention.logs; audit gives it a log group of its own",
  );
