import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Provider } from "@pulumi/aws/provider.js";
import { ScheduleGroup } from "@pulumi/aws/scheduler/scheduleGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { escalatorOf } from "../plan/escalator.ts";
import { owned, scheduleGroup } from "../plan/names.ts";
import { PROBE_NAMESPACE } from "../plan/probe.ts";
import { prometheusRuleObjects } from "../plan/prometheus/objects.ts";
import { siteOf } from "../plan/status.ts";
import type { Plan, ProbePlan } from "../plan/types.ts";
import { type BackupBundles, BackupJobs } from "./backup-jobs.ts";
import { BackupVault, vaultArgs } from "./backup-vault.ts";
import { ClusterBackup } from "./cluster-backup.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ClusterStatus } from "./cluster-status.ts";
import { Dashboards } from "./dashboards.ts";
import { EnvironmentAlarms } from "./environment-alarms.ts";
import { EnvironmentKey } from "./environment-key.ts";
import { Escalation } from "./escalation.ts";
import type { EscalationBundles } from "./escalation-functions.ts";
import { Exporter } from "./exporter.ts";
import { GrafanaDashboards } from "./grafana-dashboards.ts";
import { LogFilters } from "./log-filters.ts";
import { LogRetention } from "./log-retention.ts";
import { LogShipping } from "./log-shipping.ts";
import { Maintenance } from "./maintenance.ts";
import { McpServer } from "./mcp-server.ts";
import { Namespaces } from "./namespaces.ts";
import { PrometheusRules } from "./prometheus-rules.ts";
import { type StatusBundles, StatusSite } from "./status-site.ts";
import { SyntheticProbe } from "./synthetic-probe.ts";

export interface MonitoringArgs {
  /** Everything that the environment is to have. */
  readonly plan: Plan;
  /** Folder of the bundled probe, which holds `index.mjs`. */
  readonly probeBundle: string;
  /** Texts of the catalog by their paths: what is backed up. */
  readonly catalog: Readonly<Record<string, string>>;
  /** Folders of the bundled functions, each with its `index.mjs`. */
  readonly functionBundles: EscalationBundles & BackupBundles & StatusBundles;
}

/**
 * A whole environment: its servers and the probe in the cluster of the current kubeconfig, everything else in
 * the AWS region of the plan. It decides nothing; the plan does.
 */
export class Monitoring extends pulumi.ComponentResource {
  /** ARN of each escalation topic by its name. */
  readonly topicArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** ARN of the topic that alarms publish to. */
  readonly intakeArn: pulumi.Output<string>;
  /** Names of the dashboards. */
  readonly dashboards: readonly pulumi.Output<string>[];
  /** Names of the backup buckets. */
  readonly buckets: readonly pulumi.Output<string>[];
  /** Where the status is served in AWS, to whom IAM lets in; null where it is not. */
  readonly statusUrl: pulumi.Output<string> | null;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Monitoring", name, {}, opts);
    const { plan, probeBundle } = args;
    const { environment } = plan;
    const { region, probe } = this.#cloud(plan);
    const tags = { Environment: environment, ManagedBy: "rollcall" };
    const aws = new Provider(`${name}-aws`, { region, defaultTags: { tags } }, { parent: this });
    const { accountId } = getCallerIdentityOutput({}, { parent: this, provider: aws });
    const child: pulumi.ComponentResourceOptions = { parent: this, providers: { aws } };
    const key = { name: owned(environment, "key"), accountId, region, protect: plan.protect };
    const { arn: keyArn } = new EnvironmentKey(`${name}-key`, key, child);

    const namespaces = new Namespaces(`${name}-namespaces`, { namespaces: plan.namespaces }, child);
    const namespaceOf = (place: string) => this.#named(namespaces.names, place);
    for (const workload of plan.workloads) {
      const namespace = namespaceOf(workload.namespace);
      const aliases = formerNames(plan, workload.server).map((former) => ({ name: `${name}-${former}` }));
      const server = { environment, plan: workload, namespace };
      // a Deployment that keeps its name through a rename of its server stays the same object
      new McpServer(`${name}-${workload.server}`, server, { ...child, aliases });
    }

