import { readFile } from "node:fs/promises";
import { EXIT, type Problem, RollcallError } from "../../catalog/errors.ts";
import type { SecretRef } from "../../catalog/secrets.ts";
import { awsSecrets } from "./aws.ts";
import { shortLived, UnreadableSecret } from "./cache.ts";
import { kubernetesSecrets } from "./kubernetes.ts";

export { redactor } from "./redact.ts";

/** The code of the error that says a credential is missing; a check reports it as class auth. */
export const CREDENTIAL_CODE = "CREDENTIAL";

/** Where the values of secrets are read, at the edge of the process. */
export interface SecretSource {
  variable(name: string): string | undefined;
  /** Rejects when the file cannot be read. */
  file(path: string): Promise<string>;
  /**
   * A Secrets Manager secret or an SSM parameter, with `#key` for one key of JSON. Undefined when there is
   * none; rejects with a message without the value when it may not be read.
   * @default there is none
   */
  aws?(name: string): Promise<string | undefined>;
  /** `secret-name/key`, under the same terms. @default there is none */
  kubernetes?(name: string): Promise<string | undefined>;
}

/** The environment and the disk of this process, its AWS account and its Kubernetes namespace. */
export const hostSecrets: SecretSource = {
  variable: (name) => process.env[name],
  file: (path) => readFile(path, "utf8"),
  aws: shortLived(awsSecrets(), Date.now),
  kubernetes: shortLived(kubernetesSecrets({ variable: (name) => process.env[name] }), Date.now),
};

export interface ResolvedEnv {
  readonly env: Readonly<Record<string, string>>;
  /** The values that came from references: what no detail may show. */
  readonly secrets: readonly string[];
}

/**
 * The variables of a stdio server with their references read. Throws a RollcallError of code CREDENTIAL
 * that names every missing one, never a value.
 */
export async function resolveEnv(
  env: Readonly<Record<string, string | SecretRef>>,
  source: SecretSource = hostSecrets,
): Promise<ResolvedEnv> {
  const resolved: Record<string, string> = {};
  const secrets: string[] = [];
  const missing: Problem[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === "string") {
      resolved[name] = value;
      continue;
    }
    const secret = await read(value, source);
    if (typeof secret !== "string") {
      missing.push(secret);
      continue;
    }
    resolved[name] = secret;
    secrets.push(secret);
  }
  if (missing.length > 0) throw missingCredential(missing);
  return { env: resolved, secrets };
}

/** The value of one reference, never empty. Throws a RollcallError of code CREDENTIAL that names it. */
export async function readSecret(ref: SecretRef, source: SecretSource = hostSecrets): Promise<string> {
  const secret = await read(ref, source);
  if (typeof secret !== "string") throw missingCredential([secret]);
  return secret;
}

/** What a reference is called in messages: its variable, path or name. */
export function secretName(ref: SecretRef): string {
  if ("env" in ref) return ref.env;
  if ("file" in ref) return ref.file;
  return "aws" in ref ? ref.aws : ref.kubernetes;
}

async function read(ref: SecretRef, source: SecretSource): Promise<string | Problem> {
  const place = `credential ${secretName(ref)}`;
  try {
    const secret = await lookUp(ref, source);
    if (secret !== undefined && secret !== "") return secret;
    return { place, path: "", rule: "is not set", cure: "set it where the probe runs" };
  } catch (error) {
    return { place, path: "", rule: reasonOf(error), cure: "let the probe read it where it runs" };
  }
}

async function lookUp(ref: SecretRef, source: SecretSource): Promise<string | undefined> {
  if ("env" in ref) return source.variable(ref.env);
  if ("file" in ref) {
    const text = await source.file(ref.file).catch(() => undefined);
    return text?.replace(/\r?\n$/, "");
  }
  return "aws" in ref ? source.aws?.(ref.aws) : source.kubernetes?.(ref.kubernetes);
}

/** Only our own errors are known to hold no value; of any other the name must do. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadableSecret) return error.message;
  return `cannot be read (${error instanceof Error ? error.name : "unknown error"})`;
}

function missingCredential(problems: readonly Problem[]): RollcallError {
  return new RollcallError({ code: CREDENTIAL_CODE, exitCode: EXIT.unavailable, problems });
}
