import { z } from "zod";

/**
 * A secret by reference. The catalog never holds a value: one of a variable of the runner's environment,
 * a file on its disk, an AWS Secrets Manager or SSM name, or `secret-name/key` in Kubernetes.
 */
export const secretRef = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]*$/, "must be a variable name in capitals") }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ aws: z.string().regex(/^[\w/+=.@:-]+$/, "must be a secret's name or ARN") }),
  z.strictObject({ kubernetes: z.string().regex(/^[a-z0-9.-]+\/[\w.-]+$/, "must be secret-name/key") }),
]);

export type SecretRef = z.infer<typeof secretRef>;
