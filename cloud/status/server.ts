import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { EXIT, messageOf } from "../../catalog/errors.ts";
import type { StatusSite } from "../../plan/status.ts";
import { statusApp } from "./app.ts";
import { exporterSources } from "./exporter-sources.ts";
import { cloudView } from "./view.ts";

/** A status site that runs. */
export interface RunningStatus {
  /** Such as `http://127.0.0.1:9466`. */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Serves the status of a cluster: what its exporter has found, and `/livez`, which says that the process works. An
 * exporter that does not answer makes servers unknown and the site no less ready. Rejects when the address is taken.
 */
export async function startStatus(input: {
  readonly site: StatusSite;
  /** Address of the exporter's page of results. */
  readonly results: string;
  readonly host: string;
  readonly port: number;
  /** Takes one line about something that cannot be read. */
  readonly tell: (problem: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}): Promise<RunningStatus> {
  const { site, results, host, port, tell, now = Date.now } = input;
  const sources = exporterSources({ page: results, now });
  const app = new Hono();
  app.get("/livez", (c) => c.json({ status: "ok" }));
  app.route("/", statusApp(cloudView({ site, sources, tell, now }), tell));
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
  server.listen({ host, port });
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${taken}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

if (import.meta.main) {
  const tell = (problem: string): unknown => process.stderr.write(`${problem}\n`);
  const {
    ROLLCALL_SITE = "site.json",
    ROLLCALL_RESULTS_PAGE = "",
    ROLLCALL_LISTEN = "127.0.0.1:9466",
  } = process.env;
  try {
    const [host = "", port = ""] = ROLLCALL_LISTEN.split(":");
    // written by the plan, never by a caller
    const site = JSON.parse(readFileSync(ROLLCALL_SITE, "utf8")) as StatusSite;
    const status = await startStatus({
      site,
      results: ROLLCALL_RESULTS_PAGE,
      host,
      port: Number(port),
      tell,
    });
    tell(`status on ${status.origin}/status/health`);
    await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
    await status.close();
    process.exit(EXIT.healthy);
  } catch (error) {
    tell(messageOf(error));
    process.exit(EXIT.internal);
  }
}
