import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { Role } from "@pulumi/kubernetes/rbac/v1/role.js";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1/roleBinding.js";
import * as pulumi from "@pulumi/pulumi";
import type { LogShippingPlan } from "../plan/logs.ts";
import { ClusterRole, ROLE_ANNOTATION } from "./cluster-role.ts";
import { labelsOf } from "./labels.ts";
import { CONFIG, FLUENT_BIT_PORT_NAME, FOLLOWER_PORT_NAME, logShippingPod } from "./log-shipping-pod.ts";
import { FOLLOWER_RULES, shipLogs } from "./log-shipping-policies.ts";
import { networkPolicySpec } from "./network-policies.ts";
import { shortHash } from "./short-hash.ts";

export interface LogShippingArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** What is followed, with which images and settings. */
  readonly plan: LogShippingPlan;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
  /** The namespaces whose pods it reads, in the order of the plan. */
  readonly namespaces: readonly pulumi.Input<string>[];
  /** ARNs of the log groups that it writes to. */
  readonly logGroupArns: readonly pulumi.Input<string>[];
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
}

/**
 * Brings what the environment's pods write to CloudWatch Logs: one pod with a follower, which reads lines from the
 * cluster's API, and Fluent Bit, which keeps and sends them. Neither sees a file of a node. The follower may read pods
 * and their lines in the named namespaces; Fluent Bit may write to the named log groups; and neither more.
 */
export class LogShipping extends pulumi.ComponentResource {
  /** Name of the Deployment. */
  readonly deploymentName: pulumi.Output<string>;
  /** ARN of Fluent Bit's role. */
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: LogShippingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:LogShipping", name, {}, opts);
    const { environment, plan, namespace, region, accountId } = args;
    const labels = labelsOf({ app: plan.name, environment, component: "logs" });
    const metadata = { name: plan.name, namespace, labels };
    const selector = { app: plan.name };
    const child = { parent: this };

    this.roleArn = new ClusterRole(
      `${name}-writer`,
      {
        issuer: plan.issuer,
        region,
        accountId,
        namespace,
        serviceAccount: plan.name,
        policy: shipLogs(args.logGroupArns),
      },
      child,
    ).arn;
    const account = new ServiceAccount(
      `${name}-account`,
      {
        metadata: { ...metadata, annotations: { [ROLE_ANNOTATION]: this.roleArn } },
        automountServiceAccountToken: false,
      },
      child,
    );
    const rights = args.namespaces.map((place, index) => {
      const within = { name: plan.name, namespace: place, labels };
      const suffix = plan.namespaces[index] ?? String(index);
      const role = new Role(`${name}-reader-${suffix}`, { metadata: within, rules: FOLLOWER_RULES }, child);
      return new RoleBinding(
        `${name}-binding-${suffix}`,
        {
          metadata: within,
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
          subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
        },
        child,
      );
    });
    new NetworkPolicy(
      `${name}-network`,
      { metadata, spec: networkPolicySpec(selector, plan.network) },
      child,
    );
    const data = { [CONFIG.follow]: JSON.stringify(plan.follower), [CONFIG.fluentBit]: plan.fluentBit };
    // named by its content: what changes is read by new pods, and a pod that runs keeps what it started with
    const config = new ConfigMap(
      `${name}-config`,
      {
        metadata: { ...metadata, name: `${plan.name}-${shortHash(JSON.stringify(data))}` },
        immutable: true,
        data,
      },
      child,
    );
    const deployment = new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          // one: a second would ship every line twice
          replicas: 1,
          revisionHistoryLimit: 2,
          selector: { matchLabels: selector },
          strategy: { type: "Recreate" },
          template: logShippingPod({
            plan,
            labels,
            account: account.metadata.name,
            config: config.metadata.name,
          }),
        },
      },
      { ...child, dependsOn: rights },
    );
    if (plan.monitor !== null) podMonitor(`${name}-monitor`, { plan, metadata, selector }, child);

    this.deploymentName = deployment.metadata.name;
    this.registerOutputs({ deploymentName: this.deploymentName, roleArn: this.roleArn });
  }
}

/** The pages of both containers for the Prometheus operator. */
function podMonitor(
  name: string,
  args: {
    readonly plan: LogShippingPlan;
    readonly metadata: {
      readonly name: string;
      readonly namespace: pulumi.Input<string>;
      readonly labels: Record<string, string>;
    };
    readonly selector: Record<string, string>;
  },
  opts: pulumi.CustomResourceOptions,
): void {
  const { plan, metadata, selector } = args;
  new CustomResource(
    name,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { ...metadata, labels: { ...metadata.labels, ...plan.monitor?.labels } },
      spec: {
        selector: { matchLabels: selector },
        podMetricsEndpoints: [
          { port: FOLLOWER_PORT_NAME, path: "/metrics", interval: "30s" },
          { port: FLUENT_BIT_PORT_NAME, path: "/api/v2/metrics/prometheus", interval: "30s" },
        ],
      },
    },
    opts,
  );
}
