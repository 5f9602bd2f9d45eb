import { Gauge, Histogram, Registry } from "prom-client";
import type { AlarmState } from "../plan/evaluate.ts";
import { PROBE_SUCCESS } from "../plan/prometheus.ts";
import { isRefused, type Observation, type PathVerdict, type Status } from "../probes/result.ts";

/** The Playbook's codes of the health status. */
const STATUS_CODE = { healthy: 2, degraded: 1, unhealthy: 0, unknown: -1 } as const satisfies Record<
  Status,
  number
>;
const STATE_CODE = { OK: 0, ALARM: 1, INSUFFICIENT_DATA: -1 } as const satisfies Record<AlarmState, number>;
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];

/** The Prometheus page of the monitor: the Playbook's metric names, one registry a monitor. */
export class Exposition {
  readonly #environment: string;
  readonly #registry = new Registry();
  readonly #up = this.#gauge(
    "mcp_server_up",
    "1 while at least one path of the server answers, 0 when none does",
    ["server"],
  );
  readonly #status = this.#gauge(
    "mcp_server_health_status",
    "2 healthy, 1 degraded, 0 unhealthy, -1 unknown",
    ["server"],
  );
  readonly #success = this.#gauge(
    PROBE_SUCCESS,
    "1 when the path answered the last probe, 0 when it failed",
    ["server", "path"],
  );
  readonly #tools = this.#gauge("mcp_server_tools", "Tools that the server listed", ["server"]);
  readonly #memory = this.#gauge("mcp_server_memory_usage_bytes", "Resident memory of the server's process", [
    "server",
  ]);
  readonly #alarm = this.#gauge("rollcall_alarm_state", "0 OK, 1 ALARM, -1 INSUFFICIENT_DATA", [
    "server",
    "alarm",
  ]);
  readonly #duration: Histogram;

  constructor(environment: string) {
    this.#environment = environment;
    this.#registry.setDefaultLabels({ environment });
    this.#duration = new Histogram({
      name: "mcp_request_duration_seconds",
      help: "Time of a successful exchange of a probe",
      labelNames: ["server", "path"],
      buckets: BUCKETS,
      registers: [this.#registry],
    });
  }

  get environment(): string {
    return this.#environment;
  }

  observe({ result, mcpMs, restMs }: Observation, memoryBytes: number | null): void {
    const { server, status, mcp, rest } = result;
    // a doubt is not an outage
    if (status === "unknown") this.#up.remove({ server });
    else this.#up.set({ server }, status === "unhealthy" ? 0 : 1);
    this.#status.set({ server }, STATUS_CODE[status]);
    for (const [path, reading] of [
      ["mcp", mcp],
      ["rest", rest],
    ] as const)
      this.#setSuccess(server, path, reading);
    if (mcpMs !== null) this.#duration.observe({ server, path: "mcp" }, mcpMs / 1_000);
    if (restMs !== null) this.#duration.observe({ server, path: "rest" }, restMs / 1_000);
    if (mcp.tools !== null) this.#tools.set({ server }, mcp.tools);
    if (memoryBytes === null) this.#memory.remove({ server });
    else this.#memory.set({ server }, memoryBytes);
  }

  setAlarm(server: string, alarm: string, state: AlarmState): void {
    this.#alarm.set({ server, alarm }, STATE_CODE[state]);
  }

  /** The page in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #setSuccess(server: string, path: "mcp" | "rest", reading: PathVerdict): void {
    // a path that is skipped or refused has neither succeeded nor failed
    if (reading.outcome === "skipped" || isRefused(reading)) this.#success.remove({ server, path });
    else this.#success.set({ server, path }, reading.outcome === "ok" ? 1 : 0);
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
