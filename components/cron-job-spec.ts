import type { batch, core } from "@pulumi/kubernetes/types/input.js";

export interface CronJobSpecArgs {
  /** Cron expression of five fields. */
  readonly schedule: string;
  /** IANA name of the zone that the schedule is read in. */
  readonly timeZone: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds after which a run is ended. */
  readonly activeDeadlineSeconds: number;
  /** A run that is more seconds late than this is left out. */
  readonly startingDeadlineSeconds: number;
  /** How often a run that failed is begun again. */
  readonly retries: number;
  readonly pod: core.v1.PodSpec;
}

/** A job that runs by the clock, never twice at a time, with one success and three failures left to look at. */
export function cronJobSpec(args: CronJobSpecArgs): batch.v1.CronJobSpec {
  const { schedule, timeZone, labels, activeDeadlineSeconds, startingDeadlineSeconds, retries, pod } = args;
  return {
    schedule,
    timeZone,
    // said, so that one that was suspended by hand shows as a difference
    suspend: false,
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds,
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
    jobTemplate: {
      metadata: { labels },
      spec: {
        backoffLimit: retries,
        activeDeadlineSeconds,
        template: { metadata: { labels }, spec: { ...pod, restartPolicy: "Never" } },
      },
    },
  };
}
