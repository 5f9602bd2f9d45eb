import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { LogMetricFilter } from "@pulumi/aws/cloudwatch/logMetricFilter.js";
import * as pulumi from "@pulumi/pulumi";
import type { MetricFilterPlan } from "../plan/types.ts";

export interface LogFiltersArgs {
  readonly filters: readonly MetricFilterPlan[];
  /** Every log group by its name. */
  readonly groups: Readonly<Record<string, LogGroup>>;
}

/** Counts lines of log groups into metrics that alarms read. A line counts one, no line counts nothing. */
export class LogFilters extends pulumi.ComponentResource {
  constructor(name: string, args: LogFiltersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:LogFilters", name, {}, opts);
    for (const filter of args.filters) {
      const group = args.groups[filter.logGroup];
      if (group === undefined)
        throw new pulumi.ResourceError(`${filter.logGroup} is a log group that nobody makes`, this, true);
      new LogMetricFilter(
        `${name}-${filter.name}`,
        {
          name: filter.name,
          logGroupName: group.name,
          pattern: filter.pattern,
          metricTransformation: { name: filter.metric, namespace: filter.namespace, value: "1" },
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
