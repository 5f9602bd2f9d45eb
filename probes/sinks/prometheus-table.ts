import type { Measures } from "../../catalog/metrics.ts";
import type { BreakerSnapshot } from "../breaker/state.ts";
import { isRefused, type Observation, type PathVerdict, type Status } from "../result.ts";
import { label, type Sample, sample, seconds } from "./prometheus-sample.ts";
import type { Tally } from "./prometheus-tally.ts";

/** What one server showed last, and what adds up. */
export interface Seen {
  readonly observation: Observation;
  readonly measures: Measures;
  readonly tally: Tally;
  readonly breakers: readonly BreakerSnapshot[];
  /** Milliseconds since the epoch: when the page is read. */
  readonly now: number;
}

/** Where the value of a metric comes from. */
export type Origin = "the probe" | "the server's pages" | "the server's process or its pages";

/** One metric of the page. A server for which the source is silent has no series of it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly origin: Origin;
  /** Upper bounds in seconds; histograms only. */
  readonly buckets?: readonly number[];
  /** Of a histogram: what this one observation adds. Of the others: what the series are from now on. */
  readonly samples: (seen: Seen) => readonly Sample[];
}

/** The Playbook's codes of the health status. */
export const STATUS_CODE = { healthy: 2, degraded: 1, unhealthy: 0, unknown: -1 } as const satisfies Record<
  Status,
  number
>;

const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];
const TOOL_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BREAKER_CODE = { closed: 0, "half-open": 1, open: 2 } as const;

/** The 14 metrics of the Playbook, under its names and in its order. */
export const PLAYBOOK_METRICS: readonly Family[] = [
  {
    ...probed("mcp_server_up", "1 while at least one path of the server answers, 0 when none does"),
    // a doubt is not an outage
    samples: ({ observation: { result } }) =>
      result.status === "unknown" ? [] : [plain(result.status === "unhealthy" ? 0 : 1)],
  },
  {
    ...probed("mcp_server_health_status", "2 healthy, 1 degraded, 0 unhealthy, -1 unknown"),
    samples: ({ observation: { result } }) => [plain(STATUS_CODE[result.status])],
  },
  {
    ...probed("mcp_server_dependency_status", "1 when what the server needs answers, 0 when it does not"),
    samples: ({ observation: { result } }) =>
      result.dependencies.map(({ name, kind, ok }) => ({
        labels: { dependency: label(name), kind },
        value: ok ? 1 : 0,
      })),
  },
  {
    ...probed("mcp_request_duration_seconds", "Time of a successful exchange of a probe; all: of both paths"),
    type: "histogram",
    buckets: REQUEST_BUCKETS,
    samples: durations,
  },
  {
    ...probed("mcp_tool_execution_duration_seconds", "Time of a canary call whose answer was right"),
    type: "histogram",
    buckets: TOOL_BUCKETS,
    samples: ({ observation: { result } }) =>
      result.mcp.canary?.outcome === "ok" ? seconds({}, result.mcp.canary.ms) : [],
  },
  paged("mcp_concurrent_operations", "Operations that the server works on at once"),
  paged("mcp_throughput_requests_per_second", "Requests that the server answers each second"),
  processed("mcp_server_cpu_usage_percent", "Share of one processor that the server's process uses"),
  processed("mcp_server_memory_usage_bytes", "Resident memory of the server's process", "ServerMemory"),
  processed("mcp_server_file_descriptors", "Files and sockets that the server's process holds open"),
  paged("mcp_server_connections_active", "Connections that the server holds with its clients"),
  { ...paged("mcp_messages_processed_total", "Messages that the server has processed"), type: "counter" },
  paged("mcp_cache_hit_rate", "Share of lookups that the server's cache answers"),
  paged("mcp_resource_usage_score", "How well the server uses its resources, by its own measure"),
];

