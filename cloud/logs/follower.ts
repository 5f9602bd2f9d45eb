import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { FollowerPlan } from "../../plan/logs.ts";
import { printable } from "../../probes/classify.ts";
import { type Counts, metricsPage, noCounts } from "./counts.ts";
import { Forward } from "./forward.ts";
import { beat } from "./heartbeat.ts";
import { KubeApi, type KubeApiOptions } from "./kube-api.ts";
import { type Pause, pauseByClock } from "./pause.ts";
import { Tracker } from "./tracker.ts";

export interface FollowerInput {
  readonly plan: FollowerPlan;
  readonly api: KubeApiOptions;
  /** Where the pages are served, such as 0.0.0.0. */
  readonly host: string;
  /** Takes one line of JSON about what went wrong. */
  readonly tell: (line: string) => void;
  readonly now?: () => number;
  readonly pause?: Pause;
}

export interface Follower {
  /** Such as `http://127.0.0.1:9465`. */
  readonly origin: string;
  readonly counts: Readonly<Counts>;
  /** Ends reading, sends what is held, and closes everything. */
  close(): Promise<void>;
}

/** What is held may still be sent for so long after the end was asked for. */
const DRAIN_MS = 10_000;
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Reads the lines of the environment's pods from the API of the cluster and brings them to Fluent Bit beside it. Serves
 * `/livez` (the process works), `/readyz` (the pods are known) and `/metrics`.
 */
export async function startFollower(input: FollowerInput): Promise<Follower> {
  const { plan, tell, host, now = Date.now, pause = pauseByClock } = input;
  const counts = noCounts();
  const report = (what: string, error: unknown): void => {
    const text = printable(error instanceof Error ? error.message : String(error));
    tell(JSON.stringify({ time: new Date(now()).toISOString(), what, error: text }));
  };
  const forward = new Forward({
    port: plan.forwardPort,
    counts,
    pause,
    chunkName: randomUUID,
    failed: (error) => {
      counts.forwardErrors += 1;
      report("Fluent Bit", error);
    },
  });
  const tracker = new Tracker({
    plan,
    api: new KubeApi(input.api),
    forward,
    counts,
    tell: report,
    now,
    pause,
  });
  const [stop, last] = [new AbortController(), new AbortController()];
  const server = createServer((request, response) => {
    const ready = tracker.ready;
    const pages: Readonly<Record<string, readonly [status: number, text: string]>> = {
      "/livez": [200, "ok\n"],
      "/readyz": [ready ? 200 : 503, ready ? "ok\n" : "the pods are not known yet\n"],
      "/metrics": [200, metricsPage(counts)],
    };
    const [status, text] = pages[request.url ?? ""] ?? [404, "see /livez, /readyz and /metrics\n"];
    response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  });
  server.listen({ host, port: plan.port });
  await once(server, "listening");
  const reading = tracker.run(stop.signal);
  const { apps } = plan;
  const beating = beat({ apps, tracker, forward, counts, now, pause, signal: stop.signal });
  const sending = forward.run(stop.signal, last.signal);
  const { address, port } = server.address() as AddressInfo;
  return {
    origin: `http://${address}:${port}`,
    counts,
    async close() {
      stop.abort();
      await Promise.all([reading, beating]);
      const drained = new AbortController();
      void pause(DRAIN_MS, drained.signal).then(() => last.abort());
      await sending;
      drained.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

if (import.meta.main) {
  const { ROLLCALL_FOLLOW = "follow.json", ROLLCALL_LISTEN_HOST = "127.0.0.1" } = process.env;
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  const tell = (line: string): unknown => process.stderr.write(`${line}\n`);
  const follower = await startFollower({
    // written by the same plan that this program is bundled with
    plan: JSON.parse(readFileSync(ROLLCALL_FOLLOW, "utf8")) as FollowerPlan,
    api: {
      url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      tokenFile: `${SERVICE_ACCOUNT}/token`,
      caFile: `${SERVICE_ACCOUNT}/ca.crt`,
    },
    host: ROLLCALL_LISTEN_HOST,
    tell,
  });
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await follower.close();
  process.exit(0);
}