    const schedules = new ScheduleGroup(
      `${name}-schedules`,
      { name: scheduleGroup(environment) },
      { parent: this, provider: aws },
    );
    const logs = new LogRetention(`${name}-logs`, { groups: plan.logGroups, keyArn }, child);
    const logGroup = this.#named(logs.groups, probe.logGroup);
    new SyntheticProbe(
      `${name}-probe`,
      {
        plan: probe.lambda,
        bundle: probeBundle,
        logGroup,
        accountId,
        region,
        keyArn,
        scheduleGroup: schedules.name,
      },
      child,
    );
    const namespace = namespaceOf(PROBE_NAMESPACE);
    const { cronJob, exporter } = probe;
    if (cronJob !== null)
      new ClusterProbe(`${name}-cluster-probe`, { environment, plan: cronJob, namespace }, child);
    if (exporter !== null)
      new Exporter(`${name}-exporter`, { environment, plan: exporter, namespace }, child);
    const { shipping } = plan.logs;
    if (shipping !== null) {
      const shipped = {
        namespaces: shipping.namespaces.map(namespaceOf),
        logGroupArns: shipping.logGroups.map((group) => this.#named(logs.groups, group).arn),
      };
      new LogShipping(
        `${name}-log-shipping`,
        { environment, plan: shipping, namespace, ...shipped, accountId, region },
        child,
      );
    }
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

    const escalator = escalatorOf(plan);
    const escalation = new Escalation(
      `${name}-escalation`,
      {
        plan: escalator,
        bundles: args.functionBundles,
        logGroup: this.#named(logs.groups, escalator.logGroup),
        accountId,
        region,
        keyArn,
      },
      child,
    );
    this.topicArns = escalation.topicArns;
    this.intakeArn = escalation.intakeArn;
    new LogFilters(`${name}-log-filters`, { filters: plan.fleet.metricFilters, groups: logs.groups }, child);
    const told = { topicArns: this.topicArns, intakeArn: this.intakeArn };
    const { composites } = new EnvironmentAlarms(`${name}-alarms`, { plan, ...told, accountId }, child);
    const { maintenance } = plan;
    new Maintenance(`${name}-maintenance`, { environment, maintenance, composites }, child);

    const { dashboards } = plan;
    this.dashboards = new Dashboards(`${name}-dashboards`, { environment, dashboards }, child).names;
    this.buckets = plan.backups.map((backup) => {
      const suffix = backup.bucket.slice(owned(environment, "").length);
      const sealed = { keyArn, accountId, region };
      const scheduled = { scheduleGroup: schedules.name };
      const vault = new BackupVault(`${name}-${suffix}`, { ...vaultArgs(backup), ...sealed }, child);
      const to = { ...sealed, bucket: vault.bucket, bucketArn: vault.bucketArn };
      const { functionBundles: bundles, catalog } = args;
      const backupLog = this.#named(logs.groups, backup.logGroup);
      new BackupJobs(
        `${name}-backup-jobs`,
        { ...to, ...scheduled, plan: backup, bundles, catalog, logGroup: backupLog },
        child,
      );
      if (backup.cluster !== null)
        new ClusterBackup(
          `${name}-cluster-backup`,
          { ...to, environment, plan: backup.cluster, namespace, namespaces: namespaces.names },
          child,
        );
      return vault.bucket;
    });

    const { aws: statusFunction = null, cluster: statusPods = null } = plan.status ?? {};
    this.statusUrl =
      statusFunction === null
        ? null
        : new StatusSite(
            `${name}-status`,
            {
              plan: statusFunction,
              site: siteOf(plan, "aws"),
              bundle: args.functionBundles.status,
              logGroup: this.#named(logs.groups, statusFunction.logGroup),
              accountId,
              region,
              keyArn,
            },
            child,
          ).url;
    if (statusPods !== null) {
      const site = siteOf(plan, "cluster");
      const pods = { environment, plan: statusPods, site, namespace };
      new ClusterStatus(`${name}-cluster-status`, pods, child);
    }

    this.registerOutputs({
      // read by the policies, which see the outputs of a component only
      costMonthly: plan.cost?.monthly ?? 0,
      ...(plan.cost?.ceiling == null ? {} : { costCeiling: plan.cost.ceiling }),
      promises: promisesOf(plan),
      topicArns: this.topicArns,
      dashboards: this.dashboards,
      buckets: this.buckets,
      statusUrl: this.statusUrl,
    });
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

/** The name that a server had before a rename; empty where it had no other. */
function formerNames({ servers }: Plan, name: string): string[] {
  return servers.flatMap(({ server, formerly }) => (server === name && formerly !== null ? [formerly] : []));
}

/** How often each promise is looked at, and how many failures of it page. */
function promisesOf({ servers }: Plan) {
  return servers.flatMap(({ server, objectives, probe }) =>
    objectives.flatMap((objective) => {
      if (objective.sli === "latency") return [];
      const { name, objectivePpm, windowMs, page, failuresToPage } = objective;
      const { everyMs, samples } = probe;
      return [{ server, objective: name, objectivePpm, windowMs, page, failuresToPage, everyMs, samples }];
    }),
  );
}
