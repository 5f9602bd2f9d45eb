import type * as pulumi from "@pulumi/pulumi";
import { escalatorOf } from "../plan/escalator.ts";
import { owned } from "../plan/names.ts";
import { PROBE_NAMESPACE } from "../plan/probe.ts";
import { siteOf } from "../plan/status.ts";
import { type BackupBundles, BackupJobs } from "./backup-jobs.ts";
import { BackupVault, vaultArgs } from "./backup-vault.ts";
import { ClusterBackup } from "./cluster-backup.ts";
import { EnvironmentAlarms } from "./environment-alarms.ts";
import { Escalation } from "./escalation.ts";
import type { EscalationBundles } from "./escalation-functions.ts";
import { LogFilters } from "./log-filters.ts";
import { Maintenance } from "./maintenance.ts";
import { named, type Setting } from "./setting.ts";
import { type StatusBundles, StatusSite } from "./status-site.ts";
import { SyntheticProbe } from "./synthetic-probe.ts";

/** Folders of the bundled functions, each with its `index.mjs`. */
export type FunctionBundles = EscalationBundles & BackupBundles & StatusBundles;

/** Name of the environment's group of schedules, by which Scheduler counts what it could not start. */
interface Scheduled {
  readonly scheduleGroup: pulumi.Input<string>;
}

/** The probe in AWS. */
export function cloudProbe(setting: Setting, args: Scheduled & { readonly bundle: string }): void {
  const { name, probe, place, logGroups, child } = setting;
  const logGroup = named(logGroups, probe.logGroup);
  new SyntheticProbe(`${name}-probe`, { ...place, ...args, plan: probe.lambda, logGroup }, child);
}

/** Who is told, the alarms that tell them, and when these are mute. */
export function alerting(
  { name, plan, place, logGroups, child }: Setting,
  bundles: EscalationBundles,
): Pick<Escalation, "topicArns" | "intakeArn"> {
  const escalator = escalatorOf(plan);
  const logGroup = named(logGroups, escalator.logGroup);
  const { topicArns, intakeArn } = new Escalation(
    `${name}-escalation`,
    { ...place, plan: escalator, bundles, logGroup },
    child,
  );
  new LogFilters(`${name}-log-filters`, { filters: plan.fleet.metricFilters, groups: logGroups }, child);
  const { accountId } = place;
  const told = { plan, topicArns, intakeArn, accountId };
  const { composites } = new EnvironmentAlarms(`${name}-alarms`, told, child);
  const { environment, maintenance } = plan;
  new Maintenance(`${name}-maintenance`, { environment, maintenance, composites }, child);
  return { topicArns, intakeArn };
}

/** Where backups lie, and the jobs that make and try them. */
export function backups(
  setting: Setting,
  args: Scheduled & { readonly bundles: BackupBundles; readonly catalog: Readonly<Record<string, string>> },
): pulumi.Output<string>[] {
  const { name, plan, place, namespaces, logGroups, child } = setting;
  return plan.backups.map((backup) => {
    const suffix = backup.bucket.slice(owned(plan.environment, "").length);
    const vault = new BackupVault(`${name}-${suffix}`, { ...vaultArgs(backup), ...place }, child);
    const to = { ...place, bucket: vault.bucket, bucketArn: vault.bucketArn };
    const logGroup = named(logGroups, backup.logGroup);
    new BackupJobs(`${name}-backup-jobs`, { ...to, ...args, plan: backup, logGroup }, child);
    if (backup.cluster !== null) {
      const namespace = named(namespaces, PROBE_NAMESPACE);
      const within = { environment: plan.environment, namespace, namespaces };
      new ClusterBackup(`${name}-cluster-backup`, { ...to, ...within, plan: backup.cluster }, child);
    }
    return vault.bucket;
  });
}

/** Where the status is served in AWS, to whom IAM lets in; null where it is not. */
export function cloudStatus(
  { name, plan, place, logGroups, child }: Setting,
  { status: bundle }: StatusBundles,
): pulumi.Output<string> | null {
  const served = plan.status?.aws ?? null;
  if (served === null) return null;
  const logGroup = named(logGroups, served.logGroup);
  const args = { ...place, plan: served, site: siteOf(plan, "aws"), bundle, logGroup };
  return new StatusSite(`${name}-status`, args, child).url;
}
