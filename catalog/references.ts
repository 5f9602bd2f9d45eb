import type { Problem } from "./errors.ts";
import { isMap } from "./json.ts";
import { type Layered, valueAt } from "./merge.ts";
import { name as nameRule } from "./names.ts";
import type { CatalogSource } from "./source.ts";
import { formatPath, type Path } from "./yaml.ts";

/**
 * Every name in the catalog that names nothing: contacts, escalations, servers, runbooks. It reads the files as they
 * stand, so that a mistake of another kind in the same file hides none of these.
 */
export function referenceProblems(input: {
  readonly source: CatalogSource;
  readonly shared: Layered;
  readonly environment: Layered;
  /** Every server's file by its name, with the environment's override laid over it. */
  readonly servers: ReadonlyMap<string, Layered>;
  /** The names of all servers, also of those whose file is not YAML. */
  readonly known: readonly string[];
}): Problem[] {
  const { source, shared, environment, servers, known } = input;
  const contacts = keysOf(shared.value, "contacts");
  const escalations = keysOf(shared.value, "escalations");
  return [
    ...[...servers].flatMap(([file, server]) => [
      ...fileName(file, server),
      ...formerName(file, servers, known),
      ...named(server, ["owner"], contacts, "contact"),
      ...named(server, ["escalation"], escalations, "escalation"),
    ]),
    ...named(shared, ["defaults", "escalation"], escalations, "escalation"),
    ...[...levelPaths(shared.value), ...severityPaths(shared.value)].flatMap((path) =>
      named(shared, path, contacts, "contact"),
    ),
    ...keysOf(shared.value, "families").flatMap((family) =>
      runbook(source, shared, ["families", family, "runbook"]),
    ),
    ...keysOf(shared.value, "families").flatMap((family) =>
      named(shared, ["families", family, "escalation"], escalations, "escalation"),
    ),
    ...environmentNames(environment, known),
  ];
}

/** The problem of a text at a path that is none of the known names; none where there is no text. */
function named(layered: Layered, path: Path, known: readonly string[], what: string): Problem[] {
  const value = valueAt(layered.value, path);
  if (typeof value !== "string" || known.includes(value)) return [];
  return [unknownName(layered, path, `there is no ${what} "${value}"`, `write one of ${known.join(", ")}`)];
}

/** A server is called what its file is called; a name that breaks its own rule is the schema's business. */
function fileName(file: string, server: Layered): Problem[] {
  const value = valueAt(server.value, ["server"]);
  if (value === file || !nameRule.safeParse(value).success) return [];
  const rule = `"${String(value)}" is not the name of the file`;
  return [unknownName(server, ["server"], rule, `write ${file}, or rename the file`)];
}

/** A former name is of nobody else: two would claim what the one server had. */
function formerName(
  file: string,
  servers: ReadonlyMap<string, Layered>,
  known: readonly string[],
): Problem[] {
  const path = ["formerly"];
  const formerOf = (one: string): unknown => valueAt(servers.get(one)?.value, path);
  const former = formerOf(file);
  const server = servers.get(file);
  if (typeof former !== "string" || server === undefined) return [];
  const refuse = (rule: string, cure: string): Problem[] => [
    { place: server.place(path), path: "formerly", rule, cure },
  ];
  if (known.includes(former)) {
    const cure =
      "remove the file of that name, or take formerly out; two that change names do so one after the other";
    return refuse(`"${former}" is a server still`, cure);
  }
  const other = [...servers.keys()].find((one) => one !== file && formerOf(one) === former);
  if (other === undefined) return [];
  return refuse(`"${former}" is the former name of ${other} too`, "take formerly out of one of the two");
}

function unknownName(layered: Layered, path: Path, rule: string, cure: string): Problem {
  return { place: layered.place(path), path: formatPath(path), rule, cure };
}

function levelPaths(shared: unknown): Path[] {
  return keysOf(shared, "escalations").flatMap((escalation) =>
    keysOf(valueAt(shared, ["escalations", escalation]), "levels").flatMap((level) =>
      itemPaths(shared, ["escalations", escalation, "levels", level, "tell"]),
    ),
  );
}

function severityPaths(shared: unknown): Path[] {
  return keysOf(shared, "severities").flatMap((severity) =>
    itemPaths(shared, ["severities", severity, "tell"]),
  );
}

function itemPaths(shared: unknown, path: Path): Path[] {
  const items = valueAt(shared, path);
  return Array.isArray(items) ? items.map((_, index): Path => [...path, index]) : [];
}

function runbook(source: CatalogSource, shared: Layered, path: Path): Problem[] {
  const file = valueAt(shared.value, path);
  if (typeof file !== "string" || !/^docs\/runbooks\/[a-z-]+\.md$/.test(file) || source.exists(file))
    return [];
  const cure = "write the page, or name one that exists";
  return [{ place: shared.place(path), path: formatPath(path), rule: `there is no file ${file}`, cure }];
}

function environmentNames(environment: Layered, known: readonly string[]): Problem[] {
  const held = valueAt(environment.value, ["servers"]);
  const listed: [Path, unknown][] = Array.isArray(held)
    ? held.map((name, index) => [["servers", index], name])
    : [];
  const overridden = keysOf(environment.value, "override").map((name): [Path, unknown] => [
    ["override", name],
    name,
  ]);
  const maintained = keysOf(environment.value, "maintenance").flatMap((name): [Path, unknown][] => {
    const path = ["maintenance", name, "servers"];
    const servers = valueAt(environment.value, path);
    return Array.isArray(servers) ? servers.map((server, index) => [[...path, index], server]) : [];
  });
  return [...listed, ...overridden, ...maintained].flatMap(([path, name]) => {
    if (typeof name !== "string" || known.includes(name)) return [];
    const cure = `write one of ${known.join(", ")}, or add stacks/servers/${name}.yaml`;
    return [unknownName(environment, path, `there is no server "${name}"`, cure)];
  });
}

function keysOf(value: unknown, key: string): string[] {
  const inner = isMap(value) ? value[key] : undefined;
  return isMap(inner) ? Object.keys(inner) : [];
}
