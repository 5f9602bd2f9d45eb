import type { z } from "zod";
import { environmentFile } from "./environment.ts";
import { catalogError, type Problem, RollcallError } from "./errors.ts";
import { censored, findLiteralSecrets } from "./literal-secrets.ts";
import { type Layered, layer, single, valueAt } from "./merge.ts";
import { referenceProblems } from "./references.ts";
import { resolveEnvironment } from "./resolve.ts";
import type { ServerEntry } from "./resolve-server.ts";
import { serverFile } from "./server.ts";
import { sharedFile } from "./shared.ts";
import type { CatalogSource } from "./source.ts";
import { readAround } from "./stand-in.ts";
import { parseToolsLock, TOOLS_LOCK, type ToolsLock } from "./tools-lock.ts";
import type { Environment } from "./types.ts";
import { validate } from "./validate.ts";
import { parseYaml, type YamlFile } from "./yaml.ts";

const SHARED = "stacks/shared.yaml";
const SERVERS = "stacks/servers";
const ENVIRONMENT = /^([a-zA-Z0-9_-]+)\.yaml$/;
/** Files of `stacks/` that are not environments: Pulumi's own settings and what every environment shares. */
const NOT_ENVIRONMENTS = /^(shared|Pulumi\..*)\.yaml$|^Pulumi\.yaml$/;

/** The names of the environments that the catalog describes, sorted. */
export function environmentNames(source: CatalogSource): string[] {
  return source
    .list("stacks")
    .filter((file) => ENVIRONMENT.test(file) && !NOT_ENVIRONMENTS.test(file))
    .map((file) => file.replace(/\.yaml$/, ""));
}

/** What can be read of an environment, and everything that is wrong with it. */
export interface Inspection {
  readonly problems: readonly Problem[];
  /** As far as it can be resolved; whole only where there are no problems. */
  readonly environment: Environment | undefined;
}

/**
 * Loads one environment: reads, validates, merges and resolves.
 * @throws RollcallError (catalog, exit 65) that holds every problem found, each with its place and cure.
 */
export function loadEnvironment(source: CatalogSource, name: string): Environment {
  const { problems, environment } = inspectEnvironment(source, name);
  if (problems.length > 0 || environment === undefined) throw catalogError(problems);
  return environment;
}

/** Every problem of the environments named; empty when all is well. */
export function validateCatalog(source: CatalogSource, names: readonly string[]): readonly Problem[] {
  return distinct(names.flatMap((name) => inspectEnvironment(source, name).problems));
}

/** Reads an environment and collects every problem of it and of the files it is made of. Never throws for them. */
export function inspectEnvironment(source: CatalogSource, name: string): Inspection {
  const problems: Problem[] = [];
  const files = readServers(source, problems);
  const lock = readLock(source, [...files.keys()], problems);
  const sharedYaml = readYaml(source, SHARED, problems);
  const environmentYaml = readEnvironment(source, name, problems);
  for (const file of [sharedYaml, environmentYaml, ...files.values()]) {
    if (file !== undefined) problems.push(...findLiteralSecrets(file));
  }
  if (sharedYaml === undefined || environmentYaml === undefined) {
    for (const file of files.values()) if (file !== undefined) checkWhole(serverFile, single(file), problems);
    return { problems: distinct(problems), environment: undefined };
  }
  const place = single(environmentYaml);
  const layered = withOverride(sharedYaml, environmentYaml, ["shared"]);
  const servers = new Map(
    [...files].flatMap(([server, file]) =>
      file === undefined
        ? []
        : [[server, withOverride(file, environmentYaml, ["override", server])] as const],
    ),
  );
  const header = check(environmentFile, place, problems);
  const shared = check(sharedFile, layered, problems);
  problems.push(
    ...referenceProblems({ source, shared: layered, environment: place, servers, known: [...files.keys()] }),
  );
  if (header !== undefined && header.environment !== name) {
    problems.push({
      place: place.place(["environment"]),
      path: "environment",
      rule: `"${header.environment}" is not the name of the file`,
      cure: `write ${name}, or rename the file`,
    });
  }
  const entries = [...servers].flatMap(([server, merged]): ServerEntry[] => {
    const file = checkWhole(serverFile, merged, problems);
    const held = header === undefined || header.servers === "all" || header.servers.includes(server);
    return file === undefined || !held
      ? []
      : [{ name: server, file, layered: merged, contract: lock?.servers[server] ?? null }];
  });
  const environment =
    header === undefined || shared === undefined
      ? undefined
      : resolveEnvironment({ header, shared, sharedPlace: layered, servers: entries, problems });
  return { problems: distinct(problems), environment };
}

