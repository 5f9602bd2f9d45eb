import type { SecretRef } from "../catalog/secrets.ts";
import type { CheckTarget, Roster } from "../catalog/target.ts";
import type { SecretKeys } from "./types.ts";

/** What the references of a roster name, by kind; each name once, in order. */
export interface ProbeSecrets {
  /** Variables of the runner. */
  readonly env: readonly string[];
  /** Paths on the runner's disk. */
  readonly file: readonly string[];
  /** Secrets and parameters of AWS as the catalog names them, with `#key`. */
  readonly aws: readonly string[];
  /** `secret-name/key`. */
  readonly kubernetes: readonly string[];
}

/** A reference and where it stands in the file of its server, such as `credentials.token`. */
export interface PlacedReference {
  readonly path: string;
  readonly ref: SecretRef;
}

/** Every secret that the checks of a roster read. */
export function probeSecrets({ targets }: Roster): ProbeSecrets {
  const refs = targets.flatMap(referencesOf).map(({ ref }) => ref);
  return {
    env: distinct(refs.flatMap((ref) => ("env" in ref ? [ref.env] : []))),
    file: distinct(refs.flatMap((ref) => ("file" in ref ? [ref.file] : []))),
    aws: distinct(refs.flatMap((ref) => ("aws" in ref ? [ref.aws] : []))),
    kubernetes: distinct(refs.flatMap((ref) => ("kubernetes" in ref ? [ref.kubernetes] : []))),
  };
}

/** Names and ARNs that a Lambda with this roster reads; AWS grants a secret whole, so `#key` is left off. */
export function lambdaSecrets(roster: Roster): string[] {
  return distinct(probeSecrets(roster).aws.map((name) => name.replace(/#.*$/, "")));
}

/** The Secrets that a pod with this roster reads, each with the keys that it needs and no other. */
export function cronJobSecrets(roster: Roster): SecretKeys[] {
  const references = probeSecrets(roster).kubernetes.map((reference) => {
    const [name = "", key = ""] = reference.split("/");
    return { name, key };
  });
  return distinct(references.map(({ name }) => name)).map((name) => ({
    name,
    keys: distinct(references.filter((one) => one.name === name).map(({ key }) => key)),
  }));
}

/** Every reference of one target, in order of the catalog's parts. */
export function referencesOf({ credentials, tls, dependencies, mcp }: CheckTarget): PlacedReference[] {
  return [
    ...referencesIn("credentials", credentials ?? {}),
    ...referencesIn("tls", tls ?? {}),
    ...(dependencies ?? []).flatMap((one) => referencesIn(`dependencies.${one.name}`, one)),
    ...(mcp?.transport === "stdio" ? referencesIn("run.env", mcp.env) : []),
  ];
}

/** The only map that may stand in such a part is a reference: the compiler sees to it that none is missed. */
type Part = Readonly<Record<string, string | number | readonly string[] | SecretRef | undefined>>;

function referencesIn(place: string, part: Part): PlacedReference[] {
  return Object.entries(part).flatMap(([key, value]) =>
    isReference(value) ? [{ path: `${place}.${key}`, ref: value }] : [],
  );
}

function isReference(value: Part[string]): value is SecretRef {
  return typeof value === "object" && !Array.isArray(value);
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
