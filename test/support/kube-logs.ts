import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request for the lines of a container, open until it is ended. */
export interface LogRequest {
  readonly pod: string;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly token: string;
  /** Writes bytes as one chunk; resolves when the other end has taken enough to go on. */
  write(text: string | Buffer): Promise<void>;
  end(): void;
  /** Breaks the connection. */
  break(): void;
}

/** The list, watch and log endpoints of the Kubernetes API for one namespace, as a real HTTP server on 127.0.0.1. */
export interface KubeLogs {
  readonly url: string;
  /** Every request, as `GET /path?query` with the token that came along. */
  readonly requests: readonly { readonly path: string; readonly token: string }[];
  /** Objects that a list gives. */
  pods: object[];
  /** How the next list or watch is refused, once. */
  refuse: { readonly on: "list" | "watch" | "log"; readonly status: number } | null;
  /** Sends an event to the watch that is open, or to the next one. */
  event(type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR", object: object): void;
  /** Ends the watch that is open. */
  endWatch(): void;
  /** The next request for lines that nobody has asked for yet. */
  nextLog(): Promise<LogRequest>;
  /** Resolves when a watch is open. */
  watching(): Promise<void>;
  close(): Promise<void>;
}

export async function startKubeLogs(): Promise<KubeLogs> {
  const requests: { path: string; token: string }[] = [];
  const logs: LogRequest[] = [];
  const events: string[] = [];
  let watch: ServerResponse | null = null;
  let waiting: (() => void)[] = [];
  const changed = (): void => {
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  };
  const change = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const send = (text: string): void => {
    if (watch === null) events.push(text);
    else watch.write(text);
  };
  const refused = (on: "list" | "watch" | "log", response: ServerResponse): boolean => {
    if (kube.refuse?.on !== on) return false;
    const { status } = kube.refuse;
    kube.refuse = null;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ kind: "Status", code: status, message: "refused" }));
    changed();
    return true;
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "", "http://localhost");
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    requests.push({ path: request.url ?? "", token });
    const [, pod] = /\/pods\/([^/]+)\/log$/.exec(url.pathname) ?? [];
    if (pod !== undefined) {
      if (refused("log", response)) return;
      response.writeHead(200, { "content-type": "text/plain" });
      response.flushHeaders();
      logs.push(logRequest({ pod, query: url.searchParams, token, response }));
    } else if (url.searchParams.get("watch") === "true") {
      if (refused("watch", response)) return;
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      watch = response;
      response.once("close", () => {
        if (watch === response) watch = null;
      });
      for (const text of events.splice(0)) response.write(text);
    } else {
      if (refused("list", response)) return;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ kind: "PodList", metadata: { resourceVersion: "1" }, items: kube.pods }));
    }
    changed();
  };
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const kube: KubeLogs = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    pods: [],
    refuse: null,
    event: (type, object) => send(`${JSON.stringify({ type, object })}\n`),
    endWatch: () => watch?.end(),
    async nextLog() {
      for (;;) {
        const next = logs.shift();
        if (next !== undefined) return next;
        await change();
      }
    },
    async watching() {
      while (watch === null) await change();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return kube;
}

function logRequest(input: {
  readonly pod: string;
  readonly query: URLSearchParams;
  readonly token: string;
  readonly response: ServerResponse;
}): LogRequest {
  const { pod, query, token, response } = input;
  return {
    pod,
    container: query.get("container") ?? "",
    query,
    token,
    async write(text) {
      if (response.write(text) || response.destroyed) return;
      const over = new AbortController();
      const heard = ["drain", "close"].map((event) => once(response, event, { signal: over.signal }));
      await Promise.race(heard);
      over.abort();
      await Promise.allSettled(heard);
    },
    end: () => response.end(),
    break: () => response.destroy(),
  };
}

/** A pod as the API gives it, with one container. */
export function podObject(input: {
  readonly name: string;
  readonly app: string;
  readonly namespace?: string;
  readonly container?: string;
  readonly run?: string;
  readonly state?: "running" | "terminated" | "waiting";
}): object {
  const { name, app, namespace = "shelf", container = "main", run = "run-1", state = "running" } = input;
  const id = `containerd://${run}`;
  const states = {
    running: { running: { startedAt: "2026-11-21T10:00:00Z" } },
    terminated: { terminated: { exitCode: 0, containerID: id } },
    waiting: { waiting: { reason: "ContainerCreating" } },
  };
  return {
    kind: "Pod",
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: "2", labels: { app } },
    status: {
      containerStatuses: [
        { name: container, state: states[state], ...(state === "waiting" ? {} : { containerID: id }) },
      ],
    },
  };
}
