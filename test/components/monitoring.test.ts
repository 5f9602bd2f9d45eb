import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { Monitoring } from "../../components/monitoring.ts";
import { ACCOUNT as ACCOUNT_PLACE } from "../../plan/names.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { MetricAlarm, Plan } from "../../plan/types.ts";
import { compositeAlarmCall, metricAlarmCall } from "../support/cloudwatch-inputs.ts";
import { ACCOUNT, only, type Recorded, record } from "../support/pulumi-mocks.ts";
import { FUNCTION_BUNDLES } from "../support/sample-plan.ts";

// Says what the program hands to the engine; what AWS and Kubernetes make of it is not proved here.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const planOf = (environment: string) => buildPlan(loadEnvironment(diskSource(ROOT), environment));

async function provision(environment: string) {
  const plan = planOf(environment);
  const resources = await record(
    () =>
      new Monitoring("rollcall", {
        plan,
        probeBundle: "/bundle/lambda",
        functionBundles: FUNCTION_BUNDLES,
        catalog: {},
      }),
  );
  const inputsOf = (type: string) => resources.filter((one) => one.type === type).map(({ inputs }) => inputs);
  return { plan, resources, inputsOf };
}

const byName = (a: { AlarmName?: unknown }, b: { AlarmName?: unknown }): number =>
  String(a.AlarmName).localeCompare(String(b.AlarmName));

/** The alarms of a plan as AWS is to get them: where one names the account, its number stands. */
function inAccount(alarms: readonly MetricAlarm[]): MetricAlarm[] {
  return JSON.parse(JSON.stringify(alarms).replaceAll(ACCOUNT_PLACE, ACCOUNT));
}

/** Every Deployment of a plan: the servers', and what watches them from within the cluster. */
function deploymentsOf({ workloads, probe, logs, status }: Plan): ReadonlySet<string> {
  const own = [probe?.exporter, logs.shipping, status?.cluster].flatMap((one) => one?.name ?? []);
  expect(own).toHaveLength(3);
  return new Set([...workloads.map(({ deployment }) => deployment), ...own]);
}

