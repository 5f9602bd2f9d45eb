import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, unavailableError } from "../catalog/errors.ts";
import { ProbeFault } from "../probes/classify.ts";

const POLL_MS = 50;

/** Whether something on this machine accepts a connection at a port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** @throws RollcallError (unavailable) when something else listens there: we would watch a stranger. */
export async function requireFreePort(server: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(port, "127.0.0.1", resolve);
  }).catch((error: unknown) => {
    throw unavailableError(
      {
        place: `server ${server}`,
        rule: `port ${port} of 127.0.0.1 is taken (${messageOf(error)})`,
        cure: "end what listens there, or give the server another run.port in its file",
      },
      error,
    );
  });
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}

/**
 * Resolves when the port is listened on. @throws ProbeFault when the process has `gone` before (its last words are
 * the reason), or when the time is over.
 */
export async function waitUntilListening(input: {
  readonly server: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly gone: () => string | undefined;
}): Promise<void> {
  const { server, port, timeoutMs, gone } = input;
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const ended = gone();
    if (ended !== undefined) throw new ProbeFault("connect", ended);
    if (await isListening(port)) return;
    await sleep(POLL_MS);
  }
  throw new ProbeFault("timeout", `${server} does not listen on port ${port} after ${timeoutMs} ms`);
}
