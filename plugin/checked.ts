import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Problem } from "../catalog/errors.ts";
import { isMap } from "../catalog/json.ts";
import { isSecret } from "../catalog/literal-secrets.ts";
import { validate } from "../catalog/validate.ts";
import { formatPath, type Path } from "../catalog/yaml.ts";

/**
 * The arguments of a component as its schema reads them, defaults filled in; in the place of an output stands what
 * `later` gives for it. Throws a ResourceError that holds every problem, which is printed without a
 * stack trace.
 */
export function checked<T>(input: {
  /** Whose arguments they are. */
  readonly component: pulumi.Resource;
  readonly schema: z.ZodType<T>;
  readonly args: object;
  /** Arguments that may be outputs, each with a value that the schema takes in its stead. */
  readonly later?: Readonly<Record<string, unknown>>;
}): T {
  const { component, schema, args, later = {} } = input;
  const place = "arguments";
  const outputs: Path[] = [];
  const given = Object.entries(args).map(([key, value]) => [
    key,
    Object.hasOwn(later, key) && isOutput(value) ? later[key] : value,
  ]);
  const value = withoutOutputs(Object.fromEntries(given), [], outputs);
  const read = validate(schema, { value, place: () => place });
  const early = outputs.map(formatPath);
  const problems: Problem[] = [
    ...early.map((path) => ({
      place,
      path,
      rule: "is an output or a secret, and has to be known before anything is made",
      cure: "give it as a plain value",
    })),
    // what was taken out is not missing
    ...(read.ok ? [] : read.problems.filter(({ path }) => !early.includes(path))),
    ...secretsIn(value, []).map((path) => ({
      place,
      path: formatPath(path),
      rule: "holds a literal secret",
      cure: "name a Secret of Kubernetes that holds it instead, and revoke the value: the state has it",
    })),
  ];
  if (read.ok && problems.length === 0) return read.value;
  throw refused(component, problems);
}

/** The error that says what is wrong with the arguments of a component, each with its rule and cure. */
export function refused(component: pulumi.Resource, problems: readonly Problem[]): pulumi.ResourceError {
  const lines = problems.map(({ path, rule, cure }) => `\n  ${path}: ${rule}; ${cure}`);
  return new pulumi.ResourceError(`cannot be made as it is written${lines.join("")}`, component, true);
}

/** Whether a value is known only later. */
export function isOutput(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** A copy without its outputs, the paths of which go to `found`: what they hold of Pulumi's own is never walked. */
function withoutOutputs(value: unknown, path: Path, found: Path[]): unknown {
  if (isOutput(value)) {
    found.push(path);
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item, index) => withoutOutputs(item, [...path, index], found));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutOutputs(inner, [...path, key], found)]),
  );
}

/** Places of what is a secret by its shape, or by the variable that it is given to. */
function secretsIn(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsIn(item, [...path, index]));
  if (isMap(value)) return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, [...path, key]));
  return isSecret(value, path) ? [path] : [];
}
