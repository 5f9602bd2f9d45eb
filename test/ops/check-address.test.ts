import { describe, expect, test } from "vitest";
import { rollcall, twoAtATime } from "../support/cli.ts";
import { body, serve, status } from "../support/faulty.ts";
import { asRecord } from "../support/json.ts";
import { legacyServer, modernServer } from "../support/servers.ts";

// `rollcall check --url` against servers that run: the verdict, the exit code and the bound of time of the command
// as a whole. Where nothing listens, and the shape of the answer, stand in check.test.ts.

/** What the command may take beyond the timeout, in milliseconds. */
const GRACE_MS = 2_000;

describe("a check of an address where a server runs", () => {
  test("is healthy with exit code 0, whichever generation of the protocol it speaks", async () => {
    await using modern = await modernServer();
    await using legacy = await legacyServer();
    const results = await twoAtATime([modern, legacy], ({ url }) =>
      rollcall(["check", "--url", url, "--format", "json"]),
    );
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
    expect(results.map(({ stdout }) => asRecord(asRecord(JSON.parse(stdout)).mcp))).toMatchObject([
      {
        outcome: "ok",
        failureClass: null,
        era: "modern",
        protocolVersion: "2026-07-28",
        tools: 2,
        detail: "",
      },
      {
        outcome: "ok",
        failureClass: null,
        era: "legacy",
        protocolVersion: "2025-11-25",
        tools: 3,
        detail: "",
      },
    ]);
  });

  test("says of both paths how they are: healthy with 0, degraded with 1 where one of them fails", async () => {
    await using server = await modernServer();
    await using well = await body('{"status":"ok"}');
    await using failing = await status(503);
    const args = (mcp: string, rest: string) => ["check", "--url", mcp, "--rest", rest, "--format", "json"];
    const [both, rest, mcp] = await twoAtATime(
      [args(server.url, well.health), args(server.url, failing.health), args(failing.url, well.health)],
      (one) => rollcall(one),
    );
    expect(both?.code).toBe(0);
    expect(JSON.parse(both?.stdout ?? "")).toMatchObject({
      status: "healthy",
      mcp: { outcome: "ok" },
      rest: { outcome: "ok", failureClass: null, httpStatus: 200 },
    });
    expect(rest?.code).toBe(1);
    expect(JSON.parse(rest?.stdout ?? "")).toMatchObject({
      status: "degraded",
      mcp: { outcome: "ok" },
      rest: { outcome: "fail", failureClass: "http", httpStatus: 503 },
    });
    expect(mcp?.code).toBe(1);
    expect(JSON.parse(mcp?.stdout ?? "")).toMatchObject({
      status: "degraded",
      mcp: { outcome: "fail", failureClass: "http" },
      rest: { outcome: "ok" },
    });
  });

  test("in the table has no colours where it is no terminal", async () => {
    await using server = await modernServer();
    const { FORCE_COLOR: _, ...env } = process.env;
    const { code, stdout } = await rollcall(["check", "--url", server.url], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}127\.0\.0\.1:\d+ {2}healthy {2}mcp \d+ ms {2}rest – {2}2 tools {2}2026-07-28\n$/,
    );
  });
});

describe("a check of a server that never answers", () => {
  test.each(["--url", "--rest"])("on %s ends within the timeout and two seconds more", async (path) => {
    const asked = Promise.withResolvers<number>();
    await using server = await serve(() => asked.resolve(performance.now()));
    const ended = rollcall(["check", path, server.url, "--timeout", "1s", "--format", "json"]);
    // counted from the first request, so that the start of the process is not in it
    const from = await asked.promise;
    const { code, stdout } = await ended;
    expect(performance.now() - from).toBeLessThan(1_000 + GRACE_MS);
    expect(code).toBe(2);
    expect(asRecord(JSON.parse(stdout))[path === "--url" ? "mcp" : "rest"]).toMatchObject({
      outcome: "fail",
      failureClass: "timeout",
    });
  });
});