function withOverride(base: YamlFile, over: YamlFile, at: readonly string[]): Layered {
  const layers = [{ value: base.value, file: base, at: [] }];
  const value = valueAt(over.value, at);
  return value === undefined ? layer(layers) : layer([...layers, { value, file: over, at }]);
}

/** The checked value, or undefined with the problems noted. */
function checkWhole<T>(schema: z.ZodType<T>, layered: Layered, problems: Problem[]): T | undefined {
  const result = validate(schema, layered);
  if (result.ok) return result.value;
  problems.push(...result.problems);
  return undefined;
}

/** The checked value; where one part is broken, what can be read around it, with the problems noted. */
function check<T>(schema: z.ZodType<T>, layered: Layered, problems: Problem[]): T | undefined {
  const result = validate(schema, layered);
  if (result.ok) return result.value;
  problems.push(...result.problems);
  return readAround(schema, layered, result.problems);
}

/** The servers by the names of their files; undefined for one whose text is not YAML. */
function readServers(source: CatalogSource, problems: Problem[]): Map<string, YamlFile | undefined> {
  const files = new Map<string, YamlFile | undefined>();
  for (const file of source.list(SERVERS)) {
    if (!file.endsWith(".yaml")) {
      problems.push({
        place: `${SERVERS}/${file}`,
        path: "",
        rule: "is not read: a server's file ends in .yaml",
        cure: "rename it, or move it elsewhere",
      });
      continue;
    }
    files.set(file.replace(/\.yaml$/, ""), readYaml(source, `${SERVERS}/${file}`, problems));
  }
  return files;
}

/** The reviewed tool lists; a catalog without them compares none. */
function readLock(
  source: CatalogSource,
  known: readonly string[],
  problems: Problem[],
): ToolsLock | undefined {
  const text = source.read(TOOLS_LOCK);
  if (text === undefined) return undefined;
  try {
    const lock = parseToolsLock(TOOLS_LOCK, text);
    const strangers = Object.keys(lock.servers).filter((server) => !known.includes(server));
    for (const server of strangers)
      problems.push({
        place: TOOLS_LOCK,
        path: `servers.${server}`,
        rule: `there is no server "${server}"`,
        cure: "run `rollcall tools lock`, which leaves it out",
      });
    return lock;
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function readEnvironment(
  source: CatalogSource,
  environment: string,
  problems: Problem[],
): YamlFile | undefined {
  const known = environmentNames(source);
  if (known.includes(environment)) return readYaml(source, `stacks/${environment}.yaml`, problems);
  problems.push({
    place: `stacks/${environment}.yaml`,
    path: "",
    rule: `there is no environment "${environment}"`,
    cure:
      known.length === 0
        ? "run the command in the folder that holds stacks/"
        : `name one of ${known.join(", ")}`,
  });
  return undefined;
}

function readYaml(source: CatalogSource, path: string, problems: Problem[]): YamlFile | undefined {
  const text = source.read(path);
  if (text === undefined) {
    problems.push({
      place: path,
      path: "",
      rule: "the file is missing",
      cure: "add it, or run the command in the folder that holds stacks/",
    });
    return undefined;
  }
  try {
    const file = parseYaml(path, text);
    problems.push(...file.problems);
    return file;
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Each problem once, in the order of files and lines, and never with a secret in its words. */
export function distinct(problems: readonly Problem[]): Problem[] {
  const printable = problems.map((one) => ({
    ...one,
    path: censored(one.path),
    rule: censored(one.rule),
    cure: censored(one.cure),
  }));
  const once = new Map(printable.map((one) => [`${one.place} ${one.path} ${one.rule}`, one]));
  return [...once.values()].sort((a, b) => a.place.localeCompare(b.place, "en", { numeric: true }));
}
