import { Hono } from "hono";
import { messageOf } from "../../catalog/errors.ts";
import { securityHeaders, statusRoutes } from "../../monitor/status-routes.ts";
import type { StatusView } from "../../monitor/status-view.ts";
import { printable } from "../../probes/classify.ts";

/** The status API of a cloud: it is read, and nothing else. Who may read it is held before it, by IAM or the network. */
export function statusApp(view: StatusView, tell: (problem: string) => void): Hono {
  const app = new Hono();
  app.use(securityHeaders);
  app.use(async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD")
      return c.json({ error: "the status is read with GET" }, 405, { allow: "GET, HEAD" });
    return next();
  });
  app.route("/", statusRoutes(view));
  app.notFound((c) =>
    c.json(
      {
        error: "there is nothing here",
        see: ["/status/health", "/status/servers", "/status/events", "/status/quiet"],
      },
      404,
    ),
  );
  app.onError((error, c) => {
    tell(`the status could not be read (${printable(messageOf(error))})`);
    return c.json({ error: "the status could not be read" }, 500);
  });
  return app;
}
