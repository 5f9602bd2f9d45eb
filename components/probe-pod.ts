import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import type { CronJobPlan, ExporterPlan, SecretKeys } from "../plan/types.ts";
import { labelsOf } from "./labels.ts";
import { networkPolicySpec } from "./network-policies.ts";
import { CONTAINER_SECURITY, POD_SECURITY, PULL_POLICY, SCRATCH } from "./pod-security.ts";
import { shortHash } from "./short-hash.ts";

const ROSTER = { volume: "roster", folder: "/etc/rollcall", file: "roster.json" } as const;
/** Where the probe looks for a secret, as `<name>/<key>`. */
const SECRETS = { volume: "secrets", folder: "/var/run/secrets/rollcall" } as const;
/** Read by nobody but root, who owns the files, and the pod's fsGroup, which is how the probe reads them. */
const READ_BY_GROUP = 0o440;

/** What a runner of the probe adds to the pod that all of them have. */
export interface ProbePodArgs {
  readonly environment: string;
  readonly plan: CronJobPlan | ExporterPlan;
  readonly namespace: pulumi.Input<string>;
  /** The bundle of the image that is run (cloud/Dockerfile). */
  readonly program: "cronjob.mjs" | "exporter.mjs";
  /** Added to the container: its name, ports, probes, variables. */
  readonly container: Pick<
    core.v1.Container,
    "ports" | "startupProbe" | "livenessProbe" | "readinessProbe"
  > & { readonly name: string; readonly env?: core.v1.EnvVar[] };
}

/** The pod, and the name, place and labels of the object that makes it. */
export interface ProbePod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Record<string, string>;
  };
  readonly spec: core.v1.PodSpec;
}

/**
 * The pod of a runner, with the account, roster and network that it needs as children of `parent`. It gets no rights
 * on the cluster's API. Of the Secrets that its roster names, in its own namespace, it sees the named keys, as files.
 */
export function probePod(name: string, args: ProbePodArgs, parent: pulumi.Resource): ProbePod {
  const { environment, plan, namespace } = args;
  const labels = labelsOf({ app: plan.name, environment, component: "probe" });
  const metadata = { name: plan.name, namespace, labels };
  const roster = JSON.stringify(plan.roster);
  const child = { parent };

  new NetworkPolicy(
    `${name}-network`,
    { metadata, spec: networkPolicySpec({ app: plan.name }, plan.network) },
    child,
  );
  const account = new ServiceAccount(
    `${name}-account`,
    { metadata, automountServiceAccountToken: false },
    child,
  );
  // named by its content: a new roster is a new map, so that a running pod keeps the one it started with
  const map = new ConfigMap(
    `${name}-roster`,
    {
      metadata: { ...metadata, name: `${plan.name}-${shortHash(roster)}` },
      immutable: true,
      data: { [ROSTER.file]: roster },
    },
    child,
  );
  return {
    metadata,
    spec: {
      serviceAccountName: account.metadata.name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: POD_SECURITY,
      containers: [containerOf(args)],
      volumes: [
        SCRATCH.volume,
        { name: ROSTER.volume, configMap: { name: map.metadata.name } },
        ...secretVolumes(plan.secrets),
      ],
    },
  };
}

function containerOf({ plan, program, container }: ProbePodArgs): core.v1.Container {
  const { image, secrets, nodeOptions, sink } = plan;
  const { env = [], ...rest } = container;
  return {
    ...rest,
    image,
    imagePullPolicy: PULL_POLICY,
    args: [program],
    env: [
      SCRATCH.env,
      { name: "NODE_OPTIONS", value: nodeOptions },
      { name: "ROLLCALL_ROSTER", value: `${ROSTER.folder}/${ROSTER.file}` },
      { name: "ROLLCALL_SINK", value: sink },
      ...env,
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
