import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { messageOf, RollcallError } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import { quietText } from "../plan/maintenance.ts";
import type { CheckResult, Status } from "../probes/result.ts";
import type { Monitor } from "./monitor.ts";

const CONSOLE = new URL("./console/", import.meta.url);
const ASSETS = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/console.css": { file: "console.css", type: "text/css; charset=utf-8" },
  "/icon.svg": { file: "icon.svg", type: "image/svg+xml" },
  "/console.js": { file: "console.js", type: "text/javascript; charset=utf-8" },
} as const;
const EVENTS = 200;
/** The longest time that a timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Header that carries the token of the state folder; a page of another site cannot set it. */
export const DRILL_TOKEN = "x-rollcall-token";

/** The status API and the console of a monitor. Reading is open to this machine; drills and mutes need the token. */
export function statusApi(monitor: Monitor, { token }: { readonly token: string }): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    // a name that resolves to 127.0.0.1 must not let a page of another site read the status (DNS rebinding)
    const host = (c.req.header("host") ?? "").replace(/:\d+$/, "");
    if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) {
      return c.json({ error: "this address is served to 127.0.0.1 only" }, 403);
    }
    await next();
    c.header(
      "content-security-policy",
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", "no-store");
    return undefined;
  });

  app.get("/status/health", (c) => {
    const health = healthOf(monitor);
    return c.json(health, health.status === "unhealthy" ? 503 : 200);
  });
  app.get("/status/servers", (c) =>
    c.json({
      environment: monitor.environment.name,
      health: healthOf(monitor),
      servers: serverNames(monitor).map((name) => serverStatus(monitor, name)),
      // what belongs to all servers together
      fleet: alarmStates(monitor, monitor.plan.fleet),
    }),
  );
  app.get("/status/servers/:name", (c) => {
    const name = c.req.param("name");
    if (!serverNames(monitor).includes(name)) {
      return c.json({ error: "there is no server of this name", servers: serverNames(monitor) }, 404);
    }
    return c.json(serverStatus(monitor, name));
  });
  app.get("/status/events", (c) => {
    const after = Number(c.req.query("after") ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      return c.json({ error: "after must be the id of an event" }, 400);
    return c.json({ events: monitor.store.events(after, EVENTS) });
  });
  app.get("/status/quiet", (c) => c.json({ quiet: quietStatus(monitor) }));
  app.get("/metrics", async (c) =>
    c.body(await monitor.exposition.text(), 200, { "content-type": monitor.exposition.contentType }),
  );

  app.post("/drill/:verb/:name", async (c) => {
    if (!sameText(c.req.header(DRILL_TOKEN) ?? "", token))
      return c.json({ error: "the token of the state folder is missing or wrong" }, 403);
    const { verb, name } = c.req.param();
    if (verb !== "stop" && verb !== "start")
      return c.json({ error: "a drill can stop or start a server" }, 404);
    const seconds = c.req.query("for");
    const restartMs = seconds === undefined ? null : Number(seconds) * 1_000;
    if (restartMs !== null && !(restartMs >= 0 && restartMs <= MAX_TIMER_MS))
      return c.json({ error: "for must be seconds, at most 24 days" }, 400);
    try {
      if (verb === "start") await monitor.fleet.start(name);
      else await monitor.drillStop(name, restartMs);
      return c.json({ server: name, pid: monitor.fleet.pidOf(name) });
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      return c.json({ error: messageOf(error) }, 400);
    }
  });

  app.on(["POST", "DELETE"], "/mute/:target", async (c) => {
    if (!sameText(c.req.header(DRILL_TOKEN) ?? "", token))
      return c.json({ error: "the token of the state folder is missing or wrong" }, 403);
    const target = c.req.param("target");
    try {
      if (c.req.method === "DELETE") return c.json({ ended: monitor.unmute(target).map(({ id }) => id) });
      const { for: seconds = "", reason = "" } = c.req.query();
      const { to } = monitor.mute({ target, reason, forMs: Math.round(Number(seconds) * 1_000) });
      return c.json({ until: new Date(to).toISOString() });
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      return c.json({ error: messageOf(error) }, 400);
    }
  });

  for (const [path, { file, type }] of Object.entries(ASSETS)) {
    const body = readFileSync(new URL(file, CONSOLE), "utf8");
    app.get(path, (c) => c.body(body, 200, { "content-type": type }));
  }
  app.notFound((c) =>
    c.json(
      { error: "there is nothing here", see: ["/", "/status/health", "/status/servers", "/metrics"] },
      404,
    ),
  );
  app.onError((_error, c) => c.json({ error: "the monitor could not answer this request" }, 500));
  return app;
}

