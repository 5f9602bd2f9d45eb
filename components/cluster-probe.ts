import { createHash } from "node:crypto";
import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { ProbePlan, SecretKeys } from "../plan/types.ts";
import { labelsOf } from "./labels.ts";
import { CONTAINER_SECURITY, POD_SECURITY, SCRATCH } from "./pod-security.ts";

const ROSTER = { volume: "roster", folder: "/etc/rollcall", file: "roster.json" } as const;
/** Where the probe looks for a secret, as `<name>/<key>`. */
const SECRETS = { volume: "secrets", folder: "/var/run/secrets/rollcall" } as const;
/** Read by nobody but root, who owns the files, and the pod's fsGroup, which is how the probe reads them. */
const READ_BY_GROUP = 0o440;
/** A run ends before the next one starts, and one that is this late is left out. */
const DEADLINES = { activeDeadlineSeconds: 55, startingDeadlineSeconds: 30 } as const;

export interface ClusterProbeArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Name, image, rhythm, secrets and roster of the job. */
  readonly plan: ProbePlan["cronJob"];
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * The probe inside the cluster: a CronJob with its roster. It gets no rights on the cluster's API. Of the
 * Secrets that its roster names, which lie in the job's own namespace, it sees the named keys, as files.
 */
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
                  containers: [container(plan)],
                  volumes: [
                    SCRATCH.volume,
                    { name: ROSTER.volume, configMap: { name: map.metadata.name } },
                    ...secretVolumes(plan.secrets),
                  ],
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

function container({ image, secrets, nodeOptions }: ProbePlan["cronJob"]): core.v1.Container {
  return {
    name: "probe",
    image,
    env: [
      SCRATCH.env,
      { name: "NODE_OPTIONS", value: nodeOptions },
      { name: "ROLLCALL_ROSTER", value: `${ROSTER.folder}/${ROSTER.file}` },
    ],
    resources: {
      requests: { cpu: "50m", memory: "128Mi", ...SCRATCH.requests },
      limits: { memory: "256Mi", ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      SCRATCH.mount,
      { name: ROSTER.volume, mountPath: ROSTER.folder, readOnly: true },
      ...(secrets.length === 0 ? [] : [{ name: SECRETS.volume, mountPath: SECRETS.folder, readOnly: true }]),
    ],
  };
}

/** One volume for all, as a Secret's name may be none for a volume (dots, length); none where none is named. */
function secretVolumes(secrets: readonly SecretKeys[]): core.v1.Volume[] {
  if (secrets.length === 0) return [];
  const sources = secrets.map(({ name, keys }) => ({
    secret: {
      name,
      items: keys.map((key) => ({ key, path: `${name}/${key}` })),
      // one that is missing fails the check of its own server, and must not hold up all others
      optional: true,
    },
  }));
  return [{ name: SECRETS.volume, projected: { defaultMode: READ_BY_GROUP, sources } }];
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
