import { join } from "node:path";
import { loadEnvironment } from "../catalog/load.ts";
import { catalogTexts } from "../catalog/snapshot.ts";
import { diskSource } from "../catalog/source.ts";
import { bundleFunctions } from "../cloud/bundle.ts";
import type { MonitoringArgs } from "../components/monitoring.ts";
import { buildPlan } from "../plan/plan.ts";
import { bundleProbe } from "../probes/runners/bundle.ts";

/**
 * What a whole environment is made from: its plan and the texts of its catalog, and the programs that run there,
 * bundled into `dist`. Throws a RollcallError that holds every problem of the catalog.
 */
export function monitoringArgs(input: {
  /** Folder of the catalog, which holds `stacks/`. */
  readonly root: string;
  readonly environment: string;
  /** Folder for the bundles. */
  readonly dist: string;
}): MonitoringArgs {
  const { root, environment, dist } = input;
  const source = diskSource(root);
  const plan = buildPlan(loadEnvironment(source, environment));
  const { lambdaDir } = bundleProbe(join(dist, "probe"));
  const functionBundles = bundleFunctions(join(dist, "functions"));
  const catalog = Object.fromEntries(catalogTexts(source));
  return { plan, probeBundle: lambdaDir, functionBundles, catalog };
}
