import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { messageOf, unavailableError } from "../catalog/errors.ts";
import { statusApi } from "./api.ts";
import { Monitor, type MonitorInput } from "./monitor.ts";
import { announce, findRunning, prepareStateFolder, withdraw } from "./state-folder.ts";

/** A monitor that runs and answers. */
export interface Serving {
  readonly monitor: Monitor;
  readonly url: string;
  /** Ends every child, closes the history and the address. */
  stop(): Promise<void>;
}

/**
 * Starts a monitor and its API on 127.0.0.1. The address is taken first: when it cannot be had, nothing has
 * been started and nothing has been written.
 * @throws RollcallError (unavailable) for a taken port, an unwritable folder, a missing package, or a second
 * monitor on the same state folder.
 */
export async function serve(input: MonitorInput & { readonly port: number }): Promise<Serving> {
  const { port, state, environment } = input;
  prepareStateFolder(state);
  const running = findRunning(state);
  if (running !== undefined) {
    throw unavailableError({
      place: state,
      rule: `a monitor already runs on this state folder (process ${running.pid}, ${running.url})`,
      cure: "end it first, or name another folder with --state",
    });
  }
  const token = randomBytes(24).toString("base64url");
  const server = createServer();
  await listen(server, port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let monitor: Monitor | undefined;
  try {
    monitor = new Monitor(input);
    const answer = getRequestListener(statusApi(monitor, { token }).fetch);
    server.on("request", (request, response) => void answer(request, response));
    announce(state, { pid: process.pid, url, environment: environment.name, token });
    await monitor.start();
  } catch (error) {
    await monitor?.stop();
    withdraw(state);
    await close(server);
    throw error;
  }
  const serving = monitor;
  return {
    monitor: serving,
    url,
    stop: async () => {
      await Promise.all([close(server), serving.stop()]);
      withdraw(state);
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const rule =
        "code" in error && error.code === "EADDRINUSE"
          ? "is taken"
          : `cannot be listened on (${messageOf(error)})`;
      reject(
        unavailableError(
          {
            place: `127.0.0.1:${port}`,
            rule: `the port ${rule}`,
            cure: "end what listens there, or name another with --port",
          },
          error,
        ),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
