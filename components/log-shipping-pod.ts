import type { core } from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import { FLUENT_BIT_BUFFER_LIMIT, FLUENT_BIT_BUFFERS } from "../plan/fluent-bit.ts";
import type { LogShippingPlan } from "../plan/logs.ts";
import { CONTAINER_SECURITY, POD_SECURITY, PULL_POLICY, SCRATCH } from "./pod-security.ts";

/** The files that both containers read, of one ConfigMap. */
export const CONFIG = {
  volume: "config",
  folder: "/etc/rollcall",
  follow: "follow.json",
  fluentBit: "fluent-bit.yaml",
} as const;
export const FOLLOWER_PORT_NAME = "follower";
export const FLUENT_BIT_PORT_NAME = "fluent-bit";

const FOLLOWER = "follower";
const BUFFERS = { name: "buffers", mountPath: FLUENT_BIT_BUFFERS } as const;
/** Where every program in a cluster looks for what it speaks to the API with. */
const API_ACCESS = {
  name: "api-access",
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
} as const;
/** The kubelet replaces the token when four fifths of it are over; the follower reads it for each request. */
const TOKEN_SECONDS = 3_607;
/** Both programs end within ten seconds of being told to: what is held is sent first. */
const GRACE_SECONDS = 40;
/** By which the webhook of EKS knows whose environment to leave alone: only Fluent Bit gets the role. */
const SKIP_ANNOTATION = "eks.amazonaws.com/skip-containers";

/** The pod of the pipeline: the follower has the token of the API and no role, Fluent Bit the role and no token. */
export function logShippingPod(args: {
  readonly plan: LogShippingPlan;
  readonly labels: Record<string, string>;
  readonly account: pulumi.Input<string>;
  readonly config: pulumi.Input<string>;
}): core.v1.PodTemplateSpec {
  const { plan, labels, account, config } = args;
  return {
    metadata: { labels, annotations: { [SKIP_ANNOTATION]: FOLLOWER } },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: POD_SECURITY,
      containers: [follower(plan), fluentBit(plan)],
      volumes: [
        SCRATCH.volume,
        { name: CONFIG.volume, configMap: { name: config } },
        { name: BUFFERS.name, emptyDir: { sizeLimit: FLUENT_BIT_BUFFER_LIMIT } },
        { name: API_ACCESS.name, projected: { sources: apiAccess() } },
      ],
    },
  };
}

function follower({ followerImage, follower: { port } }: LogShippingPlan): core.v1.Container {
  return {
    name: FOLLOWER,
    image: followerImage,
    imagePullPolicy: PULL_POLICY,
    args: ["follower.mjs"],
    env: [
      SCRATCH.env,
      { name: "NODE_OPTIONS", value: "--max-old-space-size=192" },
      { name: "ROLLCALL_FOLLOW", value: `${CONFIG.folder}/${CONFIG.follow}` },
      // the kubelet and Prometheus ask at the pod's address
      { name: "ROLLCALL_LISTEN_HOST", value: "0.0.0.0" },
    ],
    ports: [{ name: FOLLOWER_PORT_NAME, containerPort: port, protocol: "TCP" }],
    ...asked(FOLLOWER_PORT_NAME, { live: "/livez", ready: "/readyz" }),
    resources: {
      requests: { cpu: "50m", memory: "128Mi", ...SCRATCH.requests },
      limits: { memory: "320Mi", ...SCRATCH.limits },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      SCRATCH.mount,
      { name: CONFIG.volume, mountPath: CONFIG.folder, readOnly: true },
      { ...API_ACCESS, readOnly: true },
    ],
  };
}

function fluentBit({ fluentBitImage, fluentBitPort }: LogShippingPlan): core.v1.Container {
  return {
    name: "fluent-bit",
    image: fluentBitImage,
    imagePullPolicy: PULL_POLICY,
    command: ["/fluent-bit/bin/fluent-bit", "-c", `${CONFIG.folder}/${CONFIG.fluentBit}`],
    ports: [{ name: FLUENT_BIT_PORT_NAME, containerPort: fluentBitPort, protocol: "TCP" }],
    // its health page speaks of CloudWatch, for which no restart is a cure
    ...asked(FLUENT_BIT_PORT_NAME, { live: "/api/v1/uptime", ready: "/api/v1/health" }),
    resources: {
      requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "64Mi" },
      limits: { memory: "256Mi", "ephemeral-storage": "640Mi" },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [{ ...BUFFERS }, { name: CONFIG.volume, mountPath: CONFIG.folder, readOnly: true }],
  };
}

function asked(port: string, paths: { readonly live: string; readonly ready: string }) {
  const asks = (path: string): core.v1.Probe => ({
    httpGet: { path, port },
    periodSeconds: 20,
    timeoutSeconds: 5,
    failureThreshold: 3,
  });
  return {
    livenessProbe: { ...asks(paths.live), initialDelaySeconds: 10 },
    readinessProbe: asks(paths.ready),
  };
}

/** What Kubernetes itself would mount into every container of the pod, for one of them. */
function apiAccess(): core.v1.VolumeProjection[] {
  return [
    { serviceAccountToken: { path: "token", expirationSeconds: TOKEN_SECONDS } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
  ];
}
