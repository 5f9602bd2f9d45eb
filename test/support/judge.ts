import { expect } from "vitest";
import { z } from "zod";
import { type CheckOptions, check } from "../../probes/check.ts";
import {
  FAILURE_CLASSES,
  type FailureClass,
  type McpReading,
  type PathVerdict,
  type RestReading,
  verdictOf,
} from "../../probes/result.ts";
import type { CheckTarget } from "../../probes/target.ts";
import { target } from "./servers.ts";

/** What a check may take beyond its timeout, in milliseconds. */
export const GRACE_MS = 2_000;
/** How large a result may become, whatever the server sends. */
const MAX_RESULT_BYTES = 256 * 1024;

/** Checks a server, holds the result to all that every result promises, and returns its two readings. */
export async function judge(
  given: Partial<CheckTarget>,
  options: CheckOptions = {},
): Promise<{ readonly mcp: McpReading; readonly rest: RestReading }> {
  const subject = target({ timeoutMs: 1_000, ...given });
  const began = performance.now();
  const { result } = await check(subject, { allowLoopback: true, ...options });
  const took = performance.now() - began;
  expect(took, "the check outlived its deadline").toBeLessThan(subject.timeoutMs + GRACE_MS);
  expectValid(result);
  return result;
}

/** Holds a path to its class, with a detail; to none where it must be well. */
export function expectVerdict(
  reading: PathVerdict & { readonly detail: string },
  verdict: FailureClass | null,
): void {
  const said = `${reading.failureClass}: ${reading.detail}`;
  expect(said).toMatch(verdict === null ? /^null: / : new RegExp(`^${verdict}: .`));
}

/** Fails unless a result is whole, consistent, plain JSON of a bounded size, and printable in every word. */
export function expectValid(result: unknown): void {
  const { data, error } = checkResult.safeParse(result);
  expect(error === undefined ? "" : z.prettifyError(error)).toBe("");
  if (data === undefined) return;
  const paths = verdictOf([data.mcp, data.rest]);
  const isWell =
    data.rest.components.every(({ ok }) => ok) && data.rest.live !== false && data.rest.ready !== false;
  expect(data.status).toBe(paths === "healthy" && !isWell ? "degraded" : paths);
  const text = JSON.stringify(result);
  expect(JSON.parse(text)).toEqual(result);
  expect(Buffer.byteLength(text)).toBeLessThan(MAX_RESULT_BYTES);
  expect(words(result).filter((word) => UNPRINTABLE.test(word) || STUMBLE.test(word))).toEqual([]);
}

/** Control and format characters (terminal escapes, line feeds, bidi marks), line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

/** What an exception of our own says, and a server's fault never. */
const STUMBLE = /cannot (read|set|convert)|is not (a function|iterable|a constructor)|undefined|\[object /i;

/** Every text within a value, names of members included. */
function words(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...words(member)]);
}

const detail = z.string().max(200);
const ms = z.number().nonnegative();
const count = z.int().nonnegative();
const failureClass = z.enum(FAILURE_CLASSES).nullable();
const outcome = z.enum(["ok", "fail", "skipped"]);
const status = z.enum(["healthy", "degraded", "unhealthy", "unknown"]);
const day = z.string().regex(/^\d{4}-\d\d-\d\d/);

const path = { outcome, failureClass, detail };

/** A failed path has a class and says why, any other has no class. */
function isExplained(reading: { outcome: string; failureClass: unknown; detail: string }): boolean {
  return reading.outcome === "fail"
    ? reading.failureClass !== null && reading.detail !== ""
    : reading.failureClass === null;
}

const mcp = z
  .strictObject({
    ...path,
    era: z.enum(["modern", "legacy"]).nullable(),
    transport: z.enum(["streamable-http", "sse", "stdio"]).nullable(),
    protocolVersion: detail.nullable(),
    supportedUntil: day.nullable(),
    serverInfo: z.strictObject({ name: detail, version: detail }).nullable(),
    tools: count.nullable(),
    phases: z
      .strictObject({
        dnsMs: ms.nullable(),
        connectMs: ms.nullable(),
        tlsMs: ms.nullable(),
        firstByteMs: ms.nullable(),
        openMs: ms.nullable(),
        listMs: ms.nullable(),
        callMs: ms.nullable(),
      })
      .nullable(),
    certificate: z.strictObject({ validTo: z.iso.datetime(), daysLeft: z.int() }).nullable(),
    drift: z.array(z.looseObject({})),
    hygiene: z
      .strictObject({
        approximateTokens: count,
        findings: z.array(z.strictObject({ kind: z.string(), detail })),
      })
      .nullable(),
    canary: z.looseObject({ outcome: z.string(), detail }).nullable(),
  })
  .refine(isExplained);

const rest = z
  .strictObject({
    ...path,
    httpStatus: z.int().min(100).max(999).nullable(),
    components: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
    live: z.boolean().nullable(),
    ready: z.boolean().nullable(),
    numbers: z.record(z.string(), z.number()),
  })
  .refine(isExplained);

const checkResult = z.strictObject({
  server: z.string(),
  status,
  finding: z.string().nullable(),
  checkedAt: z.iso.datetime(),
  durationMs: ms,
  mcp,
  rest,
  dependencies: z.array(z.looseObject({})),
  replicas: z.array(z.looseObject({})),
  credentialExpiresAt: z.string().nullable(),
  attempts: z.array(z.looseObject({})),
});
