import type { CheckResult, Status } from "../probes/result.ts";
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

function checkRow({ server, status, durationMs, mcp, rest }: CheckResult): string[] {
  const wrong = [
    ...(mcp.outcome === "fail"
      ? [`mcp ${mcp.failureClass}: ${mcp.detail}`]
      : mcp.detail === "" || mcp.outcome === "skipped"
        ? []
        : [mcp.detail]),
    ...(rest.outcome === "fail" ? [`rest ${rest.failureClass}: ${rest.detail}`] : []),
  ];
  return [
    server,
    paintStatus(status),
    `mcp ${mcp.outcome === "ok" ? `${durationMs} ms` : mcp.outcome === "skipped" ? "–" : "✗"}`,
    `rest ${rest.outcome === "ok" ? "ok" : rest.outcome === "skipped" ? "–" : "✗"}`,
    mcp.tools === null ? "" : `${mcp.tools} ${mcp.tools === 1 ? "tool" : "tools"}`,
    mcp.protocolVersion ?? "",
    wrong.join("; "),
  ];
}
