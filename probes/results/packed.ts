import { deflateSync, inflateSync } from "node:zlib";
import type { CheckResult, Outcome, Status } from "../result.ts";

/** Results of a thousand servers are about 3 MB of text. */
const MOST_BYTES = 16 * 1_024 * 1_024;

const STATUSES: readonly Status[] = ["healthy", "degraded", "unhealthy", "unknown"];
const OUTCOMES: readonly Outcome[] = ["ok", "fail", "skipped"];

/** Results as compressed JSON (RFC 1950), and how many of them it holds. */
export interface Packed {
  readonly body: Uint8Array;
  readonly kept: number;
}

/** Compresses results into at most so many bytes. Of too many those are left out first that are healthy. */
export function packResults(results: readonly CheckResult[], maxBytes: number): Packed {
  const whole = deflated(results);
  if (whole.byteLength <= maxBytes) return { body: whole, kept: results.length };
  const ordered = results.toSorted((one, other) => Number(isHealthy(one)) - Number(isHealthy(other)));
  let packed: Packed = { body: deflated([]), kept: 0 };
  let [fits, tooMany] = [0, results.length];
  while (tooMany - fits > 1) {
    const kept = Math.floor((fits + tooMany) / 2);
    const body = deflated(ordered.slice(0, kept));
    if (body.byteLength > maxBytes) tooMany = kept;
    else {
      fits = kept;
      packed = { body, kept };
    }
  }
  return packed;
}

/** The results that are packed in it; what is none is left out. Throws an Error when it is no packed JSON. */
export function unpackResults(body: Uint8Array): CheckResult[] {
  return resultsOf(JSON.parse(inflateSync(body, { maxOutputLength: MOST_BYTES }).toString("utf8")));
}

/** The results of a JSON document; what is none is left out. */
export function resultsOf(document: unknown): CheckResult[] {
  return Array.isArray(document) ? document.filter(isResult) : [];
}

/** Judges what a reader decides by; the rest is shown as it is. */
function isResult(value: unknown): value is CheckResult {
  return (
    isRecord(value) &&
    typeof value.server === "string" &&
    STATUSES.some((status) => status === value.status) &&
    typeof value.checkedAt === "string" &&
    !Number.isNaN(Date.parse(value.checkedAt)) &&
    hasOutcome(value.mcp) &&
    hasOutcome(value.rest)
  );
}

function hasOutcome(path: unknown): boolean {
  return isRecord(path) && OUTCOMES.some((outcome) => outcome === path.outcome);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHealthy({ status }: CheckResult): boolean {
  return status === "healthy";
}

function deflated(results: readonly CheckResult[]): Uint8Array {
  return deflateSync(JSON.stringify(results));
}
