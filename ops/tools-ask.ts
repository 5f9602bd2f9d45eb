import { usageError } from "../catalog/errors.ts";
import type { CheckTarget } from "../catalog/target.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { openSessionFor } from "../probes/check.ts";
import { classify } from "../probes/classify.ts";
import { startDeadline } from "../probes/deadline.ts";
import type { Era } from "../probes/result.ts";
import type { ToolList } from "../probes/session.ts";
import { prepareTargets } from "./check-targets.ts";
import { endOnSignals } from "./signals.ts";

/** What a server said of its tools, or why it could not be asked, printable. */
export type ToolsAnswer =
  | {
      readonly server: Server;
      readonly list: ToolList;
      readonly era: Era;
      readonly protocolVersion: string | null;
    }
  | { readonly server: Server; readonly list: null; readonly failure: string };

/** The least time to read a list, in milliseconds: nothing is judged by it, and a cold start may take seconds. */
const PATIENCE_MS = 20_000;

/** The servers of an environment that are named, all when none is. @throws RollcallError (usage) for a name it has not. */
export function chosenServers(environment: Environment, names: readonly string[]): readonly Server[] {
  const known = environment.servers.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw usageError({
      place: unknown,
      rule: `there is no server of this name in ${environment.name}`,
      cure: `name one of ${known.join(", ")}`,
    });
  }
  return names.length === 0
    ? environment.servers
    : environment.servers.filter(({ name }) => names.includes(name));
}

/** Asks each server for its tools, all at once. Starts those of this machine that nobody has started, for as long. */
export async function askTools(environment: Environment, servers: readonly Server[]): Promise<ToolsAnswer[]> {
  endOnSignals();
  const prepared = await prepareTargets(environment, servers);
  try {
    return await Promise.all(
      servers.map(async (server): Promise<ToolsAnswer> => {
        const target = prepared.targets.find((one) => one.server === server.name);
        if (target === undefined) return { server, list: null, failure: "nobody knows how to reach it" };
        return ask(server, target);
      }),
    );
  } finally {
    await prepared.release();
  }
}

async function ask(server: Server, target: CheckTarget): Promise<ToolsAnswer> {
  const timeoutMs = Math.max(target.timeoutMs, PATIENCE_MS);
  const { signal, bounded, cancel } = startDeadline(timeoutMs);
  try {
    const opening = openSessionFor({ ...target, timeoutMs }, signal, { allowLoopback: true });
    const session = await bounded(opening);
    try {
      const list = await bounded(session.listTools(signal));
      return { server, list, era: session.era, protocolVersion: session.protocolVersion };
    } finally {
      await session.close();
    }
  } catch (error) {
    const { failureClass, detail } = classify(error);
    return { server, list: null, failure: `${failureClass}: ${detail}` };
  } finally {
    cancel();
  }
}
