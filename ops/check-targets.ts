import { join } from "node:path";
import type { CheckTarget } from "../catalog/target.ts";
import { targetOf } from "../catalog/target-of.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { commandOf } from "../monitor/command.ts";
import { type Launched, launch } from "../monitor/launched.ts";
import { isListening } from "../monitor/local-port.ts";
import { localTarget } from "../monitor/local-target.ts";

/** Targets that are ready to be checked, and what ends whatever was started for them. */
export interface Prepared {
  readonly targets: readonly CheckTarget[];
  release(): Promise<void>;
}

/**
 * Targets of the servers of an environment. A local server over HTTP that nobody has started runs for the
 * length of the check; one that the monitor runs is asked as it is.
 */
export async function prepareTargets(
  environment: Environment,
  servers: readonly Server[],
): Promise<Prepared> {
  if (environment.platform === "cloud")
    return { targets: servers.map(cloudTarget), release: () => Promise.resolve() };
  const root = process.cwd();
  const started: Launched[] = [];
  const targets = await Promise.all(
    servers.map(async (server) => {
      const command =
        server.run === null ? null : commandOf(server, { root, state: join(root, ".rollcall") });
      const target = localTarget(server, command);
      const port = server.transport === "streamable-http" ? server.run?.port : undefined;
      if (command !== null && port !== undefined && !(await isListening(port))) {
        const launched = launch({ server, target, command, exited: () => undefined });
        started.push(launched);
        // one that does not come up is what the check then says
        await launched.start().catch(() => undefined);
      }
      return target;
    }),
  );
  return {
    targets,
    release: async () => {
      await Promise.all(started.map((launched) => launched.stop()));
    },
  };
}

/** A server of the cloud as an operator's machine reaches it: with its private addresses, past no load balancer. */
function cloudTarget(server: Server): CheckTarget {
  const endpoint = server.endpoints.aws ??
    server.endpoints.cluster ?? { mcp: null, rest: null, replicas: null };
  return { ...targetOf({ server, endpoint, runner: "aws" }), allowPrivate: true };
}
