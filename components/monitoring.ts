import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { owned } from "../plan/names.ts";
import type { Plan, ProbePlan } from "../plan/types.ts";
import { BackupVault } from "./backup-vault.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { Dashboards } from "./dashboards.ts";
import { Escalation } from "./escalation.ts";
import { LogRetention } from "./log-retention.ts";
import { McpServer } from "./mcp-server.ts";
import { Namespaces } from "./namespaces.ts";
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

    const escalations = plan.escalations.map(
      (escalation) =>
        new Escalation(`${name}-escalation-${escalation.escalation}`, { plan: escalation, accountId }, child),
    );
    this.topicArns = Object.fromEntries(escalations.flatMap(({ topicArns }) => Object.entries(topicArns)));
    for (const server of plan.servers) {
      const { topicArns } = this;
      new SloAlarms(`${name}-${server.server}-alarms`, { environment, plan: server, topicArns }, child);
    }

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
