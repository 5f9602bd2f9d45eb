import { expect, test } from "vitest";
import { PrometheusRules } from "../../components/prometheus-rules.ts";
import type { AlertmanagerConfig } from "../../plan/alertmanager/types.ts";
import type { PrometheusRuleObject } from "../../plan/prometheus/objects.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";

const RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule";
const SECRET = "kubernetes:core/v1:Secret";

const object = (server: string): PrometheusRuleObject => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: { name: `rollcall-test-${server}`, labels: { "app.kubernetes.io/part-of": "rollcall" } },
  spec: { groups: [{ name: server, rules: [{ alert: "Watchdog", expr: "vector(1)" }] }] },
});

const alertmanager: AlertmanagerConfig = {
  global: {},
  route: { receiver: "reader" },
  receivers: [{ name: "reader" }],
  inhibit_rules: [],
  time_intervals: [],
};

const build = (ruleLabels?: Readonly<Record<string, string>>) =>
  record(
    () =>
      new PrometheusRules("rules", {
        environment: "test",
        objects: [object("library"), object("fleet")],
        alertmanager,
        namespace: "rollcall",
        ...(ruleLabels === undefined ? {} : { ruleLabels }),
      }),
  );

test("[PLAY-09] the rules are one object a server, with one for all and Alertmanager's Secret, and nothing else", async () => {
  const resources = await build();
  expect(childrenOf(resources, "rules")).toEqual([
    `${SECRET} rules-alertmanager`,
    `${RULE} rules-fleet`,
    `${RULE} rules-library`,
  ]);
  expect(resources).toHaveLength(4);
  expect(only(resources, RULE, "rules-library").inputs).toEqual({
    ...object("library"),
    metadata: { ...object("library").metadata, namespace: "rollcall" },
  });
});

test("an object carries the labels by which the cluster's Prometheus chooses its rules", async () => {
  const { inputs } = only(await build({ release: "monitoring" }), RULE, "rules-fleet");
  expect(inputs.metadata.labels).toEqual({ "app.kubernetes.io/part-of": "rollcall", release: "monitoring" });
});

test("the Secret holds the configuration under the key that the operator reads", async () => {
  const { inputs } = only(await build(), SECRET);
  expect(inputs.metadata).toMatchObject({ name: "rollcall-test-alertmanager", namespace: "rollcall" });
  // what is in a Secret is secret to Pulumi too, which wraps it
  const { value } = inputs.stringData;
  expect(Object.keys(value)).toEqual(["alertmanager.yaml"]);
  expect(JSON.parse(value["alertmanager.yaml"])).toEqual(alertmanager);
});
