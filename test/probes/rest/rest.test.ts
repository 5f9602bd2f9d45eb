import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RestTarget } from "../../../catalog/target.ts";
import { ProbeFault } from "../../../probes/classify.ts";
import { createHttpClient } from "../../../probes/http/client.ts";
import type { HttpClient } from "../../../probes/http/types.ts";
import { type RestPath, readRest } from "../../../probes/rest.ts";
import { body, cutOff, endless, type LocalServer, serve, silent, status } from "../../support/faulty.ts";

/** The REST path against real servers on this machine: what it asks, how often, and what it makes of it. */

let http: HttpClient;
beforeEach(() => {
  http = createHttpClient({ reach: "loopback" });
});
afterEach(() => http.close());

const NEVER = new AbortController().signal;

function read(target: RestTarget, signal: AbortSignal = NEVER): Promise<RestPath> {
  return readRest({ target, http, signal });
}

/** A server of fixed pages that counts how often each was asked. */
async function site(
  pages: Readonly<Record<string, { readonly code?: number; readonly text?: string }>>,
): Promise<LocalServer & { readonly asked: Map<string, number>; readonly accepted: Map<string, string> }> {
  const asked = new Map<string, number>();
  const accepted = new Map<string, string>();
  const server = await serve((request, response) => {
    const path = request.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    accepted.set(path, request.headers.accept ?? "");
    const page = pages[path];
    // A page without a text never answers.
    if (page === undefined) return response.writeHead(404).end();
    if (page.text === undefined && page.code === undefined) return undefined;
    return response.writeHead(page.code ?? 200).end(page.text ?? "");
  });
  return { ...server, asked, accepted, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The health document of the CCTelegram runbook. */
const CCTELEGRAM = {
  status: "healthy",
  components: {
    mcp_server: "running",
    bridge_communication: "connected",
    telegram_api: "authenticated",
    file_system: "accessible",
  },
};

describe("the health page", () => {
  it("is ok when it answers 2xx, and its time is measured", async () => {
    await using server = await body('{"status":"healthy"}');
    const { reading, ms } = await read({ url: server.health });
    expect(reading).toEqual({
      outcome: "ok",
      failureClass: null,
      httpStatus: 200,
      detail: "",
      components: [],
      live: null,
      ready: null,
      numbers: {},
    });
    expect(ms).toBeGreaterThanOrEqual(0);
  });

  it.each(["unhealthy", "DOWN", " Error ", "fail", "Failed"])("fails by its status %j", async (word) => {
    await using server = await body(JSON.stringify({ status: word }));
    const { reading, ms } = await read({ url: server.health });
    expect(reading).toMatchObject({ outcome: "fail", failureClass: "http", httpStatus: 200 });
    expect(reading.detail).toBe(`HTTP 200, but its status says ${word.trim().toLowerCase()}`);
    expect(ms).toBeNull();
  });

  it.each(["", "OK", '{"status":"degraded"}', '{"status":42}', "[1]", '"down"', '[{"status":"down"}]', "{"])(
    "is ok when its body %j does not say that the service is down",
    async (text) => {
      await using server = await body(text);
      expect((await read({ url: server.health })).reading.outcome).toBe("ok");
    },
  );

  it.each([
    [401, "auth"],
    [403, "auth"],
    [404, "http"],
    [429, "http"],
    [503, "http"],
  ])("fails on %i with class %s", async (code, failureClass) => {
    await using server = await status(code);
    const { reading, ms } = await read({ url: server.health });
    expect(reading).toMatchObject({ outcome: "fail", failureClass, httpStatus: code });
    expect(reading.detail).toContain(`HTTP ${code}`);
    expect(ms).toBeNull();
  });

  it("fails when its body does not come whole, or never ends", async () => {
    await using cut = await cutOff();
    await using flood = await endless();
    expect((await read({ url: cut.health })).reading).toMatchObject({ outcome: "fail", httpStatus: 200 });
    const flooded = (await read({ url: flood.health })).reading;
    expect(flooded).toMatchObject({ outcome: "fail", failureClass: "protocol" });
  });

  it.each([
    ["http://127.0.0.1:1/health", "connect"],
    ["no address", "connect"],
    ["ftp://127.0.0.1/health", "connect"],
    ["http://169.254.169.254/health", "connect"],
  ])("at %s is a failure, never an exception", async (url, failureClass) => {
    expect((await read({ url })).reading).toMatchObject({ outcome: "fail", failureClass, httpStatus: null });
  });

  it("shows no secret and no control character in what it is quoted with", async () => {
    const said = JSON.stringify({ components: { db: "hunter2\u0007 down", "hunter2 cache": "down" } });
    await using server = await serve((_, response) => response.writeHead(503, "gone hunter2").end(said));
    const { reading } = await readRest({
      target: { url: server.health, components: { db: "up" } },
      http,
      signal: NEVER,
      redact: (text) => text.replaceAll("hunter2", "***"),
    });
    expect(JSON.stringify(reading)).not.toContain("hunter2");
    expect(reading.detail).toBe("HTTP 503 gone ***");
    expect(reading.components.map(({ name, value }) => [name, value])).toEqual([
      ["db", "***\\u0007 down"],
      ["*** cache", "down"],
    ]);
  });
});

describe("components", () => {
  it("[CCT-02] that say their words leave the path as it is", async () => {
    await using server = await body(JSON.stringify(CCTELEGRAM));
    const { reading } = await read({ url: server.health, components: CCTELEGRAM.components });
    expect(reading.outcome).toBe("ok");
    expect(reading.components).toEqual(
      Object.entries(CCTELEGRAM.components).map(([name, value]) => ({
        name,
        ok: true,
        value,
        expected: value,
      })),
    );
  });

  it("[CCT-02] that say another word or none are named, and do not fail the path", async () => {
    const { telegram_api: _, ...components } = { ...CCTELEGRAM.components, file_system: "read-only" };
    await using server = await body(JSON.stringify({ ...CCTELEGRAM, components }));
    const { reading } = await read({ url: server.health, components: CCTELEGRAM.components });
    expect(reading).toMatchObject({ outcome: "ok", failureClass: null, detail: "" });
    expect(reading.components.filter(({ ok }) => !ok)).toEqual([
      { name: "telegram_api", ok: false, value: null, expected: "authenticated" },
      { name: "file_system", ok: false, value: "read-only", expected: "accessible" },
    ]);
  });

  it("[CCT-02] are all missing when a page that answers 2xx is no document", async () => {
    await using server = await body("OK", "text/plain");
    const { reading } = await read({ url: server.health, components: { db: "up" } });
    expect(reading.components).toEqual([{ name: "db", ok: false, value: null, expected: "up" }]);
  });

  it("that a failed page names are told; of those that it does not name nothing is known", async () => {
    await using spring = await body(
      JSON.stringify({ status: "DOWN", components: { db: { status: "DOWN" }, disk: { status: "UP" } } }),
      "application/json",
      503,
    );
    const components = { db: "UP", disk: "UP" };
    const { reading } = await read({ url: spring.health, components });
    expect(reading).toMatchObject({ outcome: "fail", failureClass: "http", httpStatus: 503 });
    expect(reading.components.map(({ name, ok }) => [name, ok])).toEqual([
      ["db", false],
      ["disk", true],
    ]);
    await using refused = await status(401);
    expect((await read({ url: refused.health, components })).reading.components).toEqual([]);
  });
});

describe("live and ready", () => {
  it("are true for 2xx and false for all else, and never fail the path", async () => {
    await using server = await site({
      "/health": { text: "{}" },
      "/live": { code: 204 },
      "/ready": { code: 503 },
    });
    const url = server.health;
    const { reading } = await read({ url, live: `${server.origin}/live`, ready: `${server.origin}/ready` });
    expect(reading).toMatchObject({ outcome: "ok", live: true, ready: false });
    const gone = await read({ url, live: "http://127.0.0.1:1/", ready: `${server.origin}/missing` });
    expect(gone.reading).toMatchObject({ outcome: "ok", live: false, ready: false });
  });
});

describe("numbers", () => {
  it("[CCT-03] a diagnostics page becomes metrics: performance, error rates, dependencies, configuration", async () => {
    const diagnostics = {
      performance_metrics: { response_time_ms: { p95: 184.5 }, throughput_per_s: "12.75", memory_mb: 81 },
      error_rates: { bridge: 0.02, "telegram/api": 0.11, file_system: 0 },
      dependency_status: [
        { name: "telegram", connected: true },
        { name: "bridge", connected: false },
      ],
      configuration_validation: { valid: true, problems: 0 },
    };
    await using server = await site({
      "/health": { text: "{}" },
      "/diagnostics": { text: JSON.stringify(diagnostics) },
    });
    const url = `${server.origin}/diagnostics`;
    const pointers = {
      response_p95_ms: "/performance_metrics/response_time_ms/p95",
      throughput: "/performance_metrics/throughput_per_s",
      memory_mb: "/performance_metrics/memory_mb",
      bridge_errors: "/error_rates/bridge",
      telegram_errors: "/error_rates/telegram~1api",
      telegram_connected: "/dependency_status/0/connected",
      bridge_connected: "/dependency_status/1/connected",
      configuration_valid: "/configuration_validation/valid",
      not_shown: "/configuration_validation/warnings",
    };
    const numbers = Object.entries(pointers).map(([metric, pointer]) => {
      return { metric, url, kind: "json", pointer } as const;
    });
    const { reading } = await read({ url: server.health, numbers });
    expect(reading.numbers).toEqual({
      response_p95_ms: 184.5,
      throughput: 12.75,
      memory_mb: 81,
      bridge_errors: 0.02,
      telegram_errors: 0.11,
      telegram_connected: 1,
      bridge_connected: 0,
      configuration_valid: 1,
    });
    expect(server.asked.get("/diagnostics")).toBe(1);
  });

  it("come from JSON and Prometheus pages at once, each page asked a single time", async () => {
    await using server = await site({
      "/health": { text: '{"queue":7}' },
      "/metrics": { text: 'calls_total{code="200"} 40\ncalls_total{code="500"} 2\nup 1\n' },
    });
    const metrics = `${server.origin}/metrics`;
    const { reading } = await read({
      url: server.health,
      live: server.health,
      ready: metrics,
      numbers: [
        { metric: "queue", url: server.health, kind: "json", pointer: "/queue" },
        { metric: "calls", url: metrics, kind: "prometheus", series: "calls_total", labels: {} },
        {
          metric: "errors",
          url: metrics,
          kind: "prometheus",
          series: "calls_total",
          labels: { code: "500" },
        },
        { metric: "none", url: metrics, kind: "prometheus", series: "absent", labels: {} },
      ],
    });
    expect(reading).toMatchObject({ outcome: "ok", live: true, ready: true });
    expect(reading.numbers).toEqual({ queue: 7, calls: 42, errors: 2 });
    expect(Object.fromEntries(server.asked)).toEqual({ "/health": 1, "/metrics": 1 });
    expect(server.accepted.get("/health")).toMatch(/^application\/json/);
    expect(server.accepted.get("/metrics")).toMatch(/^application\/openmetrics-text/);
  });

  it("are not taken from a page that fails, and do not fail the path", async () => {
    await using server = await site({ "/health": { text: "{}" }, "/metrics": { code: 500, text: "up 1\n" } });
    const url = `${server.origin}/metrics`;
    const numbers = [{ metric: "up", url, kind: "prometheus", series: "up", labels: {} }] as const;
    const { reading } = await read({ url: server.health, numbers });
    expect(reading).toMatchObject({ outcome: "ok", numbers: {} });
  });
});

describe("deadlines", () => {
  it("[STAT-12] the path's own deadline ends it, and says its length", async () => {
    await using server = await silent();
    const { reading, ms } = await read({ url: server.health, timeoutMs: 60 });
    expect(reading).toMatchObject({ outcome: "fail", failureClass: "timeout", httpStatus: null });
    expect(reading.detail).toContain("no answer within 60 ms");
    expect(ms).toBeNull();
  });

  it("[STAT-12] a page beside the health page that hangs costs its own number and not the verdict", async () => {
    await using server = await site({ "/health": { text: '{"queue":7}' }, "/metrics": {}, "/live": {} });
    const url = `${server.origin}/metrics`;
    const { reading, ms } = await read({
      url: server.health,
      live: `${server.origin}/live`,
      timeoutMs: 300,
      numbers: [
        { metric: "queue", url: server.health, kind: "json", pointer: "/queue" },
        { metric: "up", url, kind: "prometheus", series: "up", labels: {} },
      ],
    });
    expect(reading).toMatchObject({ outcome: "ok", httpStatus: 200, live: false, numbers: { queue: 7 } });
    expect(ms).toBeLessThan(300);
  });

  it("the check's deadline ends it with the check's words", async () => {
    await using server = await silent();
    const controller = new AbortController();
    const reading = read({ url: server.health, timeoutMs: 20_000 }, controller.signal);
    controller.abort(new ProbeFault("timeout", "no answer within 1000 ms"));
    expect((await reading).reading.detail).toContain("no answer within 1000 ms");
    const late = await read({ url: server.health }, AbortSignal.abort(new ProbeFault("timeout", "too late")));
    expect(late.reading).toMatchObject({ outcome: "fail", failureClass: "timeout" });
  });
});
