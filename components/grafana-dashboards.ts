import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import type { GrafanaDashboard } from "../plan/grafana/dashboards.ts";
import { labelsOf } from "./labels.ts";

/** What a ConfigMap may hold (kubernetes.io/docs/concepts/configuration/configmap), in bytes. */
const MAX_BYTES = 1_048_576;

export interface GrafanaDashboardsArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Namespace in which Grafana's sidecar looks for dashboards. */
  readonly namespace: pulumi.Input<string>;
  /** The dashboards to hand over, each whole. */
  readonly dashboards: readonly GrafanaDashboard[];
}

/** Dashboards of Grafana, each in a ConfigMap that the sidecar of its chart finds by the label. */
export class GrafanaDashboards extends pulumi.ComponentResource {
  /** Names of the ConfigMaps by the uid of their dashboard. */
  readonly configMaps: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: GrafanaDashboardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:GrafanaDashboards", name, {}, opts);
    const { environment, namespace, dashboards } = args;
    const files = dashboards.map((dashboard) => ({
      ...dashboard,
      text: JSON.stringify(dashboard.dashboard),
    }));
    const large = files.find(({ text }) => Buffer.byteLength(text) >= MAX_BYTES);
    if (large !== undefined) {
      const rule = `the dashboard ${large.uid} has ${Buffer.byteLength(large.text)} bytes, and a ConfigMap holds less than ${MAX_BYTES}`;
      throw new pulumi.ResourceError(`${rule}: let PANELS_A_PAGE be smaller`, this, true);
    }
    const labels = { ...labelsOf({ app: "grafana-dashboards", environment }), grafana_dashboard: "1" };
    this.configMaps = Object.fromEntries(
      files.map(({ uid, text }) => {
        const map = new ConfigMap(
          `${name}-${uid}`,
          {
            metadata: {
              name: `grafana-dashboard-${uid}`,
              namespace,
              labels,
              annotations: { grafana_folder: "Rollcall" },
            },
            data: { [`${uid}.json`]: text },
          },
          { parent: this },
        );
        return [uid, map.metadata.name];
      }),
    );
    this.registerOutputs({ configMaps: this.configMaps });
  }
}
