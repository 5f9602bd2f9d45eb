import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import * as pulumi from "@pulumi/pulumi";
import type { CronJobPlan } from "../plan/types.ts";
import { cronJobSpec } from "./cron-job-spec.ts";
import { probePod } from "./probe-pod.ts";

/** A run that is this late is left out: the next one is near. */
const LATE_SECONDS = 30;

export interface ClusterProbeArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Name, image, rhythm, deadlines, network, secrets and roster of the job. */
  readonly plan: CronJobPlan;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * The probe inside the cluster as a CronJob, a pod a minute, with its roster. It gets no rights on the cluster's API.
 */
export class ClusterProbe extends pulumi.ComponentResource {
  /** Name of the CronJob. */
  readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: ClusterProbeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:ClusterProbe", name, {}, opts);
    const { plan } = args;
    const env = [{ name: "ROLLCALL_DEADLINE", value: String(plan.runSeconds) }];
    const { metadata, spec } = probePod(
      name,
      { ...args, program: "cronjob.mjs", container: { name: "probe", env } },
      this,
    );
    const { labels } = metadata;
    const pod = { ...spec, terminationGracePeriodSeconds: plan.graceSeconds };
    const deadlines = { activeDeadlineSeconds: plan.jobSeconds, startingDeadlineSeconds: LATE_SECONDS };
    const job = new CronJob(
      `${name}-cronjob`,
      {
        metadata,
        spec: cronJobSpec({ ...plan, ...deadlines, labels, retries: 0, pod }),
      },
      { parent: this },
    );

    this.cronJobName = job.metadata.name;
    this.registerOutputs({ cronJobName: this.cronJobName });
  }
}
