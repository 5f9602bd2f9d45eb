import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import * as pulumi from "@pulumi/pulumi";
import { owned } from "../plan/names.ts";
import type { DashboardPlan } from "../plan/types.ts";

export interface DashboardsArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** The dashboards to make, each with its whole body. */
  readonly dashboards: readonly DashboardPlan[];
}

/** The CloudWatch dashboards of an environment. */
export class Dashboards extends pulumi.ComponentResource {
  /** Names of the dashboards. */
  readonly names: readonly pulumi.Output<string>[];

  constructor(name: string, args: DashboardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Dashboards", name, {}, opts);
    const prefix = owned(args.environment, "");
    this.names = args.dashboards.map(
      (dashboard) =>
        new Dashboard(
          `${name}-${dashboard.name.slice(prefix.length)}`,
          { dashboardName: dashboard.name, dashboardBody: JSON.stringify(dashboard.body) },
          { parent: this },
        ).dashboardName,
    );
    this.registerOutputs({ names: this.names });
  }
}
