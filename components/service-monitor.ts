import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";
import type { MonitorPlan } from "../plan/types.ts";

/** At least as often as servers are checked, or an alarm would hear of a check late. */
const INTERVAL = "30s";
const TIMEOUT = "10s";

/** The page of a Service that the Prometheus operator has scraped (`monitoring.coreos.com/v1`). */
export function serviceMonitor(
  name: string,
  args: {
    readonly plan: MonitorPlan;
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
          // the page's own labels stand: `server` and `environment` are what rules and dashboards ask by
          { port, path: plan.path, interval: INTERVAL, scrapeTimeout: TIMEOUT, honorLabels: true },
        ],
      },
    },
    opts,
  );
}
