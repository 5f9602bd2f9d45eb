import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { RollcallError } from "../catalog/errors.ts";
import { loadEnvironment } from "../catalog/load.ts";
import { diskSource } from "../catalog/source.ts";
import { Monitoring } from "../components/monitoring.ts";
import { buildPlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { bundleProbe } from "../probes/runners/bundle.ts";

/**
 * Provisions the environment that has the stack's name, from the catalog in `root`. Throws a RunError, which
 * Pulumi prints without a stack trace, that holds every problem of the catalog.
 */
export async function program(root: string) {
  const plan = planOf(root, pulumi.getStack());
  const { lambdaDir } = bundleProbe(join(root, "dist", "probe"));
  const { topicArns, dashboards, buckets } = new Monitoring("rollcall", { plan, probeBundle: lambdaDir });
  return { catalog: plan.catalog, topicArns, dashboards, buckets };
}

function planOf(root: string, environment: string): Plan {
  try {
    return buildPlan(loadEnvironment(diskSource(root), environment));
  } catch (error) {
    throw error instanceof RollcallError ? new pulumi.RunError(error.message) : error;
  }
}
