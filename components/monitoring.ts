import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Provider } from "@pulumi/aws/provider.js";
import { ScheduleGroup } from "@pulumi/aws/scheduler/scheduleGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { owned, scheduleGroup } from "../plan/names.ts";
import type { Plan, ProbePlan } from "../plan/types.ts";
import { Dashboards } from "./dashboards.ts";
import { EnvironmentKey } from "./environment-key.ts";
import { LogRetention } from "./log-retention.ts";
import { alerting, backups, cloudProbe, cloudStatus, type FunctionBundles } from "./monitoring-cloud.ts";
import { inCluster } from "./monitoring-cluster.ts";
import { Namespaces } from "./namespaces.ts";
import type { Setting } from "./setting.ts";

export interface MonitoringArgs {
  /** Everything that the environment is to have. */
  readonly plan: Plan;
  /** Folder of the bundled probe, which holds `index.mjs`. */
  readonly probeBundle: string;
  /** Texts of the catalog by their paths: what is backed up. */
  readonly catalog: Readonly<Record<string, string>>;
  /** Folders of the bundled functions, each with its `index.mjs`. */
  readonly functionBundles: FunctionBundles;
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
    const { plan, probeBundle: bundle, functionBundles: bundles, catalog } = args;
    const { environment, dashboards } = plan;
    const { region, probe } = this.#cloud(plan);
    const tags = { Environment: environment, ManagedBy: "rollcall" };
    const aws = new Provider(`${name}-aws`, { region, defaultTags: { tags } }, { parent: this });
    const { accountId } = getCallerIdentityOutput({}, { parent: this, provider: aws });
    const child: pulumi.ComponentResourceOptions = { parent: this, providers: { aws } };
    const key = { name: owned(environment, "key"), accountId, region, protect: plan.protect };
    const { arn: keyArn } = new EnvironmentKey(`${name}-key`, key, child);
    const { names: namespaces } = new Namespaces(
      `${name}-namespaces`,
      { namespaces: plan.namespaces },
      child,
    );
    const schedules = new ScheduleGroup(
      `${name}-schedules`,
      { name: scheduleGroup(environment) },
      { parent: this, provider: aws },
    );
    const { groups: logGroups } = new LogRetention(`${name}-logs`, { groups: plan.logGroups, keyArn }, child);
    const place = { accountId, region, keyArn };
    const setting: Setting = { name, plan, probe, child, place, namespaces, logGroups };

    inCluster(setting);
    cloudProbe(setting, { bundle, scheduleGroup: schedules.name });
    const { topicArns, intakeArn } = alerting(setting, bundles);
    this.topicArns = topicArns;
    this.intakeArn = intakeArn;
    this.dashboards = new Dashboards(`${name}-dashboards`, { environment, dashboards }, child).names;
    this.buckets = backups(setting, { bundles, catalog, scheduleGroup: schedules.name });
    this.statusUrl = cloudStatus(setting, bundles);

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
