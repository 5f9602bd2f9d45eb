import type { AlarmState } from "../plan/cloudwatch/types.ts";
import { type PrometheusOptions, PrometheusPage } from "../probes/sinks/prometheus.ts";
import type { Page } from "../probes/sinks/prometheus-text.ts";

const STATE_CODE = { OK: 0, ALARM: 1, INSUFFICIENT_DATA: -1 } as const satisfies Record<AlarmState, number>;

interface Shown {
  readonly server: string;
  readonly alarm: string;
  readonly state: AlarmState;
}

/** The Prometheus page of the monitor: what every runner shows, and the state of each alarm. */
export class Exposition extends PrometheusPage {
  readonly #alarms = new Map<string, Shown>();

  constructor(environment: string, options: Omit<PrometheusOptions, "environment"> = {}) {
    super({ environment, ...options });
  }

  setAlarm(server: string, alarm: string, state: AlarmState): void {
    this.#alarms.set(alarm, { server, alarm, state });
  }

  protected override pages(): Page[] {
    const series = [...this.#alarms.values()].map(({ server, alarm, state }) => ({
      labels: { environment: this.environment, server, alarm },
      value: STATE_CODE[state],
    }));
    const help = "0 OK, 1 ALARM, -1 INSUFFICIENT_DATA";
    return [...super.pages(), { name: "rollcall_alarm_state", help, type: "gauge", series }];
  }
}
