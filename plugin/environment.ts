import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { RollcallError } from "../catalog/errors.ts";
import { name as catalogName } from "../catalog/names.ts";
import { Monitoring, type MonitoringArgs } from "../components/monitoring.ts";
import { checked, refused } from "./checked.ts";
import { monitoringArgs } from "./monitoring-args.ts";
import { token } from "./names.ts";

export interface EnvironmentArgs {
  /** Folder that holds the catalog: stacks/ with its environments and servers. Relative to the folder that Pulumi runs in. */
  readonly catalog: string;
  /** Name of the environment, as in stacks/production.yaml. */
  readonly environment: string;
}

const schema = z.strictObject({ catalog: z.string().min(1), environment: catalogName });

/** The bundles depend on the sources of this package only, and lie beside them. */
const DIST = join(import.meta.dirname, "..", "dist", "plugin");

/**
 * A whole environment of a catalog, as the program of Rollcall's own repository builds it: servers and probe in the
 * cluster of the Kubernetes provider, everything else in the AWS region that the catalog names.
 */
export class Environment extends pulumi.ComponentResource {
  /** ARN of each escalation topic by its name. */
  readonly topicArns: pulumi.Output<Record<string, string>>;
  /** Names of the CloudWatch dashboards. */
  readonly dashboards: pulumi.Output<string[]>;
  /** Names of the backup buckets. */
  readonly buckets: pulumi.Output<string[]>;
  /** Where the status is served in AWS, to whom IAM lets in; empty where the catalog turns that off. */
  readonly statusUrl: pulumi.Output<string>;
  /** Hash of the catalog that it was built from. */
  readonly catalogHash: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Environment"), name, {}, opts);
    const { catalog, environment } = checked({ component: this, schema, args });
    const whole = argsOf(this, { root: resolve(catalog), environment, dist: join(DIST, environment) });
    const monitoring = new Monitoring(name, whole, { parent: this });
    this.topicArns = pulumi.output({ ...monitoring.topicArns });
    this.dashboards = pulumi.output([...monitoring.dashboards]);
    this.buckets = pulumi.output([...monitoring.buckets]);
    this.statusUrl = pulumi.output(monitoring.statusUrl ?? "");
    this.catalogHash = pulumi.output(whole.plan.catalog);
    this.registerOutputs({
      topicArns: this.topicArns,
      dashboards: this.dashboards,
      buckets: this.buckets,
      statusUrl: this.statusUrl,
      catalogHash: this.catalogHash,
    });
  }
}

function argsOf(component: pulumi.Resource, input: Parameters<typeof monitoringArgs>[0]): MonitoringArgs {
  try {
    return monitoringArgs(input);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    const problems = error.problems.map(({ place, path, rule, cure }) => {
      const subject = path === "" ? place : `${place}  ${path}`;
      return { place, path: "catalog", rule: `${subject}: ${rule}`, cure };
    });
    throw refused(component, problems);
  }
}
