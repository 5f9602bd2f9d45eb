import { PROBE_NAMESPACE } from "../plan/probe.ts";
import { prometheusRuleObjects } from "../plan/prometheus/objects.ts";
import { siteOf } from "../plan/status.ts";
import type { Plan } from "../plan/types.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ClusterStatus } from "./cluster-status.ts";
import { Exporter } from "./exporter.ts";
import { GrafanaDashboards } from "./grafana-dashboards.ts";
import { LogShipping } from "./log-shipping.ts";
import { McpServer } from "./mcp-server.ts";
import { PrometheusRules } from "./prometheus-rules.ts";
import { named, type Setting } from "./setting.ts";

/** Everything of an environment that runs or lies in the cluster, but for its backup, which goes with its bucket. */
export function inCluster(setting: Setting): void {
  servers(setting);
  clusterProbe(setting);
  shipping(setting);
  rules(setting);
  clusterStatus(setting);
}

function servers({ name, plan, child, namespaces }: Setting): void {
  const { environment } = plan;
  for (const workload of plan.workloads) {
    const namespace = named(namespaces, workload.namespace);
    const aliases = formerNames(plan, workload.server).map((former) => ({ name: `${name}-${former}` }));
    // a Deployment that keeps its name through a rename of its server stays the same object
    const options = { ...child, aliases };
    new McpServer(`${name}-${workload.server}`, { environment, plan: workload, namespace }, options);
  }
}

function clusterProbe({ name, plan, probe, child, namespaces }: Setting): void {
  const common = { environment: plan.environment, namespace: named(namespaces, PROBE_NAMESPACE) };
  const { cronJob, exporter } = probe;
  if (cronJob !== null) new ClusterProbe(`${name}-cluster-probe`, { ...common, plan: cronJob }, child);
  if (exporter !== null) new Exporter(`${name}-exporter`, { ...common, plan: exporter }, child);
}

function shipping({ name, plan, child, place, namespaces, logGroups }: Setting): void {
  const { environment, logs } = plan;
  if (logs.shipping === null) return;
  const { accountId, region } = place;
  new LogShipping(
    `${name}-log-shipping`,
    {
      environment,
      plan: logs.shipping,
      namespace: named(namespaces, PROBE_NAMESPACE),
      namespaces: logs.shipping.namespaces.map((namespace) => named(namespaces, namespace)),
      logGroupArns: logs.shipping.logGroups.map((group) => named(logGroups, group).arn),
      accountId,
      region,
    },
    child,
  );
}

function rules({ name, plan, child, namespaces }: Setting): void {
  const { environment, alertmanager } = plan;
  const namespace = named(namespaces, PROBE_NAMESPACE);
  if (plan.operator !== null) {
    const { ruleLabels } = plan.operator;
    const objects = prometheusRuleObjects({ name: environment }, plan.prometheus.groups);
    const args = { environment, objects, alertmanager, namespace, ruleLabels };
    new PrometheusRules(`${name}-rules`, args, child);
  }
  new GrafanaDashboards(`${name}-grafana`, { environment, namespace, dashboards: plan.grafana }, child);
}

function clusterStatus({ name, plan, child, namespaces }: Setting): void {
  const pods = plan.status?.cluster ?? null;
  if (pods === null) return;
  const site = siteOf(plan, "cluster");
  const namespace = named(namespaces, PROBE_NAMESPACE);
  const args = { environment: plan.environment, plan: pods, site, namespace };
  new ClusterStatus(`${name}-cluster-status`, args, child);
}

/** The name that a server had before a rename; empty where it had no other. */
function formerNames({ servers }: Plan, name: string): string[] {
  return servers.flatMap(({ server, formerly }) => (server === name && formerly !== null ? [formerly] : []));
}
