import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { messageOf, RollcallError } from "../catalog/errors.ts";
import { localView } from "./local-view.ts";
import type { Monitor } from "./monitor.ts";
import { securityHeaders, statusRoutes } from "./status-routes.ts";

const CONSOLE = new URL("./console/", import.meta.url);
const ASSETS = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/console.css": { file: "console.css", type: "text/css; charset=utf-8" },
  "/icon.svg": { file: "icon.svg", type: "image/svg+xml" },
  "/console.js": { file: "console.js", type: "text/javascript; charset=utf-8" },
} as const;
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
    return undefined;
  });
  app.use(securityHeaders);

  app.route("/", statusRoutes(localView(monitor)));
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

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
