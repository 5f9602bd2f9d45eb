import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Exposition } from "../../../monitor/exposition.ts";
import { PROBE_DURATION, PROBE_SUCCESS } from "../../../plan/prometheus/series.ts";
import type { BreakerSnapshot } from "../../../probes/breaker/state.ts";
import { measuresOf } from "../../../probes/measure.ts";
import type { Observation } from "../../../probes/result.ts";
import { PrometheusPage } from "../../../probes/sinks/prometheus.ts";
import { PLAYBOOK_METRICS } from "../../../probes/sinks/prometheus-table.ts";
import { failing, OK, observationOf, SKIPPED } from "../../support/observation.ts";

/** The Prometheus page. That promtool accepts it is proved in test/real/metrics-page.test.ts. */

const NOW = Date.parse("2026-11-21T08:00:10.000Z");

function page(options: Partial<ConstructorParameters<typeof PrometheusPage>[0]> = {}): PrometheusPage {
  return new PrometheusPage({ environment: "staging", now: () => NOW, ...options });
}

/** The value of each series, by its name and labels but the environment. */
function seriesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at).replace('environment="staging",', ""), Number(line.slice(at + 1))];
    }),
  );
}

function shown(observation: Observation, measures = measuresOf(observation)): Map<string, number> {
  const one = page();
  one.publish(observation, measures);
  return seriesOf(one.text());
}

/** A server that shows everything that can be shown. */
function full(): Observation {
  const seen = observationOf({ mcp: OK, rest: OK });
  const { result } = seen;
  return {
    ...seen,
    result: {
      ...result,
      mcp: {
        ...result.mcp,
        era: "modern",
        transport: "streamable-http",
        protocolVersion: "2026-07-28",
        serverInfo: { name: "task", version: "1.2.0" },
        tools: 13,
        certificate: { validTo: "2026-11-21T09:00:10.000Z", daysLeft: 0 },
        phases: {
          dnsMs: 1,
          connectMs: 2,
          tlsMs: null,
          firstByteMs: 4,
          openMs: 10,
          listMs: 5,
          callMs: 20,
        },
        canary: { outcome: "ok", ms: 20, detail: "", stream: null },
      },
      rest: {
        ...result.rest,
        components: [{ name: "queue", ok: false, value: "full", expected: "ok" }],
        numbers: {
          mcp_concurrent_operations: 3,
          mcp_throughput_requests_per_second: 12.5,
          mcp_server_cpu_usage_percent: 40,
          mcp_server_memory_usage_bytes: 1_024,
          mcp_server_file_descriptors: 17,
          mcp_server_connections_active: 8,
          mcp_messages_processed_total: 4_711,
          mcp_cache_hit_rate: 0.9,
          mcp_resource_usage_score: 0.5,
          queue_depth: 6,
        },
      },
      dependencies: [{ name: "db", kind: "postgresql", ok: false, ms: 2, detail: "refused" }],
      credentialExpiresAt: "2026-11-21T08:01:10.000Z",
    },
  };
}

