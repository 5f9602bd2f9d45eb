import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { Role } from "@pulumi/kubernetes/rbac/v1/role.js";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1/roleBinding.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterBackupPlan } from "../plan/backup-types.ts";
import { takeClusterBackups } from "./backup-policies.ts";
import { ClusterRole, ROLE_ANNOTATION } from "./cluster-role.ts";
import { cronJobSpec } from "./cron-job-spec.ts";
import { labelsOf } from "./labels.ts";
import { networkPolicySpec } from "./network-policies.ts";
import { CONTAINER_SECURITY, POD_SECURITY, PULL_POLICY, SCRATCH } from "./pod-security.ts";
import { shortHash } from "./short-hash.ts";

const JOB = { volume: "job", folder: "/etc/rollcall", file: "job.json" } as const;
/** The bundle of the image that is run (cloud/bundle.ts). */
const PROGRAM = "backup-cluster.mjs";
/** A run takes seconds; one that hangs is ended, and one that is this late is left to the next night. */
const DEADLINES = { activeDeadlineSeconds: 600, startingDeadlineSeconds: 3_600 } as const;
const RETRIES = 2;

export interface ClusterBackupArgs {
  /** Name of the environment. */
  readonly environment: string;
  readonly plan: ClusterBackupPlan;
  /** The namespace that the job runs in. */
  readonly namespace: pulumi.Input<string>;
  /** The namespaces whose ConfigMaps are saved, by their names in the plan. */
  readonly namespaces: Readonly<Record<string, pulumi.Input<string>>>;
  readonly bucket: pulumi.Input<string>;
  readonly bucketArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
}

/**
 * Saves the live ConfigMaps of an environment's namespaces beside its backups, once a day. In the cluster its account
 * may read the ConfigMaps of these namespaces and nothing else; in AWS it may add objects below one beginning.
 */
export class ClusterBackup extends pulumi.ComponentResource {
  /** Name of the CronJob. */
  readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: ClusterBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:ClusterBackup", name, {}, opts);
    const { environment, plan, namespace, bucketArn, keyArn, region, accountId } = args;
    const labels = labelsOf({ app: plan.name, environment, component: "backup" });
    const metadata = { name: plan.name, namespace, labels };
    const child = { parent: this };
    const { arn } = new ClusterRole(
      `${name}-role`,
      {
        issuer: plan.issuer,
        region,
        accountId,
        namespace,
        serviceAccount: plan.name,
        policy: takeClusterBackups({ bucketArn, keyArn, region, prefix: plan.job.prefix }),
      },
      child,
    );
    const account = new ServiceAccount(
      `${name}-account`,
      {
        metadata: { ...metadata, annotations: { [ROLE_ANNOTATION]: arn } },
        automountServiceAccountToken: false,
      },
      child,
    );
    for (const place of plan.job.namespaces) this.#readConfigMaps(`${name}-${place}`, place, args);
    new NetworkPolicy(
      `${name}-network`,
      { metadata, spec: networkPolicySpec({ app: plan.name }, plan.network) },
      child,
    );
    const job = JSON.stringify(plan.job);
    // named by its content: a new job is a new map, so that a running pod keeps the one it started with
    const map = new ConfigMap(
      `${name}-job`,
      {
        metadata: { ...metadata, name: `${plan.name}-${shortHash(job)}` },
        immutable: true,
        data: { [JOB.file]: job },
      },
      child,
    );
    const pod = {
      serviceAccountName: account.metadata.name,
      // with the log follower one of the two that ask the API server
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      securityContext: POD_SECURITY,
      containers: [container(args)],
      volumes: [SCRATCH.volume, { name: JOB.volume, configMap: { name: map.metadata.name } }],
    };
    const made = new CronJob(
      `${name}-cronjob`,
      {
        metadata,
        spec: cronJobSpec({ ...plan, ...DEADLINES, labels, retries: RETRIES, pod }),
      },
      child,
    );
    this.cronJobName = made.metadata.name;
    this.registerOutputs({ cronJobName: this.cronJobName });
  }

  /** The account of the job may read the ConfigMaps of one namespace. */
  #readConfigMaps(name: string, place: string, args: ClusterBackupArgs): void {
    const { environment, plan, namespace } = args;
    const labels = labelsOf({ app: plan.name, environment, component: "backup" });
    const metadata = { name: plan.name, namespace: args.namespaces[place] ?? place, labels };
    const role = new Role(
      `${name}-reader`,
      { metadata, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }] },
      { parent: this },
    );
    new RoleBinding(
      `${name}-reading`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: plan.name, namespace }],
      },
      { parent: this },
    );
  }
}

function container({ plan, bucket, region }: ClusterBackupArgs): core.v1.Container {
  return {
    name: "backup",
    image: plan.image,
    imagePullPolicy: PULL_POLICY,
    args: [PROGRAM, `${JOB.folder}/${JOB.file}`],
    env: [
      SCRATCH.env,
      { name: "AWS_REGION", value: region },
      { name: "ROLLCALL_BACKUP_BUCKET", value: bucket },
    ],
    resources: {
      requests: { cpu: "50m", memory: "128Mi", ...SCRATCH.requests },
      limits: { memory: "256Mi", ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [SCRATCH.mount, { name: JOB.volume, mountPath: JOB.folder, readOnly: true }],
  };
}
