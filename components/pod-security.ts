import type { core } from "@pulumi/kubernetes/types/input.js";

/** Numeric ids from 10000 up belong to no account of the node, whatever the image says. */
const NOBODY = 10_001;

/** What Pod Security `restricted` asks of a pod, and a user that no node knows. */
export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  fsGroup: NOBODY,
  seccompProfile: { type: "RuntimeDefault" },
} satisfies core.v1.PodSecurityContext;

/** What Pod Security `restricted` asks of a container, and a root file system that cannot be written. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} satisfies core.v1.SecurityContext;

/** The only place that a container may write to. */
export const SCRATCH = {
  volume: { name: "tmp", emptyDir: { sizeLimit: "256Mi" } } satisfies core.v1.Volume,
  mount: { name: "tmp", mountPath: "/tmp" } satisfies core.v1.VolumeMount,
  /** The user has no home of its own, and npm, npx and many a server write to it. */
  env: { name: "HOME", value: "/tmp" } satisfies core.v1.EnvVar,
  requests: { "ephemeral-storage": "64Mi" },
  limits: { "ephemeral-storage": "512Mi" },
};

/**
 * Of an image that is pinned by its digest another pull brings the same bytes, and would have every start wait for the
 * registry.
 */
export const PULL_POLICY = "IfNotPresent";
