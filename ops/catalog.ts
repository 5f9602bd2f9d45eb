import type { Problem } from "../catalog/errors.ts";
import { usageError } from "../catalog/errors.ts";
import { distinct, environmentNames, inspectEnvironment, loadEnvironment } from "../catalog/load.ts";
import { type CatalogSource, diskSource } from "../catalog/source.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { planProblems } from "../plan/plan.ts";

/** The catalog of the folder that the command is run in. */
export function localCatalog(): CatalogSource {
  return diskSource(process.cwd());
}

/** Loads an environment by its name. @throws RollcallError (catalog) with every problem, (usage) with no catalog. */
export function environmentOf(name: string): Environment {
  const source = localCatalog();
  assertCatalog(source);
  return loadEnvironment(source, name);
}

/** The server that --server names, or all of them. @throws RollcallError (usage) when there is none of this name. */
export function serversOf(environment: Environment, name: string | undefined): readonly Server[] {
  if (name === undefined) return environment.servers;
  const servers = environment.servers.filter((server) => server.name === name);
  if (servers.length > 0) return servers;
  throw usageError({
    place: `--server ${name}`,
    rule: `there is no server of this name in ${environment.name}`,
    cure: `name one of ${environment.servers.map((server) => server.name).join(", ")}`,
  });
}

/** Every problem of the environments named (all when none is), the catalog's own and those of its promises. */
export function problemsOf(names: readonly string[]): {
  readonly environments: readonly string[];
  readonly problems: readonly Problem[];
} {
  const source = localCatalog();
  const environments = names.length > 0 ? names : environmentNames(source);
  assertCatalog(source);
  const problems = environments.flatMap((name) => {
    const inspected = inspectEnvironment(source, name);
    return [
      ...inspected.problems,
      ...(inspected.environment === undefined ? [] : planProblems(inspected.environment)),
    ];
  });
  return { environments, problems: distinct(problems) };
}

function assertCatalog(source: CatalogSource): void {
  if (environmentNames(source).length > 0) return;
  throw usageError({
    place: process.cwd(),
    rule: "there is no catalog here",
    cure: "run the command in the folder that holds stacks/",
  });
}
