import { z } from "zod";

/**
 * A secret by reference. The catalog never holds a value: one of a variable of the runner's environment,
 * a file on its disk, an AWS name, or `secret-name/key` in Kubernetes. An AWS name that starts with `/` or
 * `arn:aws:ssm` is an SSM parameter, any other a secret of Secrets Manager.
 */
export const secretRef = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]*$/, "must be a variable name in capitals") }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({
    aws: z
      .string()
      .regex(/^[\w/+=.@:-]+(#[\w.-]+)?$/, "must be a secret's name or ARN, with #key for one key of JSON"),
  }),
  z.strictObject({
    // no `..`: the name is also a path below the folder that secrets are mounted in
    kubernetes: z.string().regex(/^[a-z0-9][a-z0-9.-]*\/\.?[\w-][\w.-]*$/, "must be secret-name/key"),
  }),
]);

export type SecretRef = z.infer<typeof secretRef>;
