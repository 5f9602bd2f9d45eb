import { beforeAll, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { Environment } from "../../catalog/types.ts";
import { formatYaml, parseYaml } from "../../catalog/yaml.ts";
import { dnsLabel, type OpenSloDocument, openSlo, openSloDuration } from "../../plan/openslo.ts";
import { ROOT } from "../support/cli.ts";
import { asArray, asRecord, type JsonRecord } from "../support/json.ts";

// The rules below are those of the specification, OpenSLO v1, and of its own validator (OpenSLO/go-sdk, pkg/openslo/v1),
// written down by hand: the validator itself is a Go module that cannot be had everywhere.

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const DURATION = /^[1-9]\d*[mhdwMQY]$/;

/** Exactly these keys; those with a question mark may be missing. */
function keys(value: unknown, allowed: readonly string[], at: string): string[] {
  const record = asRecord(value);
  const required = allowed.filter((key) => !key.endsWith("?"));
  const known = allowed.map((key) => key.replace("?", ""));
  return [
    ...required.filter((key) => record[key] === undefined).map((key) => `${at}.${key} is missing`),
    ...Object.keys(record)
      .filter((key) => !known.includes(key))
      .map((key) => `${at}.${key} is not known`),
  ];
}

function metadataFaults(value: unknown, at: string): string[] {
  const { name, displayName = "", labels = {}, annotations = {} } = asRecord(value);
  return [
    ...keys(value, ["name", "displayName?", "labels?", "annotations?"], at),
    ...(LABEL.test(String(name)) ? [] : [`${at}.name ${String(name)} is no DNS label`]),
    ...(String(displayName).length <= 63 ? [] : [`${at}.displayName is too long`]),
    ...[...Object.keys(asRecord(labels)), ...Object.keys(asRecord(annotations))].filter(
      (key) => !LABEL_KEY.test(key),
    ),
  ];
}

function sourceFaults(value: unknown, at: string): string[] {
  const { metricSource } = asRecord(value);
  const { metricSourceRef, spec } = asRecord(metricSource);
  return [
    ...keys(value, ["metricSource"], at),
    ...keys(metricSource, ["metricSourceRef?", "type?", "spec"], `${at}.metricSource`),
    ...(LABEL.test(String(metricSourceRef)) ? [] : [`${at}.metricSourceRef`]),
    ...(Object.keys(asRecord(spec)).length > 0 ? [] : [`${at}.spec is empty`]),
  ];
}

function sliFaults(value: unknown, at: string): string[] {
  const { thresholdMetric, ratioMetric } = asRecord(value);
  if ((thresholdMetric === undefined) === (ratioMetric === undefined))
    return [`${at} needs one of two metrics`];
  if (thresholdMetric !== undefined) return sourceFaults(thresholdMetric, `${at}.thresholdMetric`);
  const { good, total, raw, rawType } = asRecord(ratioMetric);
  if (raw !== undefined)
    return [
      ...keys(ratioMetric, ["counter", "rawType", "raw"], at),
      ...(["success", "failure"].includes(String(rawType)) ? [] : [`${at}.rawType`]),
      ...sourceFaults(raw, `${at}.raw`),
    ];
  return [
    ...keys(ratioMetric, ["counter", "good", "total"], at),
    ...sourceFaults(good, `${at}.good`),
    ...sourceFaults(total, `${at}.total`),
  ];
}

function sloFaults(spec: JsonRecord, at: string): string[] {
  const { indicator, timeWindow, budgetingMethod, objectives } = spec;
  const { metadata, spec: sli } = asRecord(indicator);
  const isThreshold = asRecord(sli).thresholdMetric !== undefined;
  const [window, ...others] = asArray(timeWindow).map(asRecord);
  return [
    ...keys(
      spec,
      [
        "description?",
        "service",
        "indicator",
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies?",
      ],
      at,
    ),
    ...metadataFaults(metadata, `${at}.indicator.metadata`),
    ...sliFaults(sli, `${at}.indicator.spec`),
    ...(others.length === 0 && window?.isRolling === true && DURATION.test(String(window.duration))
      ? []
      : [`${at}.timeWindow`]),
    ...(budgetingMethod === "Occurrences" ? [] : [`${at}.budgetingMethod`]),
    ...asArray(objectives)
      .map(asRecord)
      .flatMap((one) => [
        ...keys(
          one,
          isThreshold ? ["displayName?", "op", "value", "target"] : ["displayName?", "target"],
          `${at}.objectives`,
        ),
        ...(Number(one.target) >= 0 && Number(one.target) < 1 ? [] : [`${at}.target ${String(one.target)}`]),
      ]),
  ];
}

function policyFaults(spec: JsonRecord, at: string): string[] {
  const conditions = asArray(spec.conditions).map(asRecord);
  return [
    ...keys(
      spec,
      [
        "description?",
        "alertWhenNoData?",
        "alertWhenBreaching?",
        "alertWhenResolved?",
        "conditions",
        "notificationTargets",
      ],
      at,
    ),
    ...(conditions.length === 1 ? [] : [`${at} needs one condition`]),
    ...(asArray(spec.notificationTargets).length > 0 ? [] : [`${at} tells nobody`]),
    ...conditions.flatMap(({ kind, metadata, spec: inner }) => {
      const { condition } = asRecord(inner);
      const { kind: what, op, threshold, lookbackWindow } = asRecord(condition);
      return [
        ...(kind === "AlertCondition" ? [] : [`${at}.conditions.kind`]),
        ...metadataFaults(metadata, `${at}.conditions.metadata`),
        ...keys(inner, ["severity", "condition", "description?"], `${at}.conditions.spec`),
        ...keys(condition, ["kind", "op", "threshold", "lookbackWindow", "alertAfter?"], `${at}.condition`),
        ...(what === "burnrate" && op === "gt" && Number(threshold) > 0 ? [] : [`${at}.condition`]),
        ...(DURATION.test(String(lookbackWindow)) ? [] : [`${at}.lookbackWindow`]),
      ];
    }),
  ];
}

function faultsOf({ apiVersion, kind, metadata, spec, ...others }: OpenSloDocument): string[] {
  const at = `${kind} ${metadata.name}`;
  const own = {
    DataSource: () => keys(spec, ["description?", "type", "connectionDetails"], at),
    Service: () => keys(spec, ["description?"], at),
    AlertNotificationTarget: () => keys(spec, ["description?", "target"], at),
    SLI: () => sliFaults(spec, at),
    SLO: () => sloFaults(spec, at),
    AlertPolicy: () => policyFaults(spec, at),
  }[kind]();
  const long = String(spec.description ?? "").length > 1_050 ? [`${at}.description is too long`] : [];
  const unknown = Object.keys(others).map((key) => `${at}.${key} is not known`);
  const version = apiVersion === "openslo/v1" ? [] : [`${at} has another version`];
  return [...version, ...unknown, ...metadataFaults(metadata, at), ...own, ...long];
}

/** Every name that a document refers to, with its kind. */
function references({ kind, spec }: OpenSloDocument): string[] {
  const texts = JSON.stringify(spec);
  const refs = [...texts.matchAll(/"(metricSourceRef|alertPolicyRef|targetRef)":"([^"]*)"/g)];
  const kinds = {
    metricSourceRef: "DataSource",
    alertPolicyRef: "AlertPolicy",
    targetRef: "AlertNotificationTarget",
  } as const;
  const found = refs.map(([, ref, name]) => `${kinds[ref as keyof typeof kinds]} ${name}`);
  return kind === "SLO" ? [...found, `Service ${String(spec.service)}`] : found;
}

describe.each(["local", "staging", "production"])("OpenSLO of %s", (name) => {
  let environment: Environment;
  let documents: readonly OpenSloDocument[];
  beforeAll(() => {
    environment = loadEnvironment(diskSource(ROOT), name);
    documents = openSlo(environment);
  });

  test("keeps the rules of the specification", () => {
    expect(documents.length).toBeGreaterThan(20);
    expect(documents.flatMap(faultsOf)).toEqual([]);
  });

  test("names every document once and refers to none that is missing", () => {
    const names = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(documents.flatMap(references).filter((one) => !names.includes(one))).toEqual([]);
  });

  test("has an SLO for every objective, with its share and its window", () => {
    const slos = documents.filter(({ kind }) => kind === "SLO");
    const found = slos.map(({ metadata, spec }) => {
      const [first] = asArray(spec.objectives).map(asRecord);
      const [window] = asArray(spec.timeWindow).map(asRecord);
      return [metadata.labels?.server, first?.displayName, first?.target, window?.duration];
    });
    const wanted = environment.servers.flatMap((server) =>
      server.objectives.map((one) =>
        one.sli === "latency"
          ? [server.name, one.name, one.percentile / 100, expect.stringMatching(DURATION)]
          : [server.name, one.name, one.objective / 1_000_000, openSloDuration(one.window)],
      ),
    );
    expect(found).toEqual(wanted);
  });

  test("reads as YAML what it is as data", () => {
    for (const document of documents.slice(0, 40))
      expect(parseYaml("test.yaml", formatYaml([document])).value).toEqual(
        JSON.parse(JSON.stringify(document)),
      );
  });
});

describe("OpenSLO", () => {
  const production = openSlo(loadEnvironment(diskSource(ROOT), "production"));
  const named = (kind: string, name: string): JsonRecord =>
    asRecord(production.find((one) => one.kind === kind && one.metadata.name === name)?.spec);

  test("[TASK-03] says the promises of Task MCP as exact decimals, with their minutes", () => {
    const api = named("SLO", "production-task-mcp-api-availability");
    const health = named("SLO", "production-task-mcp-health-availability");
    expect([api.objectives, health.objectives].flatMap(asArray).map((one) => asRecord(one).target)).toEqual([
      0.999, 0.9995,
    ]);
    expect(String(api.description)).toContain("43.2 minutes");
    expect(String(health.description)).toContain("21.6 minutes");
  });

  test("counts in CloudWatch by Sum and SampleCount, and in Prometheus by the gauge of the path", () => {
    const text = JSON.stringify(named("SLO", "production-task-mcp-health-availability").indicator);
    expect(text).toContain('"metricName":"RestAvailable"');
    expect([...text.matchAll(/"stat":"(\w+)"/g)].map(([, stat]) => stat)).toEqual(["Sum", "SampleCount"]);
    const gauge = JSON.stringify(named("SLI", "production-task-mcp-health-availability-prometheus"));
    expect(gauge).toContain("mcp_probe_success");
    expect(gauge).toContain('path=\\"rest\\"');
  });

  test("promises of a percentile that as many checks are within its limit", () => {
    const slo = named("SLO", "production-task-mcp-latency-p95");
    expect(JSON.stringify(slo.indicator)).toContain('"stat":"TC(:200)"');
    expect(slo.objectives).toEqual([{ displayName: "latency-p95", target: 0.95 }]);
  });

  test("pages at the burn rate of the catalog, over its long window", () => {
    const { conditions } = named("AlertPolicy", "production-task-mcp-api-availability-page-fast");
    expect(asRecord(asRecord(asRecord(asArray(conditions)[0]).spec).condition)).toEqual({
      kind: "burnrate",
      op: "gt",
      threshold: 14.4,
      lookbackWindow: "1h",
    });
  });

  test("writes names that its rules do not take as labels that stay apart", () => {
    expect(dnsLabel("production", "task-mcp")).toBe("production-task-mcp");
    const odd = [
      dnsLabel("a", "My_Server"),
      dnsLabel("a", "my-server"),
      dnsLabel("a", "my_server"),
      dnsLabel("x".repeat(80)),
      dnsLabel("_"),
    ];
    expect(new Set(odd).size).toBe(odd.length);
    expect(odd.filter((name) => !LABEL.test(name))).toEqual([]);
  });

  test.each([
    [60_000, "1m"],
    [30_000, "1m"],
    [900_000, "15m"],
    [3_600_000, "1h"],
    [30 * 86_400_000, "30d"],
  ])("writes %i ms as %s", (ms, text) => {
    expect(openSloDuration(ms)).toBe(text);
  });
});
