import { Hono, type MiddlewareHandler } from "hono";
import { alarmsShown, healthOf, quietShown, serverShown } from "./status-shapes.ts";
import type { StatusView } from "./status-view.ts";

const EVENTS = 200;

/** The status API over a view. It only reads; who may ask is for whoever serves it to say. */
export function statusRoutes(view: StatusView): Hono {
  const { site } = view;
  const app = new Hono();
  app.get("/status/health", async (c) => {
    const health = healthOf(site, await view.read());
    return c.json(health, health.status === "unhealthy" ? 503 : 200);
  });
  app.get("/status/servers", async (c) => {
    const reading = await view.read();
    return c.json({
      environment: site.environment,
      health: healthOf(site, reading),
      servers: site.servers.map((watched) => serverShown(watched, reading)),
      // what belongs to all servers together
      fleet: alarmsShown(site.fleet, reading),
    });
  });
  app.get("/status/servers/:name", async (c) => {
    const watched = site.servers.find(({ server }) => server === c.req.param("name"));
    if (watched === undefined) {
      const servers = site.servers.map(({ server }) => server);
      return c.json({ error: "there is no server of this name", servers }, 404);
    }
    return c.json(serverShown(watched, await view.read()));
  });
  app.get("/status/events", async (c) => {
    const after = Number(c.req.query("after") ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      return c.json({ error: "after must be the id of an event" }, 400);
    return c.json({ events: await view.events(after, EVENTS) });
  });
  app.get("/status/quiet", async (c) => c.json({ quiet: quietShown(await view.read()) }));
  return app;
}

/** Headers by which a browser takes an answer for nothing but what it says, and keeps no copy. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.header(
    "content-security-policy",
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
  c.header("x-content-type-options", "nosniff");
  c.header("cache-control", "no-store");
};
