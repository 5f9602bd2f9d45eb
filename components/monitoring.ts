import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { FLEET, owned } from "../plan/names.ts";
import { prometheusRuleObjects } from "../plan/prometheus/objects.ts";
import type { Plan, ProbePlan } from "../plan/types.ts";
import { BackupVault } from "./backup-vault.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { CompositeAlarms, type CompositeAlarmsArgs } from "./composite-alarms.ts";
import { Dashboards } from "./dashboards.ts";
import { Escalation } from "./escalation.ts";
import { GrafanaDashboards } from "./grafana-dashboards.ts";
import { LogFilters } from "./log-filters.ts";
import { LogRetention } from "./log-retention.ts";
import { Maintenance } from "./maintenance.ts";
import { McpServer } from "./mcp-server.ts";
import { Namespaces } from "./namespaces.ts";
import { PrometheusRules } from "./prometheus-rules.ts";
import { SloAlarms } from "./slo-alarms.ts";
import { SyntheticProbe } from "./synthetic-probe.ts";

export interface MonitoringArgs {
  /** Everything that the environment is to have. */
  readonly plan: Plan;
  /** Folder of the bundled probe, which holds `index.mjs`. */
  readonly probeBundle: string;
}

/**
 * A whole environment: its servers and the probe in the cluster of the current kubeconfig, everything else in
 * the AWS region of the plan. It decides nothing; the plan does.
 */
export class Monitoring extends pulumi.ComponentResource {
  /** ARN of each escalation topic by its name. */
  readonly topicArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** Names of the dashboards. */
  readonly dashboards: readonly pulumi.Output<string>[];
  /** Names of the backup buckets. */
  readonly buckets: readonly pulumi.Output<string>[];

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Monitoring", name, {}, opts);
    const { plan, probeBundle } = args;
    const { environment } = plan;
    const { region, probe } = this.#cloud(plan);
    const tags = { Environment: environment, ManagedBy: "rollcall" };
    const aws = new Provider(`${name}-aws`, { region, defaultTags: { tags } }, { parent: this });
    const { accountId } = getCallerIdentityOutput({}, { parent: this, provider: aws });
    const child: pulumi.ComponentResourceOptions = { parent: this, providers: { aws } };

    const namespaces = new Namespaces(`${name}-namespaces`, { namespaces: plan.namespaces }, child);
    const namespaceOf = (place: string) => this.#named(namespaces.names, place);
    for (const workload of plan.workloads) {
      const namespace = namespaceOf(workload.namespace);
      new McpServer(`${name}-${workload.server}`, { environment, plan: workload, namespace }, child);
    }

    const logs = new LogRetention(`${name}-logs`, { groups: plan.logGroups }, child);
    const logGroup = this.#named(logs.groups, probe.logGroup);
    new SyntheticProbe(
      `${name}-probe`,
      { plan: probe.lambda, bundle: probeBundle, logGroup, accountId, region },
      child,
    );
    const namespace = namespaceOf(probe.cronJob.namespace);
    new ClusterProbe(`${name}-cluster-probe`, { environment, plan: probe.cronJob, namespace }, child);
    if (plan.operator !== null) {
      const { ruleLabels } = plan.operator;
      const objects = prometheusRuleObjects({ name: environment }, plan.prometheus.groups);
      const { alertmanager } = plan;
      new PrometheusRules(
        `${name}-rules`,
        { environment, objects, alertmanager, namespace, ruleLabels },
        child,
      );
    }
    new GrafanaDashboards(`${name}-grafana`, { environment, namespace, dashboards: plan.grafana }, child);

    const escalations = plan.escalations.map(
      (escalation) =>
        new Escalation(`${name}-escalation-${escalation.escalation}`, { plan: escalation, accountId }, child),
    );
    this.topicArns = Object.fromEntries(escalations.flatMap(({ topicArns }) => Object.entries(topicArns)));
    new LogFilters(`${name}-log-filters`, { filters: plan.fleet.metricFilters, groups: logs.groups }, child);
    const composites = this.#alarms(name, plan, child);
    const { maintenance } = plan;
    new Maintenance(`${name}-maintenance`, { environment, maintenance, composites }, child);

    const { dashboards } = plan;
    this.dashboards = new Dashboards(`${name}-dashboards`, { environment, dashboards }, child).names;
    this.buckets = plan.backups.map((backup) => {
      const suffix = backup.bucket.slice(owned(environment, "").length);
      return new BackupVault(`${name}-${suffix}`, { plan: backup, accountId }, child).bucket;
    });

    this.registerOutputs({
      topicArns: this.topicArns,
      dashboards: this.dashboards,
      buckets: this.buckets,
    });
  }

  /**
   * Metric alarms of every server, then the fleet's composites, which name them, then the servers' composites, which
   * the fleet's hold back. Returns every composite by its name.
   */
  #alarms(name: string, plan: Plan, child: pulumi.ComponentResourceOptions): Map<string, pulumi.Resource> {
    const { environment, fleet, servers } = plan;
    const { topicArns } = this;
    const watched = [{ server: FLEET, alarms: fleet.alarms }, ...servers];
    const metric = new Map<string, pulumi.Resource>(
      watched.flatMap(({ server, alarms }) => [
        ...new SloAlarms(`${name}-${server}-alarms`, { environment, server, alarms }, child).alarms,
      ]),
    );
    const told = { environment, topicArns };
    // the fleet's alarms name the parts of the servers' pages, and hold back the pages themselves
    const parts = this.#composites(`${name}-parts`, { ...told, plan, known: metric, acting: false }, child);
    const known = new Map([...metric, ...parts]);
    const composites = new CompositeAlarms(
      `${name}-${FLEET}-composites`,
      { ...told, server: FLEET, composites: fleet.composites, known },
      child,
    ).alarms;
    for (const [alarm, made] of composites) known.set(alarm, made);
    const acting = this.#composites(`${name}-composites`, { ...told, plan, known, acting: true }, child);
    return new Map<string, pulumi.Resource>([...composites, ...acting]);
  }

  /** The servers' composites that tell somebody, or the parts that tell nobody. */
  #composites(
    name: string,
    input: Pick<CompositeAlarmsArgs, "environment" | "topicArns" | "known"> & {
      readonly plan: Plan;
      readonly acting: boolean;
    },
    child: pulumi.ComponentResourceOptions,
  ): Map<string, pulumi.Resource> {
    const { plan, acting, ...told } = input;
    return new Map<string, pulumi.Resource>(
      plan.servers.flatMap(({ server, composites: all }) => {
        const composites = all.filter(({ definition }) => definition.ActionsEnabled === acting);
        if (composites.length === 0) return [];
        return [...new CompositeAlarms(`${name}-${server}`, { ...told, server, composites }, child).alarms];
      }),
    );
  }

  #cloud({ environment, region, probe }: Plan): { readonly region: string; readonly probe: ProbePlan } {
    if (region !== null && probe !== null) return { region, probe };
    const rule = `${environment} is not an environment of the cloud; run it with \`npx rollcall up ${environment}\``;
    throw new pulumi.ResourceError(rule, this, true);
  }

  /** What another component has made under this name. */
  #named<T>(made: Readonly<Record<string, T>>, name: string): T {
    const found = made[name];
    if (found === undefined)
      throw new pulumi.ResourceError(`the plan names ${name} but does not have it`, this, true);
    return found;
  }
}
