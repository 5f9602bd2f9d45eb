import type { CheckResult, Status } from "../probes/result.ts";
import { weaknesses } from "../probes/verdict.ts";
import { paint, type Style, table } from "./output.ts";

const COLOURS = {
  healthy: "green",
  degraded: "yellow",
  unhealthy: "red",
  unknown: "gray",
} as const satisfies Record<Status, Style>;

/** One line a server: what it is, how long it took, what it speaks, and what is wrong with it. */
export function checkTable(results: readonly CheckResult[]): string {
  return table(results.map(checkRow));
}

export function paintStatus(status: Status): string {
  return paint(COLOURS[status], status);
}

function checkRow(result: CheckResult): string[] {
  const { server, status, durationMs, mcp, rest } = result;
  return [
    server,
    paintStatus(status),
    `mcp ${mcp.outcome === "ok" ? `${exchangeMs(mcp) ?? durationMs} ms` : mcp.outcome === "skipped" ? "–" : "✗"}`,
    `rest ${rest.outcome === "ok" ? "ok" : rest.outcome === "skipped" ? "–" : "✗"}`,
    mcp.tools === null ? "" : `${mcp.tools} ${mcp.tools === 1 ? "tool" : "tools"}`,
    mcp.protocolVersion === null ? "" : `${mcp.protocolVersion}${until(mcp.supportedUntil)}`,
    notes(result).join("; "),
  ];
}

/** Milliseconds of the MCP exchange alone: the handshake and the list. */
function exchangeMs({ phases }: CheckResult["mcp"]): number | null {
  return phases?.openMs == null || phases.listMs === null ? null : phases.openMs + phases.listMs;
}

/** The day on which clients may drop the only era that a server speaks. */
function until(day: string | null): string {
  return day === null ? "" : ` (until ${day})`;
}

/** Everything that is not as it should be, the worst first. */
function notes(result: CheckResult): string[] {
  const { mcp, rest, finding, credentialExpiresAt } = result;
  return [
    ...(finding === null ? [] : [finding]),
    ...(mcp.outcome === "fail"
      ? [`mcp ${mcp.failureClass}: ${mcp.detail}`]
      : mcp.detail === "" || mcp.outcome === "skipped"
        ? []
        : [mcp.detail]),
    ...(rest.outcome === "fail" ? [`rest ${rest.failureClass}: ${rest.detail}`] : []),
    ...weaknesses(result),
    ...(mcp.hygiene?.findings ?? []).map(({ kind, detail }) => `${kind}: ${detail}`),
    ...(mcp.certificate !== null && mcp.certificate.daysLeft < SOON_DAYS
      ? [`its certificate ends on ${mcp.certificate.validTo.slice(0, 10)}`]
      : []),
    ...(credentialExpiresAt !== null &&
    Date.parse(credentialExpiresAt) - Date.parse(result.checkedAt) < SOON_MS
      ? [`its credential ends on ${credentialExpiresAt.slice(0, 10)}`]
      : []),
  ];
}

/** An end that is nearer than this is said without being asked for. */
const SOON_DAYS = 14;
const SOON_MS = SOON_DAYS * 86_400_000;