describe("the Prometheus page", () => {
  it("[PLAY-02] exports all 14 metrics of the Playbook under their names, each with its meaning", () => {
    const series = shown(full());
    const own = 'server="subject"';
    expect(PLAYBOOK_METRICS.map(({ name }) => name)).toEqual([
      "mcp_server_up",
      "mcp_server_health_status",
      "mcp_server_dependency_status",
      "mcp_request_duration_seconds",
      "mcp_tool_execution_duration_seconds",
      "mcp_concurrent_operations",
      "mcp_throughput_requests_per_second",
      "mcp_server_cpu_usage_percent",
      "mcp_server_memory_usage_bytes",
      "mcp_server_file_descriptors",
      "mcp_server_connections_active",
      "mcp_messages_processed_total",
      "mcp_cache_hit_rate",
      "mcp_resource_usage_score",
    ]);
    expect(Object.fromEntries(series)).toMatchObject({
      [`mcp_server_up{${own}}`]: 1,
      [`mcp_server_dependency_status{${own},dependency="db",kind="postgresql"}`]: 0,
      [`mcp_request_duration_seconds_sum{${own},path="mcp"}`]: 0.003,
      [`mcp_request_duration_seconds_bucket{${own},path="mcp",le="0.005"}`]: 1,
      [`mcp_tool_execution_duration_seconds_sum{${own}}`]: 0.02,
      [`mcp_tool_execution_duration_seconds_bucket{${own},le="0.01"}`]: 0,
      [`mcp_tool_execution_duration_seconds_bucket{${own},le="+Inf"}`]: 1,
      [`mcp_concurrent_operations{${own}}`]: 3,
      [`mcp_throughput_requests_per_second{${own}}`]: 12.5,
      [`mcp_server_cpu_usage_percent{${own}}`]: 40,
      [`mcp_server_memory_usage_bytes{${own}}`]: 1_024,
      [`mcp_server_file_descriptors{${own}}`]: 17,
      [`mcp_server_connections_active{${own}}`]: 8,
      [`mcp_messages_processed_total{${own}}`]: 4_711,
      [`mcp_cache_hit_rate{${own}}`]: 0.9,
      [`mcp_resource_usage_score{${own}}`]: 0.5,
    });
  });

  it("leaves out what nobody knows of a server, rather than showing a zero", () => {
    const series = [...shown(observationOf({ mcp: OK })).keys()].join("\n");
    for (const name of ["mcp_server_cpu_usage_percent", "mcp_cache_hit_rate", "mcp_messages_processed_total"])
      expect(series).not.toContain(name);
  });

  it("takes memory, files and processor from the process where the runner sees it, before any page", () => {
    const series = shown(full(), { ServerMemory: 2_048, mcp_server_cpu_usage_percent: 7 });
    expect(series.get('mcp_server_memory_usage_bytes{server="subject"}')).toBe(2_048);
    expect(series.get('mcp_server_cpu_usage_percent{server="subject"}')).toBe(7);
  });

  it("[PLAY-03] says healthy 2, degraded 1, unhealthy 0, unknown -1, and makes no outage of a doubt", () => {
    const codes = [
      [observationOf({ mcp: OK, rest: OK }), 2, 1],
      [observationOf({ mcp: failing("connect"), rest: OK }), 1, 1],
      [observationOf({ mcp: failing("connect") }), 0, 0],
      [observationOf({ mcp: SKIPPED }), -1, undefined],
    ] as const;
    for (const [observation, code, up] of codes) {
      const series = shown(observation);
      expect(series.get('mcp_server_health_status{server="subject"}')).toBe(code);
      expect(series.get('mcp_server_up{server="subject"}')).toBe(up);
    }
  });

  it("[STAT-03] shows response times and success ratios of MCP, of REST and of both together", () => {
    const one = page();
    const rounds = [
      observationOf({ mcp: OK, rest: OK }),
      observationOf({ mcp: OK, rest: OK }),
      observationOf({ mcp: failing("connect"), rest: OK }),
      observationOf({ mcp: failing("auth"), rest: OK }),
      observationOf({ mcp: OK, rest: failing("http") }),
      observationOf({ mcp: SKIPPED }),
    ];
    for (const round of rounds) one.publish(round, measuresOf(round));
    const series = seriesOf(one.text());
    const ratio = (path: string) => series.get(`mcp_probe_success_ratio{server="subject",path="${path}"}`);
    // a refusal and a skipped path are no verdicts, alone or together
    expect([ratio("mcp"), ratio("rest"), ratio("all")]).toEqual([3 / 4, 4 / 5, 2 / 4]);
    const count = (path: string) =>
      series.get(`mcp_request_duration_seconds_count{server="subject",path="${path}"}`);
    expect([count("mcp"), count("rest"), count("all")]).toEqual([3, 4, 2]);
    expect(series.get('mcp_probe_failures_total{server="subject",path="mcp",class="connect"}')).toBe(1);
  });

  it("shows the phases, the protocol, what runs out, drift, components and a server's own numbers", () => {
    const series = shown(full(), { ...measuresOf(full()), ToolsBreaking: 2, "Objective.api": 0 });
    const labels =
      'era="modern",transport="streamable-http",protocol_version="2026-07-28",name="task",version="1.2.0"';
    expect(Object.fromEntries(series)).toMatchObject({
      [`mcp_server_info{server="subject",${labels}}`]: 1,
      'mcp_probe_phase_seconds{server="subject",phase="dns"}': 0.001,
      'mcp_probe_phase_seconds{server="subject",phase="call"}': 0.02,
      'mcp_certificate_expiry_seconds{server="subject"}': 3_600,
      'mcp_credential_expiry_seconds{server="subject"}': 60,
      'mcp_server_tools{server="subject"}': 13,
      'mcp_server_tool_drift{server="subject",kind="breaking"}': 2,
      'mcp_server_component_status{server="subject",component="queue"}': 0,
      'mcp_objective_success{server="subject",slo="api"}': 0,
      'queue_depth{server="subject"}': 6,
    });
    expect([...series.keys()].some((key) => key.includes('phase="tls"'))).toBe(false);
  });

  it("carries the series that the planned rules read, under the labels that they name", () => {
    const seen = observationOf({ mcp: OK, rest: failing("http") });
    const series = shown(seen);
    expect(series.get(`${PROBE_SUCCESS}{server="subject",path="mcp"}`)).toBe(1);
    expect(series.get(`${PROBE_SUCCESS}{server="subject",path="rest"}`)).toBe(0);
    expect(series.get(`${PROBE_SUCCESS}{server="subject",path="all"}`)).toBe(0);
  });

  it("[STAT-03] shows how long the last exchange took, and nothing where it failed", () => {
    const one = page();
    const shows = (observation: Observation): Record<string, number> => {
      one.publish(observation, measuresOf(observation));
      const series = [...seriesOf(one.text())].filter(([name]) => name.startsWith(PROBE_DURATION));
      return Object.fromEntries(
        series.map(([name, value]) => [/path="(\w+)"/.exec(name)?.[1] ?? name, value]),
      );
    };
    const well = shows(observationOf({ mcp: OK, rest: OK }));
    expect(Object.keys(well)).toEqual(["mcp", "rest", "all"]);
    expect(well.mcp).toBe(0.003);
    expect(shows(observationOf({ mcp: failing("connect"), rest: OK }))).toEqual({ rest: well.rest });
    expect(shows(observationOf({ mcp: failing("connect") }))).toEqual({});
  });

  it("shows where the breakers stand", () => {
    const breaker = { server: "subject", path: "mcp", state: "open" } as BreakerSnapshot;
    const one = page({ breakers: () => [breaker, { ...breaker, server: "other" }] });
    one.publish(observationOf({}), {});
    const states = [...seriesOf(one.text())].filter(([name]) => name.startsWith("mcp_probe_breaker_state"));
    expect(states).toEqual([['mcp_probe_breaker_state{server="subject",path="mcp"}', 2]]);
  });

  it("forgets a series with the value that it stood for, and a server that was not seen for too long", () => {
    let now = NOW;
    const one = page({ now: () => now, freshMs: () => 60_000 });
    one.publish(full(), measuresOf(full()));
    expect(one.text()).toContain("mcp_server_info");
    const lost = observationOf({ mcp: failing("connect") });
    one.publish(lost, measuresOf(lost));
    expect(one.text()).not.toContain("mcp_server_info");
    expect(one.text()).not.toContain("queue_depth");
    now += 60_001;
    expect(one.text()).toBe("");
  });

  it("keeps labels printable and their number bounded, whatever a server calls itself", () => {
    const one = page();
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.string({ unit: "binary" }),
        (name, version) => {
          const seen = full();
          const { mcp } = seen.result;
          const hostile = { ...mcp, protocolVersion: version, serverInfo: { name, version } };
          one.publish({ ...seen, result: { ...seen.result, mcp: hostile } }, {});
          const text = one.text();
          const strange = text.match(/^(?!# (?:HELP|TYPE) [a-z_]+ |[a-z_]+\{.*\} [-+0-9.eInf]+$).+$/gmu);
          expect(strange).toBeNull();
          const [info, ...more] = one
            .text()
            .split("\n")
            .filter((line) => line.startsWith("mcp_server_info"));
          expect(more).toEqual([]);
          expect(info?.length).toBeLessThan(500);
        },
      ),
    );
    expect(one.text()).toContain('name="other",version="other"');
  });

  it("lets no number of a server's own stand in for one of the table", () => {
    const series = shown(observationOf({ mcp: failing("connect") }), {
      mcp_server_up: 1,
      mcp_request_duration_seconds_count: 9,
      "no name": 1,
    });
    expect(series.get('mcp_server_up{server="subject"}')).toBe(0);
    expect([...series.keys()].filter((key) => /_count|no name/.test(key))).toEqual([]);
  });
});

describe("the monitor's page", () => {
  it("shows the alarms beside what every runner shows", () => {
    const exposition = new Exposition("staging");
    exposition.publish(observationOf({}), { ServerMemory: 4_096 });
    exposition.setAlarm("subject", "subject-down", "ALARM");
    exposition.setAlarm("subject", "subject-down", "OK");
    expect(Object.fromEntries(seriesOf(exposition.text()))).toMatchObject({
      'rollcall_alarm_state{server="subject",alarm="subject-down"}': 0,
      'mcp_server_memory_usage_bytes{server="subject"}': 4_096,
      'mcp_server_up{server="subject"}': 1,
    });
  });
});
