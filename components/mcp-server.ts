import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import * as pulumi from "@pulumi/pulumi";
import type { WorkloadPlan } from "../plan/types.ts";
import { labelsOf } from "./labels.ts";
import { networkPolicySpec } from "./network-policies.ts";
import { disruptionSpec, ONE_BY_ONE, originOf, servicePorts, serviceSpec } from "./served-specs.ts";
import { PORT_NAME, serverPod } from "./server-pod.ts";
import { serviceMonitor } from "./service-monitor.ts";

export interface McpServerArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** What is run: image, arguments, variables, port, paths, sizes and network. */
  readonly plan: WorkloadPlan;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * One MCP server in the cluster: a Deployment with its Service and its network, replicas that follow the load and
 * survive a drained node where there are several, one Service more to ask pod by pod and a ServiceMonitor where the
 * catalog says so. It gets no rights on the cluster's API.
 */
export class McpServer extends pulumi.ComponentResource {
  /** Address of the server inside the cluster, without a path. */
  readonly origin: pulumi.Output<string>;

  constructor(name: string, args: McpServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:McpServer", name, {}, opts);
    const { environment, plan, namespace } = args;
    const { min, max } = plan.replicas;
    const app = plan.deployment;
    const labels = labelsOf({ app, environment, component: "server" });
    const selector = { app };
    const metadata = { name: app, namespace, labels };
    const port = { name: PORT_NAME, port: plan.port };
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
    const deployment = new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          // two hands on one number would undo each other
          ...(plan.scaleAtPercent === null ? { replicas: min } : {}),
          progressDeadlineSeconds: plan.deployTimeoutSeconds,
          selector: { matchLabels: selector },
          strategy: ONE_BY_ONE,
          template: {
            metadata: { labels },
            spec: serverPod({ plan, selector, serviceAccountName: account.metadata.name }),
          },
        },
      },
      child,
    );
    if (plan.scaleAtPercent !== null) {
      new HorizontalPodAutoscaler(
        `${name}-scale`,
        {
          metadata,
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
            minReplicas: min,
            maxReplicas: max,
            metrics: [
              {
                type: "Resource",
                resource: {
                  name: "cpu",
                  target: { type: "Utilization", averageUtilization: plan.scaleAtPercent },
                },
              },
            ],
          },
        },
        child,
      );
    }
    // a budget for a single replica would either hold up every drain of its node or say nothing
    if (min > 1) {
      new PodDisruptionBudget(`${name}-disruption`, { metadata, spec: disruptionSpec(selector) }, child);
    }
    const service = new Service(
      `${name}-service`,
      {
        metadata,
        spec: {
          ...serviceSpec(selector, port),
          ...(plan.sticky ? { sessionAffinity: "ClientIP" } : {}),
        },
      },
      child,
    );
    if (plan.podsService !== null) {
      new Service(
        `${name}-pods`,
        {
          metadata: {
            name: plan.podsService,
            namespace,
            labels: labelsOf({ app, environment, component: "pods" }),
          },
          spec: { clusterIP: "None", selector, ports: servicePorts(port) },
        },
        child,
      );
    }
    if (plan.monitor !== null) {
      const { monitor } = plan;
      serviceMonitor(
        `${name}-monitor`,
        { plan: monitor, metadata, selector: labels, port: PORT_NAME },
        child,
      );
    }

    this.origin = originOf(service.metadata.name, namespace, plan.port);
    // read by the policies, which see the outputs of a component only
    this.registerOutputs({ origin: this.origin, server: plan.server });
  }
}
