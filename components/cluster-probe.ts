import { createHash } from "node:crypto";
import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { ProbePlan } from "../plan/types.ts";
import { labelsOf } from "./labels.ts";
import { CONTAINER_SECURITY, POD_SECURITY, SCRATCH } from "./pod-security.ts";

const ROSTER = { volume: "roster", folder: "/etc/rollcall", file: "roster.json" } as const;
/** A run ends before the next one starts, and one that is this late is left out. */
const DEADLINES = { activeDeadlineSeconds: 55, startingDeadlineSeconds: 30 } as const;

export interface ClusterProbeArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Name, image, rhythm and roster of the job. */
  readonly plan: ProbePlan["cronJob"];
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/** The probe inside the cluster: a CronJob with its roster. It gets no rights on the cluster's API. */
export class ClusterProbe extends pulumi.ComponentResource {
  /** Name of the CronJob. */
  readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: ClusterProbeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:ClusterProbe", name, {}, opts);
    const { environment, plan, namespace } = args;
    const labels = labelsOf({ app: plan.name, environment });
    const metadata = { name: plan.name, namespace, labels };
    const roster = JSON.stringify(plan.roster);

    const account = new ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      { parent: this },
    );
    // named by its content: a new roster is a new map, so that a running job keeps the one it started with
    const map = new ConfigMap(
      `${name}-roster`,
      {
        metadata: { ...metadata, name: `${plan.name}-${shortHash(roster)}` },
        immutable: true,
        data: { [ROSTER.file]: roster },
      },
      { parent: this },
    );
    const job = new CronJob(
      `${name}-cronjob`,
      {
        metadata,
        spec: {
          schedule: plan.schedule,
          concurrencyPolicy: "Forbid",
          startingDeadlineSeconds: DEADLINES.startingDeadlineSeconds,
          successfulJobsHistoryLimit: 1,
          failedJobsHistoryLimit: 3,
          jobTemplate: {
            metadata: { labels },
            spec: {
              backoffLimit: 0,
              activeDeadlineSeconds: DEADLINES.activeDeadlineSeconds,
              template: {
                metadata: { labels },
                spec: {
                  serviceAccountName: account.metadata.name,
                  automountServiceAccountToken: false,
                  enableServiceLinks: false,
                  restartPolicy: "Never",
                  securityContext: POD_SECURITY,
                  containers: [container(plan.image)],
                  volumes: [SCRATCH.volume, { name: ROSTER.volume, configMap: { name: map.metadata.name } }],
                },
              },
            },
          },
        },
      },
      { parent: this },
    );

    this.cronJobName = job.metadata.name;
    this.registerOutputs({ cronJobName: this.cronJobName });
  }
}

function container(image: string): core.v1.Container {
  return {
    name: "probe",
    image,
    env: [SCRATCH.env, { name: "ROLLCALL_ROSTER", value: `${ROSTER.folder}/${ROSTER.file}` }],
    resources: {
      requests: { cpu: "50m", memory: "128Mi", ...SCRATCH.requests },
      limits: { memory: "256Mi", ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [SCRATCH.mount, { name: ROSTER.volume, mountPath: ROSTER.folder, readOnly: true }],
  };
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
