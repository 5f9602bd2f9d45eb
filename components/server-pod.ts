import type { core } from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import type { EnvVar, WorkloadPlan } from "../plan/types.ts";
import { CONTAINER_SECURITY, POD_SECURITY, PULL_POLICY, SCRATCH } from "./pod-security.ts";

/** The port of the container, by which Services and probes name it. */
export const PORT_NAME = "http";

const HOSTNAME = "kubernetes.io/hostname";
/** Endpoints learn of the end of a pod later than the pod does: until then it goes on to answer. */
const DRAIN_SECONDS = 5;
/** Done by the kubelet: the image needs no shell. */
export const DRAIN = { preStop: { sleep: { seconds: DRAIN_SECONDS } } } satisfies core.v1.Lifecycle;
/** Until a process that does not end is killed, the drain included. */
const GRACE_SECONDS = 35;
/** While it starts it is asked this often, for as long as a rollout may take. */
const START_PERIOD_SECONDS = 5;

/** The pod of one server, as Pod Security `restricted` admits it. */
export function serverPod({
  plan,
  selector,
  serviceAccountName,
}: {
  readonly plan: WorkloadPlan;
  /** The labels that its replicas have in common. */
  readonly selector: Record<string, string>;
  readonly serviceAccountName: pulumi.Input<string>;
}): core.v1.PodSpec {
  return {
    serviceAccountName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: POD_SECURITY,
    ...(plan.replicas.max > 1 ? spread(selector) : {}),
    containers: [container(plan)],
    volumes: [SCRATCH.volume],
  };
}

function container(plan: WorkloadPlan): core.v1.Container {
  const { cpu, memory, memoryLimit } = plan.resources;
  return {
    name: plan.deployment,
    image: plan.image,
    imagePullPolicy: PULL_POLICY,
    ...(plan.args.length > 0 ? { args: [...plan.args] } : {}),
    env: environmentOf(plan.env),
    ports: [{ name: PORT_NAME, containerPort: plan.port, protocol: "TCP" }],
    startupProbe: {
      ...asks(plan.live),
      periodSeconds: START_PERIOD_SECONDS,
      timeoutSeconds: 5,
      failureThreshold: Math.max(1, Math.floor(plan.deployTimeoutSeconds / START_PERIOD_SECONDS)),
    },
    livenessProbe: { ...asks(plan.live), periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...asks(plan.ready), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 2 },
    lifecycle: DRAIN,
    resources: {
      requests: { cpu, memory, ...SCRATCH.requests },
      // no limit on the processor: throttling would read as a slow server
      limits: { memory: memoryLimit, ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [SCRATCH.mount],
  };
}

/**
 * A health path is asked over HTTP; without one, an open port has to do. Never the MCP path, where a healthy server
 * answers a GET with 405 or with a stream that does not end.
 */
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
export function spread(selector: Record<string, string>): Partial<core.v1.PodSpec> {
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
