import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { StatusClusterPlan, StatusSite } from "../plan/status.ts";
import { labelsOf } from "./labels.ts";
import { networkPolicySpec } from "./network-policies.ts";
import { CONTAINER_SECURITY, POD_SECURITY, PULL_POLICY, SCRATCH } from "./pod-security.ts";
import { disruptionSpec, ONE_BY_ONE, originOf, serviceSpec } from "./served-specs.ts";
import { DRAIN, spread } from "./server-pod.ts";
import { shortHash } from "./short-hash.ts";

const PORT_NAME = "http";
const SITE = { volume: "site", folder: "/etc/rollcall", file: "site.json" } as const;

export interface ClusterStatusArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Name, image, port, replicas and network, and where the exporter shows its results. */
  readonly plan: StatusClusterPlan;
  /** What it shows besides what it reads. */
  readonly site: StatusSite;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * The status API of an environment within the cluster: replicas that read what the exporter has found, and a Service
 * that nothing outside of the cluster reaches. It has no rights on the cluster's API, nor in AWS.
 */
export class ClusterStatus extends pulumi.ComponentResource {
  /** Address inside the cluster, without a path. */
  readonly origin: pulumi.Output<string>;

  constructor(name: string, args: ClusterStatusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:ClusterStatus", name, {}, opts);
    const { environment, plan, namespace } = args;
    const labels = labelsOf({ app: plan.name, environment, component: "status" });
    const selector = { app: plan.name };
    const metadata = { name: plan.name, namespace, labels };
    const child = { parent: this };

    new NetworkPolicy(
      `${name}-network`,
      { metadata, spec: networkPolicySpec(selector, plan.network) },
      child,
    );
    const account = new ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const site = JSON.stringify(args.site);
    // named by its content: a new catalog is a new map, so that a running pod keeps the one it started with
    const map = new ConfigMap(
      `${name}-site`,
      {
        metadata: { ...metadata, name: `${plan.name}-${shortHash(site)}` },
        immutable: true,
        data: { [SITE.file]: site },
      },
      child,
    );
    new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          replicas: plan.replicas,
          selector: { matchLabels: selector },
          strategy: ONE_BY_ONE,
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: account.metadata.name,
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              securityContext: POD_SECURITY,
              ...spread(selector),
              containers: [containerOf(plan)],
              volumes: [SCRATCH.volume, { name: SITE.volume, configMap: { name: map.metadata.name } }],
            },
          },
        },
      },
      child,
    );
    new PodDisruptionBudget(`${name}-disruption`, { metadata, spec: disruptionSpec(selector) }, child);
    const service = new Service(
      `${name}-service`,
      { metadata, spec: serviceSpec(selector, { name: PORT_NAME, port: plan.port }) },
      child,
    );

    this.origin = originOf(service.metadata.name, namespace, plan.port);
    this.registerOutputs({ origin: this.origin });
  }
}

/** Ready as long as the process works: without the exporter it has to go on to say that servers are unknown. */
function containerOf({ image, port, results }: StatusClusterPlan): core.v1.Container {
  const asks = { httpGet: { path: "/livez", port: PORT_NAME }, timeoutSeconds: 5 };
  return {
    name: "status",
    image,
    imagePullPolicy: PULL_POLICY,
    args: ["status.mjs"],
    env: [
      SCRATCH.env,
      { name: "ROLLCALL_LISTEN", value: `0.0.0.0:${port}` },
      { name: "ROLLCALL_RESULTS_PAGE", value: results },
      { name: "ROLLCALL_SITE", value: `${SITE.folder}/${SITE.file}` },
    ],
    ports: [{ name: PORT_NAME, containerPort: port, protocol: "TCP" }],
    startupProbe: { ...asks, periodSeconds: 2, failureThreshold: 30 },
    // the same page, as an open port would still take connections when the process answers none
    livenessProbe: { ...asks, periodSeconds: 20, failureThreshold: 3 },
    readinessProbe: { ...asks, periodSeconds: 10, failureThreshold: 2 },
    lifecycle: DRAIN,
    resources: {
      requests: { cpu: "20m", memory: "96Mi", ...SCRATCH.requests },
      limits: { memory: "192Mi", ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [SCRATCH.mount, { name: SITE.volume, mountPath: SITE.folder, readOnly: true }],
  };
}
