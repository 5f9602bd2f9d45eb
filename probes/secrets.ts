import { readFile } from "node:fs/promises";
import { EXIT, RollcallError } from "../catalog/errors.ts";
import type { SecretRef } from "../catalog/secrets.ts";

/** The code of the error that says a credential is missing; a check reports it as class auth. */
export const CREDENTIAL_CODE = "CREDENTIAL";

/** Where the values of secrets are read, at the edge of the process. */
export interface SecretSource {
  variable(name: string): string | undefined;
  /** Rejects when the file cannot be read. */
  file(path: string): Promise<string>;
}

/** The environment and the disk of this process. */
export const hostSecrets: SecretSource = {
  variable: (name) => process.env[name],
  file: (path) => readFile(path, "utf8"),
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
  const missing: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === "string") {
      resolved[name] = value;
      continue;
    }
    const secret = await read(value, source);
    if (secret === undefined || secret === "") {
      missing.push(nameOf(value));
      continue;
    }
    resolved[name] = secret;
    secrets.push(secret);
  }
  if (missing.length > 0) throw missingCredential(missing);
  return { env: resolved, secrets };
}

/** A function that masks the given values in a text. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  // Longest first: a secret that contains another one must go as a whole.
  const values = secrets.filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  return (text) => values.reduce((shown, value) => shown.replaceAll(value, "***"), text);
}

async function read(ref: SecretRef, source: SecretSource): Promise<string | undefined> {
  if ("env" in ref) return source.variable(ref.env);
  if ("file" in ref) {
    const text = await source.file(ref.file).catch(() => undefined);
    return text?.replace(/\r?\n$/, "");
  }
  return undefined;
}

function nameOf(ref: SecretRef): string {
  if ("env" in ref) return ref.env;
  if ("file" in ref) return ref.file;
  return "aws" in ref ? ref.aws : ref.kubernetes;
}

function missingCredential(names: readonly string[]): RollcallError {
  return new RollcallError({
    code: CREDENTIAL_CODE,
    exitCode: EXIT.unavailable,
    problems: names.map((name) => ({
      place: `credential ${name}`,
      path: "",
      rule: "is not set",
      cure: "set it where the probe runs",
    })),
  });
}
