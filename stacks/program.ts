import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { RollcallError } from "../catalog/errors.ts";
import { Monitoring, type MonitoringArgs } from "../components/monitoring.ts";
import { monitoringArgs } from "../plugin/monitoring-args.ts";

/**
 * Provisions the environment that has the stack's name, from the catalog in `root`. Throws a RunError, which
 * Pulumi prints without a stack trace, that holds every problem of the catalog.
 */
export async function program(root: string) {
  const args = argsOf(root, pulumi.getStack());
  const { topicArns, dashboards, buckets, statusUrl } = new Monitoring("rollcall", args);
  return { catalog: args.plan.catalog, topicArns, dashboards, buckets, statusUrl: statusUrl ?? "" };
}

function argsOf(root: string, environment: string): MonitoringArgs {
  try {
    return monitoringArgs({ root, environment, dist: join(root, "dist") });
  } catch (error) {
    throw error instanceof RollcallError ? new pulumi.RunError(error.message) : error;
  }
}