/** The state of the environment in one object: healthy when every server is. */
function healthOf(monitor: Monitor) {
  const counts: Record<Status, number> = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  for (const name of serverNames(monitor)) counts[current(monitor, name)?.status ?? "unknown"] += 1;
  const { results, since } = monitor.store.extent();
  return {
    status: overall(counts),
    environment: monitor.environment.name,
    catalog: monitor.plan.catalog,
    servers: { total: serverNames(monitor).length, ...counts },
    // a part of another composite tells nobody, and would count twice
    alarms: [...monitor.plan.servers, monitor.plan.fleet]
      .flatMap(({ composites }) => composites)
      .filter(({ definition: { AlarmName, ActionsEnabled } }) => {
        return ActionsEnabled && monitor.desk.stateOf(AlarmName)?.state === "ALARM";
      }).length,
    quiet: quietStatus(monitor),
    history: { results, since: since === null ? null : new Date(since).toISOString() },
    monitor: {
      pid: process.pid,
      startedAt: new Date(monitor.startedAt).toISOString(),
      residentBytes: process.memoryUsage.rss(),
    },
  };
}

function overall(counts: Readonly<Record<Status, number>>): Status {
  if (counts.unhealthy > 0) return "unhealthy";
  if (counts.degraded > 0) return "degraded";
  return counts.unknown > 0 || counts.healthy === 0 ? "unknown" : "healthy";
}

function serverStatus(monitor: Monitor, name: string) {
  const planned = monitor.plan.servers.find(({ server }) => server === name);
  const result = current(monitor, name);
  return {
    server: name,
    description: planned?.description ?? "",
    overall_status: result?.status ?? "unknown",
    mcp_success:
      result === undefined || result.mcp.outcome === "skipped" ? null : result.mcp.outcome === "ok",
    rest_success:
      result === undefined || result.rest.outcome === "skipped" ? null : result.rest.outcome === "ok",
    pid: monitor.fleet.pidOf(name),
    result: result ?? null,
    quiet: quietStatus(monitor, name),
    objectives: planned?.objectives ?? [],
    ...alarmStates(monitor, planned ?? { alarms: [], composites: [] }),
  };
}

/** The state of each alarm of a server, or of the fleet. */
function alarmStates(
  { desk }: Monitor,
  { alarms, composites }: Pick<Monitor["plan"]["fleet"], "alarms" | "composites">,
) {
  const shown = ({ definition, severity }: (typeof alarms | typeof composites)[number]) => {
    const state = desk.stateOf(definition.AlarmName);
    return {
      alarm: definition.AlarmName,
      severity,
      state: state?.state ?? "INSUFFICIENT_DATA",
      since: state === undefined ? null : new Date(state.since).toISOString(),
      reason: state?.reason ?? "",
    };
  };
  return {
    composites: composites.map((one) => ({ ...shown(one), acts: one.definition.ActionsEnabled })),
    alarms: alarms.map(shown),
  };
}

/** Why alarms tell nobody now, of all servers or of one: what it is, what for, and until when. */
function quietStatus(monitor: Monitor, target: string = FLEET) {
  return monitor
    .quietNow()
    .filter(({ servers }) => target === FLEET || servers.includes(target))
    .map((time) => ({
      kind: time.kind,
      name: time.name,
      servers: time.servers,
      reason: time.reason,
      from: new Date(time.from).toISOString(),
      until: new Date(time.to).toISOString(),
      text: quietText(time, Date.now()),
    }));
}

/** The newest result of this run: what the history says of yesterday is not how a server is now. */
function current(monitor: Monitor, name: string): CheckResult | undefined {
  const result = monitor.latest(name);
  return result !== undefined && Date.parse(result.checkedAt) >= monitor.startedAt ? result : undefined;
}

function serverNames(monitor: Monitor): string[] {
  return monitor.environment.servers.map(({ name }) => name);
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
