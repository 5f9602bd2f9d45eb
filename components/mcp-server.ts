import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvVar, WorkloadPlan } from "../plan/types.ts";
import { labelsOf } from "./labels.ts";
import { CONTAINER_SECURITY, POD_SECURITY, SCRATCH } from "./pod-security.ts";

const PORT_NAME = "http";
const HOSTNAME = "kubernetes.io/hostname";
const GRACE_SECONDS = 30;

export interface McpServerArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** What is run: image, arguments, variables, port, paths and sizes. */
  readonly plan: WorkloadPlan;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/** One MCP server in the cluster: a Deployment, its Service, and one to ask pod by pod where the catalog says so. It gets no rights on the cluster's API. */
export class McpServer extends pulumi.ComponentResource {
  /** Address of the server inside the cluster, without a path. */
  readonly origin: pulumi.Output<string>;

  constructor(name: string, args: McpServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:McpServer", name, {}, opts);
    const { environment, plan, namespace } = args;
    const labels = labelsOf({ app: plan.deployment, environment });
    const selector = { app: plan.deployment };
    const metadata = { name: plan.deployment, namespace, labels };

    const account = new ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      { parent: this },
    );
    new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          replicas: plan.replicas,
          progressDeadlineSeconds: plan.deployTimeoutSeconds,
          selector: { matchLabels: selector },
          // no replica goes before its successor is ready
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: account.metadata.name,
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              terminationGracePeriodSeconds: GRACE_SECONDS,
              securityContext: POD_SECURITY,
              ...(plan.replicas > 1 ? spread(selector) : {}),
              containers: [container(plan)],
              volumes: [SCRATCH.volume],
            },
          },
        },
      },
      { parent: this },
    );
    const service = new Service(
      `${name}-service`,
      {
        metadata,
        spec: {
          type: "ClusterIP",
          selector,
          ports: [{ name: PORT_NAME, port: plan.port, targetPort: PORT_NAME, protocol: "TCP" }],
        },
      },
      { parent: this },
    );

    if (plan.podsService !== null) {
      new Service(
        `${name}-pods`,
        {
          metadata: { name: plan.podsService, namespace, labels },
          spec: {
            clusterIP: "None",
            selector,
            ports: [{ name: PORT_NAME, port: plan.port, targetPort: PORT_NAME, protocol: "TCP" }],
          },
        },
        { parent: this },
      );
    }

    this.origin = pulumi.interpolate`http://${service.metadata.name}.${namespace}.svc:${plan.port}`;
    this.registerOutputs({ origin: this.origin });
  }
}

function container(plan: WorkloadPlan): core.v1.Container {
  const { cpu, memory, memoryLimit } = plan.resources;
  return {
    name: plan.deployment,
    image: plan.image,
    ...(plan.args.length > 0 ? { args: [...plan.args] } : {}),
    env: environmentOf(plan.env),
    ports: [{ name: PORT_NAME, containerPort: plan.port, protocol: "TCP" }],
    // patient while it starts: 30 s before the first question, and three wrong answers before a restart
    livenessProbe: {
      ...asks(plan.live),
      initialDelaySeconds: 30,
      periodSeconds: 20,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    readinessProbe: { ...asks(plan.ready), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 2 },
    resources: {
      requests: { cpu, memory, ...SCRATCH.requests },
      // no limit on the processor: throttling would read as a slow server
      limits: { memory: memoryLimit, ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [SCRATCH.mount],
  };
}

/** A health path is asked over HTTP; without one, an open port has to do. */
function asks(path: string | null): core.v1.Probe {
  return path === null ? { tcpSocket: { port: PORT_NAME } } : { httpGet: { path, port: PORT_NAME } };
}

function environmentOf(variables: readonly EnvVar[]): core.v1.EnvVar[] {
  const planned = variables.map(({ name, value }) =>
    typeof value === "string"
      ? { name, value }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key } } },
  );
  return planned.some(({ name }) => name === SCRATCH.env.name) ? planned : [SCRATCH.env, ...planned];
}

/** Replicas go to different nodes where there are enough of them. */
function spread(selector: Record<string, string>): Partial<core.v1.PodSpec> {
  const labelSelector = { matchLabels: selector };
  return {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: HOSTNAME, whenUnsatisfiable: "ScheduleAnyway", labelSelector },
    ],
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey: HOSTNAME, labelSelector } },
        ],
      },
    },
  };
}
