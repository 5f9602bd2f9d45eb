import { type EnvironmentFile, environmentFile } from "./environment.ts";
import { catalogError, type Problem, RollcallError } from "./errors.ts";
import { findLiteralSecrets } from "./literal-secrets.ts";
import { isMap, type Layered, layer, single } from "./merge.ts";
import { resolveEnvironment } from "./resolve.ts";
import type { ServerEntry } from "./resolve-server.ts";
import { serverFile } from "./server.ts";
import { sharedFile } from "./shared.ts";
import type { CatalogSource } from "./source.ts";
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

/**
 * Loads one environment: reads, validates, merges and resolves.
 * @throws RollcallError (catalog, exit 65) that holds every problem found, each with its place and cure.
 */
export function loadEnvironment(source: CatalogSource, environment: string): Environment {
  const problems: Problem[] = [];
  const result = attempt(source, environment, problems);
  if (problems.length > 0 || result === undefined) throw catalogError(distinct(problems));
  return result;
}

/** Every problem of the whole catalog, or of the environments named; empty when all is well. */
export function validateCatalog(source: CatalogSource, names: readonly string[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const environment of names) attempt(source, environment, problems);
  return distinct(problems);
}

function attempt(source: CatalogSource, environment: string, problems: Problem[]): Environment | undefined {
  const files = readServers(source, problems);
  const sharedYaml = readYaml(source, SHARED, problems);
  const environmentYaml = readEnvironment(source, environment, problems);
  if (sharedYaml === undefined || environmentYaml === undefined) return undefined;
  for (const file of [sharedYaml, environmentYaml, ...files.values()])
    problems.push(...findLiteralSecrets(file));

  const header = check(environmentFile, single(environmentYaml), problems);
  const shared = check(sharedFile, withOverride(sharedYaml, environmentYaml, ["shared"]), problems);
  if (header === undefined) {
    for (const [, file] of files) check(serverFile, single(file), problems);
    return undefined;
  }
  if (header.environment !== environment) {
    problems.push({
      place: `${environmentYaml.file}:${environmentYaml.places.get("environment") ?? "1:1"}`,
      path: "environment",
      rule: `"${header.environment}" is not the name of the file`,
      cure: `write ${environment}, or rename the file`,
    });
  }
  const servers = selectServers({ header, files, environmentYaml, problems });
  if (shared === undefined) return undefined;
  return resolveEnvironment({
    source,
    header,
    shared,
    sharedPlace: single(sharedYaml),
    environmentPlace: single(environmentYaml),
    servers,
    problems,
  });
}

/** Validates every server's file, with the environment's override laid over those that it holds. */
function selectServers(input: {
  readonly header: EnvironmentFile;
  readonly files: ReadonlyMap<string, YamlFile>;
  readonly environmentYaml: YamlFile;
  readonly problems: Problem[];
}): ServerEntry[] {
  const { header, files, environmentYaml, problems } = input;
  const place = single(environmentYaml);
  const unknown = (name: string, path: readonly (string | number)[]): void => {
    problems.push({
      place: place.place(path),
      path: path.join("."),
      rule: `there is no server "${name}"`,
      cure: `write one of ${[...files.keys()].join(", ")}, or add ${SERVERS}/${name}.yaml`,
    });
  };
  const names = header.servers === "all" ? [...files.keys()] : header.servers;
  names.forEach((name, index) => {
    if (!files.has(name)) unknown(name, ["servers", index]);
  });
  for (const name of Object.keys(header.override)) if (!files.has(name)) unknown(name, ["override", name]);

  return [...files].flatMap(([name, file]) => {
    const held = names.includes(name);
    const layered = held ? withOverride(file, environmentYaml, ["override", name]) : single(file);
    const value = check(serverFile, layered, problems);
    if (value === undefined || !held) return [];
    if (value.server !== name) {
      problems.push({
        place: layered.place(["server"]),
        path: "server",
        rule: `"${value.server}" is not the name of the file`,
        cure: `write ${name}, or rename the file`,
      });
    }
    return [{ name, file: value, layered }];
  });
}

function withOverride(base: YamlFile, over: YamlFile, at: readonly string[]): Layered {
  const value = at.reduce<unknown>((inner, key) => (isMap(inner) ? inner[key] : undefined), over.value);
  const layers = [{ value: base.value, file: base, at: [] }];
  return value === undefined ? layer(layers) : layer([...layers, { value, file: over, at }]);
}

function check<T>(
  schema: Parameters<typeof validate<T>>[0],
  layered: Layered,
  problems: Problem[],
): T | undefined {
  const result = validate(schema, layered);
  if (result.ok) return result.value;
  problems.push(...result.problems);
  return undefined;
}

function readServers(source: CatalogSource, problems: Problem[]): Map<string, YamlFile> {
  const files = new Map<string, YamlFile>();
  for (const file of source.list(SERVERS)) {
    if (!file.endsWith(".yaml")) continue;
    const yaml = readYaml(source, `${SERVERS}/${file}`, problems);
    if (yaml !== undefined) files.set(file.replace(/\.yaml$/, ""), yaml);
  }
  return files;
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
    return parseYaml(path, text);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [`${one.place} ${one.path} ${one.rule}`, one])).values()];
}
