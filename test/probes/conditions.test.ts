import { describe, expect, it } from "vitest";
import { measuresOf } from "../../probes/measure.ts";
import { findingOf, statusOf, weaknesses } from "../../probes/verdict.ts";
import { observed, resultOf } from "../support/observation.ts";

/** What a server says besides up and down, and the metrics that say so. */

const ok = { outcome: "ok", failureClass: null } as const;
const down = { outcome: "fail", failureClass: "connect" } as const;
const refused = { outcome: "fail", failureClass: "auth" } as const;
const HOUR_MS = 3_600_000;

describe("the two paths", () => {
  it("have their own words when one of them lies", () => {
    expect(findingOf({ mcp: down, rest: ok })).toBe("lying health");
    expect(findingOf({ mcp: ok, rest: down })).toBe("bad health endpoint");
    expect(findingOf({ mcp: refused, rest: ok })).toBeNull();
    expect(findingOf({ mcp: down, rest: down })).toBeNull();
  });
});

describe("a healthy server", () => {
  it("[CCT-02] [PLAY-05] is degraded, never unhealthy, by a component, a readiness page or a dependency, each named", () => {
    const result = resultOf({
      mcp: ok,
      rest: {
        ...ok,
        ready: false,
        components: [
          { name: "telegram_api", ok: false, value: "expired", expected: "authenticated" },
          { name: "file_system", ok: true, value: "accessible", expected: "accessible" },
        ],
      },
      dependencies: [
        { name: "database", kind: "postgresql", ok: false, ms: 3, detail: "login refused" },
        { name: "disk", kind: "disk", ok: true, ms: 1, detail: "" },
      ],
    });
    expect(result.status).toBe("degraded");
    expect(weaknesses(result)).toEqual([
      "telegram_api says expired, not authenticated",
      "the readiness page fails",
      "needs database: login refused",
    ]);
    expect(measuresOf(observed(result))).toMatchObject({
      Degraded: 1,
      Unhealthy: 0,
      DependenciesFailed: 1,
      McpAvailable: 1,
      RestAvailable: 1,
    });
    expect(statusOf({ ...result, mcp: { ...result.mcp, ...down }, rest: { ...result.rest, ...down } })).toBe(
      "unhealthy",
    );
  });
});

describe("the metrics", () => {
  it("[STAT-03] hold the times and the success of MCP, of REST and of both together", () => {
    const both = measuresOf(observed(resultOf({ mcp: ok, rest: ok }), { mcpMs: 40, restMs: 9 }));
    expect(both).toMatchObject({
      McpLatency: 40,
      RestLatency: 9,
      CheckLatency: 40,
      McpAvailable: 1,
      RestAvailable: 1,
      AllAvailable: 1,
    });
    const half = measuresOf(observed(resultOf({ mcp: ok, rest: down }), { mcpMs: 40 }));
    expect(half).toMatchObject({ McpAvailable: 1, RestAvailable: 0, AllAvailable: 0, McpLatency: 40 });
    expect(half).not.toHaveProperty("RestLatency");
    expect(half).not.toHaveProperty("CheckLatency");
  });

  it("call both together failed when one is surely so, and say nothing of both behind a lone refusal", () => {
    const all = (mcp: typeof ok | typeof down | typeof refused, rest: typeof ok | typeof refused) =>
      measuresOf(observed(resultOf({ mcp, rest }))).AllAvailable;
    expect([all(ok, ok), all(down, ok), all(down, refused), all(ok, refused)]).toEqual([1, 0, 0, undefined]);
  });

  it("[STAT-08] count a refusal on its own, and never as an outage", () => {
    const measures = measuresOf(observed(resultOf({ mcp: refused, rest: refused })));
    expect(measures).toMatchObject({ AuthRefused: 1, Unhealthy: 0, Degraded: 0 });
    for (const name of ["McpAvailable", "RestAvailable", "AllAvailable"])
      expect(measures).not.toHaveProperty(name);
  });

  it("charge an objective for the classes that it names and for no others", () => {
    const rules = [
      { objective: "reachable", kind: "classes", path: "mcp", burns: ["connect", "timeout"] },
    ] as const;
    const kept = (mcp: typeof ok | { outcome: "fail"; failureClass: "connect" | "rpc" | "auth" }) =>
      measuresOf(observed(resultOf({ mcp })), rules)["Objective.reachable"];
    expect(kept(ok)).toBe(1);
    expect(kept(down)).toBe(0);
    expect(kept({ outcome: "fail", failureClass: "rpc" })).toBe(1);
    expect(kept(refused)).toBeUndefined();
    const strict = [{ objective: "reachable", kind: "classes", path: "mcp", burns: ["auth"] }] as const;
    expect(measuresOf(observed(resultOf({ mcp: refused })), strict)["Objective.reachable"]).toBe(0);
  });

  it("count each tool once for each way in which it left its contract", () => {
    const drift = [
      { kind: "breaking", tool: "a", what: "x" },
      { kind: "breaking", tool: "a", what: "y" },
      { kind: "wording", tool: "b", what: "z" },
    ] as const;
    const result = resultOf({ mcp: { ...ok, tools: 3, drift: [...drift] } });
    expect(measuresOf(observed(result, { missingTools: ["c"] }))).toMatchObject({
      ToolsMissing: 1,
      ToolsBreaking: 1,
      ToolsWording: 1,
      ToolsAdditive: 0,
    });
  });

  it("tell the hours to the nearer of two ends, and nothing where nothing ends", () => {
    const checkedAt = "2026-11-21T08:00:00.000Z";
    const at = (hours: number): string => new Date(Date.parse(checkedAt) + hours * HOUR_MS).toISOString();
    const certificate = { validTo: at(100), daysLeft: 4 };
    const expiring = resultOf({ checkedAt, mcp: { ...ok, certificate }, credentialExpiresAt: at(70.5) });
    expect(measuresOf(observed(expiring)).HoursToExpiry).toBe(70);
    const credentialOnly = resultOf({ checkedAt, mcp: ok, credentialExpiresAt: at(-1) });
    expect(measuresOf(observed(credentialOnly)).HoursToExpiry).toBe(-1);
    expect(measuresOf(observed(resultOf({ mcp: ok })))).not.toHaveProperty("HoursToExpiry");
  });

  it("of a run without a verdict are none at all, whatever its readings say", () => {
    const blind = resultOf({ mcp: down, status: "unknown", finding: "our own network is down" });
    const rules = [{ objective: "reachable", kind: "classes", path: "mcp", burns: ["connect"] }] as const;
    expect(measuresOf(observed(blind), rules)).toEqual({});
  });
});
