import type { Problem } from "../catalog/errors.ts";
import { RollcallError, usageError } from "../catalog/errors.ts";
import { environmentNames, loadEnvironment, validateCatalog } from "../catalog/load.ts";
import { type CatalogSource, diskSource } from "../catalog/source.ts";
import type { Environment } from "../catalog/types.ts";
import { buildPlan } from "../plan/plan.ts";

/** The catalog of the folder that the command is run in. */
export function localCatalog(): CatalogSource {
  return diskSource(process.cwd());
}

/** Loads an environment by its name. @throws RollcallError (catalog) with every problem. */
export function environmentOf(name: string): Environment {
  return loadEnvironment(localCatalog(), name);
}

/** Every problem of the environments named (all when none is): the catalog's own, then those of its promises. */
export function problemsOf(names: readonly string[]): {
  readonly environments: readonly string[];
  readonly problems: readonly Problem[];
} {
  const source = localCatalog();
  const environments = names.length > 0 ? names : environmentNames(source);
  if (environments.length === 0) {
    throw usageError({
      place: process.cwd(),
      rule: "there is no catalog here",
      cure: "run the command in the folder that holds stacks/",
    });
  }
  const problems = validateCatalog(source, environments);
  return {
    environments,
    problems: problems.length > 0 ? problems : environments.flatMap((name) => promiseProblems(source, name)),
  };
}

function promiseProblems(source: CatalogSource, name: string): readonly Problem[] {
  try {
    buildPlan(loadEnvironment(source, name));
    return [];
  } catch (error) {
    if (error instanceof RollcallError) return error.problems;
    throw error;
  }
}
