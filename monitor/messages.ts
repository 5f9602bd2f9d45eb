import { appendFileSync } from "node:fs";
import { messageOf } from "../catalog/errors.ts";
import type { Severity } from "../catalog/shared.ts";
import type { AlarmState } from "../plan/cloudwatch/types.ts";
import type { QuietTime } from "../plan/maintenance.ts";
import type { CheckResult, Status } from "../probes/result.ts";

/** What somebody is told: that an alarm acts, that the next level is told, or that it is over. */
export interface Message {
  readonly type: "message";
  readonly at: string;
  readonly kind: "alarm" | "escalation" | "resolved";
  readonly environment: string;
  readonly server: string;
  readonly incident: string;
  readonly alarm: string;
  readonly severity: Severity;
  readonly level: string;
  /** `channel endpoint` of everyone at this level. */
  readonly to: readonly string[];
  /** The alarms behind it, each with its reason. */
  readonly because: readonly string[];
  readonly text: string;
  readonly runbook: string;
  /** Milliseconds since the incident began. */
  readonly elapsedMs: number;
}

/** Everything that the monitor says, on the terminal, as NDJSON and over the API. */
export type MonitorEvent =
  | Message
  | {
      readonly type: "status";
      readonly at: string;
      readonly server: string;
      readonly from: Status | null;
      readonly to: Status;
      readonly result: CheckResult;
    }
  | {
      readonly type: "transition";
      readonly at: string;
      readonly server: string;
      readonly alarm: string;
      readonly composite: boolean;
      /** Whether somebody is told of it; false for a metric alarm, and for a part of another composite's rule. */
      readonly acts: boolean;
      readonly from: AlarmState;
      readonly to: AlarmState;
      readonly reason: string;
    }
  | {
      readonly type: "server";
      readonly at: string;
      readonly server: string;
      readonly what: "started" | "stopped" | "exited";
      readonly detail: string;
    }
  | {
      readonly type: "quiet";
      readonly at: string;
      /** The server, or `fleet` where there are several. */
      readonly server: string;
      readonly what: "began" | "ended";
      readonly kind: QuietTime["kind"];
      readonly name: string;
      readonly servers: readonly string[];
      readonly reason: string;
      /** When it ends, or has ended. */
      readonly until: string;
    }
  | { readonly type: "problem"; readonly at: string; readonly what: string };

/** Somewhere that messages go. */
export interface Sink {
  readonly name: string;
  send(message: Message): Promise<void>;
}

/** A file that gets one JSON line a message. */
export function fileSink(file: string): Sink {
  return {
    name: file,
    // a promise even when it fails: the other sinks are told all the same
    send: async (message) => appendFileSync(file, `${JSON.stringify(message)}\n`),
  };
}

/** How long a webhook may take, in milliseconds. */
const WEBHOOK_TIMEOUT_MS = 5_000;

/** An address that gets each message as a JSON POST; redirects are not followed. */
export function webhookSink(url: string, post: typeof fetch = fetch): Sink {
  return {
    name: "webhook",
    send: async (message) => {
      const response = await post(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
        redirect: "error",
        signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    },
  };
}

/** Sends a message to every sink; one that fails is reported and keeps nobody else from being told. */
export async function sendToAll(
  sinks: readonly Sink[],
  message: Message,
  report: (problem: string) => void,
): Promise<void> {
  await Promise.all(
    sinks.map((sink) =>
      sink
        .send(message)
        .catch((error: unknown) => report(`${sink.name} did not take the message (${messageOf(error)})`)),
    ),
  );
}