describe.each(["staging", "production"])("%s", (environment) => {
  let provisioned: Awaited<ReturnType<typeof provision>>;
  beforeAll(async () => {
    provisioned = await provision(environment);
  }, 120_000);

  test("what is tested is what is deployed: every alarm reaches CloudWatch field by field", () => {
    const { plan, inputsOf } = provisioned;
    const all = [...plan.servers, plan.fleet];
    const alarms = all.flatMap((one) => one.alarms.map(({ definition }) => definition));
    const composites = all.flatMap((one) => one.composites.map(({ definition }) => definition));
    expect(alarms.length).toBeGreaterThan(100);
    expect(inputsOf("aws:cloudwatch/metricAlarm:MetricAlarm").map(metricAlarmCall).sort(byName)).toEqual(
      inAccount(alarms).sort(byName),
    );
    expect(
      inputsOf("aws:cloudwatch/compositeAlarm:CompositeAlarm").map(compositeAlarmCall).sort(byName),
    ).toEqual([...composites].sort(byName));
  });

  test("[PLAY-09] the cluster is given the rules, Alertmanager's configuration and the dashboards of the plan", () => {
    const { plan, inputsOf, resources } = provisioned;
    const rules = inputsOf("kubernetes:monitoring.coreos.com/v1:PrometheusRule");
    const named = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
    expect(rules.flatMap(({ spec }) => spec.groups).sort(named)).toEqual(
      [...plan.prometheus.groups].sort(named),
    );
    // a secret reaches the engine in its envelope
    const { stringData } = only(resources, "kubernetes:core/v1:Secret").inputs;
    const text: string = (stringData.value ?? stringData)["alertmanager.yaml"];
    expect(JSON.parse(text)).toEqual(plan.alertmanager);
    const dashboards = inputsOf("kubernetes:core/v1:ConfigMap").filter(
      ({ metadata }) => metadata.labels?.grafana_dashboard === "1",
    );
    expect(
      dashboards.flatMap(({ data }) => Object.values<string>(data).map((text) => JSON.parse(text))),
    ).toEqual(plan.grafana.map(({ dashboard }) => dashboard));
  });

  test("[PLAY-12] every mute rule of the plan is made, after the composites that it names", () => {
    const { plan, resources } = provisioned;
    const rules = resources.filter(({ type }) => type === "aws:cloudwatch/alarmMuteRule:AlarmMuteRule");
    expect(rules.map(({ inputs }) => inputs.name).sort()).toEqual(
      plan.maintenance.map(({ rule }) => rule.Name).sort(),
    );
    expect(rules.length).toBe(environment === "staging" ? plan.maintenance.length : 0);
  });

  test("everything hangs below Monitoring, and the region and the tags are the plan's", () => {
    const { plan, resources } = provisioned;
    const urns = new Set(resources.map(({ urn }) => urn));
    const [root, ...below] = resources;
    expect(root).toMatchObject({ type: "rollcall:index:Monitoring", name: "rollcall", parent: "" });
    expect(below.filter(({ parent }) => !urns.has(parent))).toEqual([]);
    const provider = only(resources, "pulumi:providers:aws");
    expect(provider.inputs.region).toBe(plan.region);
    expect(JSON.parse(provider.inputs.defaultTags)).toEqual({
      tags: { Environment: environment, ManagedBy: "rollcall" },
    });
    const aws = resources.filter(({ type }) => type.startsWith("aws:"));
    expect(new Set(aws.map((one) => one.provider))).toEqual(new Set([provider.urn]));
  });

  test("every resource has a name of its own", () => {
    const { resources } = provisioned;
    expect(new Set(resources.map(({ urn }) => urn)).size).toBe(resources.length);
  });

  test("topics, log groups, namespaces and deployments are those of the plan, each once", () => {
    const { plan, inputsOf } = provisioned;
    const names = (type: string) => inputsOf(type).map(({ name }) => name);
    const objects = (type: string) => inputsOf(type).map(({ metadata }) => metadata.name);
    const topics = [
      `rollcall-${environment}-alarms`,
      ...plan.escalations.flatMap(({ levels }) => levels.map(({ topic }) => topic)),
    ];
    expect(names("aws:sns/topic:Topic").sort()).toEqual([...topics].sort());
    expect(names("aws:cloudwatch/logGroup:LogGroup").sort()).toEqual(
      plan.logGroups.map(({ name }) => name).sort(),
    );
    expect(objects("kubernetes:core/v1:Namespace").sort()).toEqual([...plan.namespaces].sort());
    const deployments = objects("kubernetes:apps/v1:Deployment");
    expect(new Set(deployments)).toEqual(deploymentsOf(plan));
    expect(deployments).toHaveLength(deploymentsOf(plan).size);
  });

  test("[CARD-05] every pattern counts the lines of every server's log group into the metric that its alarm reads", () => {
    const { plan, resources } = provisioned;
    const filters = resources.filter(({ type }) => type === "aws:cloudwatch/logMetricFilter:LogMetricFilter");
    expect(
      filters
        .map(({ inputs }) => [inputs.logGroupName, inputs.pattern, inputs.metricTransformation.name])
        .sort(),
    ).toEqual(
      plan.fleet.metricFilters.map(({ logGroup, pattern, metric }) => [logGroup, pattern, metric]).sort(),
    );
    const counted = new Set(filters.map(({ inputs }) => inputs.metricTransformation.name));
    // the fleet's other alarms read metrics of AWS and of the backup, which no line is counted into
    const namespaces = new Set(filters.map(({ inputs }) => inputs.metricTransformation.namespace));
    const read = plan.fleet.alarms.flatMap(({ definition }) =>
      "MetricName" in definition && namespaces.has(definition.Namespace) ? [definition.MetricName] : [],
    );
    expect(new Set(read)).toEqual(counted);
  });

  test("[CARD-06] every composite tells the escalation, and one that watches the escalation tells a level itself, once CloudWatch may publish there", () => {
    const { plan, resources } = provisioned;
    const policyOf = (topic: string): Recorded => {
      const made = resources.find(
        ({ type, inputs }) => type === "aws:sns/topic:Topic" && inputs.name === topic,
      );
      return only(resources, "aws:sns/topicPolicy:TopicPolicy", made?.name.replace(/-topic$/, "-policy"));
    };
    const composites = resources.filter(
      ({ type }) => type === "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    );
    const intake = `rollcall-${environment}-alarms`;
    for (const { delivery, topic, definition } of [...plan.servers, plan.fleet].flatMap(
      (one) => one.composites,
    )) {
      const made = composites.find(({ inputs }) => inputs.alarmName === definition.AlarmName);
      if (!definition.ActionsEnabled) {
        expect(made?.inputs).not.toHaveProperty("alarmActions");
        continue;
      }
      const policy = policyOf(delivery === "direct" ? topic : intake);
      expect(made?.inputs.alarmActions).toEqual([policy.inputs.arn]);
      expect(made?.inputs.okActions).toEqual([policy.inputs.arn]);
      expect(made?.dependencies).toContain(policy.urn);
    }
  });
});

test("an environment of one machine is not provisioned", async () => {
  await expect(provision("local")).rejects.toThrow("local is not an environment of the cloud");
});