/** What Rollcall tells beyond the Playbook. */
export const PROBE_METRICS: readonly Family[] = [
  {
    ...probed(
      "mcp_probe_success",
      "1 when the path answered the last probe, 0 when it failed; all: every path",
    ),
    samples: ({ observation: { result }, measures }) => [
      ...verdict("mcp", result.mcp),
      ...verdict("rest", result.rest),
      ...sample({ path: "all" }, measures.AllAvailable),
    ],
  },
  {
    ...probed(
      "mcp_probe_duration_seconds",
      "Time of the exchange of the last probe, where it succeeded; all: of both paths",
    ),
    samples: durations,
  },
  {
    ...probed("mcp_objective_success", "1 while a promise with its own failure classes is kept, 0 when not"),
    samples: ({ measures }) =>
      Object.entries(measures).flatMap(([name, value]) =>
        name.startsWith("Objective.") ? [{ labels: { slo: label(name.slice(10)) }, value }] : [],
      ),
  },
  {
    ...probed("mcp_probe_phase_seconds", "Time of each phase of the last probe of the MCP path"),
    samples: ({ observation: { result } }) => {
      const { phases } = result.mcp;
      if (phases === null) return [];
      return [
        ...seconds({ phase: "dns" }, phases.dnsMs),
        ...seconds({ phase: "connect" }, phases.connectMs),
        ...seconds({ phase: "tls" }, phases.tlsMs),
        ...seconds({ phase: "first-byte" }, phases.firstByteMs),
        ...seconds({ phase: "open" }, phases.openMs),
        ...seconds({ phase: "list" }, phases.listMs),
        ...seconds({ phase: "call" }, phases.callMs),
      ];
    },
  },
  {
    ...probed("mcp_probe_refused", "1 when the path refused the last probe for its credentials, 0 when not"),
    samples: ({ observation: { result } }) => [
      ...refusal("mcp", result.mcp),
      ...refusal("rest", result.rest),
    ],
  },
  {
    ...probed("mcp_server_degraded", "1 when the server is up and a part of it is not well, 0 when not"),
    samples: ({ measures }) => sample({}, measures.Degraded),
  },
  {
    ...probed(
      "mcp_probe_success_ratio",
      "Share of the last 100 verdicts on the path that were good; all: of both paths together",
    ),
    samples: ({ tally }) => tally.ratios,
  },
  {
    ...probed(
      "mcp_probe_failures_total",
      "Probes whose path failed, by the phase of the exchange that broke",
    ),
    type: "counter",
    samples: ({ tally }) => tally.failures,
  },
  {
    ...probed(
      "mcp_probe_breaker_state",
      "0 the path is asked, 1 a trial is under way, 2 the path is left alone after failures in a row",
    ),
    samples: ({ breakers }) =>
      breakers.map(({ path, state }) => ({ labels: { path }, value: BREAKER_CODE[state] })),
  },
  {
    ...probed("mcp_probe_last_run_timestamp_seconds", "Unix time at which the last probe began"),
    samples: ({ observation: { result } }) => [plain(Date.parse(result.checkedAt) / 1_000)],
  },
  {
    ...probed("mcp_server_info", "1; which protocol the server speaks and how it names itself"),
    samples: ({ observation: { result }, tally }) => {
      const { era, transport, protocolVersion, serverInfo } = result.mcp;
      if (era === null) return [];
      const labels = {
        era,
        transport: transport ?? "",
        protocol_version: knownVersion(protocolVersion ?? ""),
        ...tally.selfName(serverInfo),
      };
      return [{ labels, value: 1 }];
    },
  },
  {
    ...probed("mcp_server_tools", "Tools that the server listed"),
    samples: ({ observation: { result } }) => sample({}, result.mcp.tools),
  },
  {
    ...probed("mcp_server_tool_drift", "Differences between the tools of the server and its contract"),
    samples: ({ measures }) => [
      ...sample({ kind: "missing" }, measures.ToolsMissing),
      ...sample({ kind: "breaking" }, measures.ToolsBreaking),
      ...sample({ kind: "additive" }, measures.ToolsAdditive),
      ...sample({ kind: "wording" }, measures.ToolsWording),
    ],
  },
  {
    ...probed(
      "mcp_server_component_status",
      "1 when a component of the health page is as it must be, 0 when not",
    ),
    samples: ({ observation: { result } }) =>
      result.rest.components.map(({ name, ok }) => ({
        labels: { component: label(name) },
        value: ok ? 1 : 0,
      })),
  },
  {
    ...probed("mcp_server_replicas", "Replicas of the server by what they answered"),
    samples: ({ observation: { result } }) => {
      const { replicas } = result;
      if (replicas.length === 0) return [];
      return [
        { labels: { answer: "ok" }, value: replicas.filter(({ outcome }) => outcome === "ok").length },
        { labels: { answer: "failed" }, value: replicas.filter(({ outcome }) => outcome === "fail").length },
        { labels: { answer: "other" }, value: replicas.filter(({ disagrees }) => disagrees).length },
      ];
    },
  },
  {
    ...probed("mcp_certificate_expiry_seconds", "Seconds until the server's certificate runs out"),
    samples: ({ observation: { result }, now }) => until(result.mcp.certificate?.validTo, now),
  },
  {
    ...probed(
      "mcp_credential_expiry_seconds",
      "Seconds until the probe's credential for the server runs out",
    ),
    samples: ({ observation: { result }, now }) => until(result.credentialExpiresAt, now),
  },
];

function probed(name: string, help: string) {
  return { name, help, type: "gauge", origin: "the probe" } as const;
}

/** A number that only the server knows, taken from a page that the catalog names. */
function paged(name: string, help: string): Family {
  return {
    name,
    help,
    type: "gauge",
    origin: "the server's pages",
    samples: (seen) => sample({}, numberOf(seen, name)),
  };
}

/** A number that the runner of a process measures; one that the server itself tells stands in for it. */
function processed(name: string, help: string, measure: string = name): Family {
  return {
    ...paged(name, help),
    origin: "the server's process or its pages",
    samples: (seen) => sample({}, seen.measures[measure] ?? numberOf(seen, name)),
  };
}

function numberOf({ measures, observation }: Seen, name: string): number | undefined {
  return measures[name] ?? observation.result.rest.numbers[name];
}

function durations({ observation: { mcpMs, restMs }, measures }: Seen): Sample[] {
  return [
    ...seconds({ path: "mcp" }, mcpMs),
    ...seconds({ path: "rest" }, restMs),
    ...seconds({ path: "all" }, measures.CheckLatency),
  ];
}

function verdict(path: "mcp" | "rest", reading: PathVerdict): Sample[] {
  // a path that is skipped or refused has neither succeeded nor failed
  if (reading.outcome === "skipped" || isRefused(reading)) return [];
  return [{ labels: { path }, value: reading.outcome === "ok" ? 1 : 0 }];
}

function refusal(path: "mcp" | "rest", reading: PathVerdict): Sample[] {
  if (reading.outcome === "skipped") return [];
  return [{ labels: { path }, value: isRefused(reading) ? 1 : 0 }];
}

function until(instant: string | null | undefined, now: number): Sample[] {
  return instant == null ? [] : seconds({}, Date.parse(instant) - now);
}

/** The versions of the protocol are dates; what else a server calls it, is not repeated. */
function knownVersion(version: string): string {
  return version === "" || /^\d{4}-\d{2}-\d{2}$/.test(version) ? version : "other";
}

function plain(value: number): Sample {
  return { labels: {}, value };
}
