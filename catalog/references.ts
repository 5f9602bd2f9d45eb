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
      ...named(server, ["owner"], contacts, "contact"),
      ...named(server, ["escalation"], escalations, "escalation"),
    ]),
    ...named(shared, ["defaults", "escalation"], escalations, "escalation"),
    ...levelPaths(shared.value).flatMap((path) => named(shared, path, contacts, "contact")),
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

function unknownName(layered: Layered, path: Path, rule: string, cure: string): Problem {
  return { place: layered.place(path), path: formatPath(path), rule, cure };
}

function levelPaths(shared: unknown): Path[] {
  return keysOf(shared, "escalations").flatMap((escalation) =>
    keysOf(valueAt(shared, ["escalations", escalation]), "levels").flatMap((level) => {
      const path = ["escalations", escalation, "levels", level, "tell"];
      const tell = valueAt(shared, path);
      return Array.isArray(tell) ? tell.map((_, index): Path => [...path, index]) : [];
    }),
  );
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
