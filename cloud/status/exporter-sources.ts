import type { NumberedEvent } from "../../monitor/status-view.ts";
import { resultsOf } from "../../probes/results/packed.ts";
import { remembered } from "./remembered.ts";
import type { StatusSources } from "./view.ts";

/** However many read, the exporter is asked so often. */
const KEPT_MS = 2_000;
const ANSWER_MS = 3_000;

/**
 * What the exporter of the cluster shows on its page of results. Alarms are CloudWatch's, which cannot be asked from
 * there without rights in AWS.
 */
export function exporterSources(input: {
  /** Such as `http://rollcall-staging-exporter.rollcall.svc:9464/results`. */
  readonly page: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}): StatusSources {
  const { page, now = Date.now } = input;
  const read = remembered(() => readPage(page), { forMs: KEPT_MS, now });
  return {
    results: async () => resultsOf((await read()).results),
    alarms: null,
    events: async () => changesOf((await read()).changes),
  };
}

async function readPage(page: string): Promise<{ readonly results: unknown; readonly changes: unknown }> {
  const response = await fetch(page, { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${page} answered ${response.status}`);
  const { results = [], changes = [] } = isRecord(body) ? body : {};
  return { results, changes };
}

function changesOf(changes: unknown): NumberedEvent[] {
  if (!Array.isArray(changes)) return [];
  return changes.filter(
    (one): one is NumberedEvent => isRecord(one) && Number.isSafeInteger(one.id) && isRecord(one.event),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
