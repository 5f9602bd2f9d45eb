import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";
import type { MonitorPlan, ServerMonitorPlan } from "../plan/types.ts";

/** At least as often as servers are checked, or an alarm would hear of a check late. */
const INTERVAL = "30s";
const TIMEOUT = "10s";

/** The page of a Service that the Prometheus operator has scraped (`monitoring.coreos.com/v1`). */
export function serviceMonitor(
  name: string,
  args: {
    /** The exporter's page, whose labels stand, or a server's own. */
    readonly plan: MonitorPlan | ServerMonitorPlan;
    /** Name, namespace and labels; the operator's own are added. */
    readonly metadata: {
      readonly name: pulumi.Input<string>;
      readonly namespace: pulumi.Input<string>;
      readonly labels: Record<string, string>;
    };
    /** Labels of the one Service, in the same namespace. */
    readonly selector: Record<string, string>;
    /** Name of its port. */
    readonly port: string;
  },
  opts: pulumi.CustomResourceOptions,
): CustomResource {
  const { plan, metadata, selector, port } = args;
  return new CustomResource(
    name,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { ...metadata, labels: { ...metadata.labels, ...plan.labels } },
      spec: {
        selector: { matchLabels: selector },
        endpoints: [
          {
            port,
            path: plan.path,
            interval: INTERVAL,
            scrapeTimeout: TIMEOUT,
            ...("seriesLabels" in plan
              ? bounded(plan)
              : // `server` and `environment` of the exporter's page are what rules and dashboards ask by
                { honorLabels: true }),
          },
        ],
        ...("seriesLabels" in plan ? { sampleLimit: plan.sampleLimit } : {}),
      },
    },
    opts,
  );
}

/** A page that somebody else writes: its labels give way, and the names that it may not use are dropped. */
function bounded({ seriesLabels, refusedSeries }: ServerMonitorPlan) {
  return {
    honorLabels: false,
    relabelings: Object.entries(seriesLabels).map(([targetLabel, replacement]) => ({
      targetLabel,
      replacement,
    })),
    metricRelabelings: [{ action: "drop", sourceLabels: ["__name__"], regex: refusedSeries }],
  };
}
