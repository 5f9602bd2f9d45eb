import type { Roster, RosterTarget } from "../catalog/target.ts";
import type { Environment } from "../catalog/types.ts";

/** What a runner in AWS or in the cluster checks: the servers that name it, at the addresses it can reach. */
export function planRoster(environment: Environment, runner: "aws" | "cluster"): Roster {
  const targets = environment.servers.flatMap((server): RosterTarget[] => {
    const endpoint = server.endpoints[runner];
    if (endpoint === undefined || endpoint.mcp === null || !server.probe.from.includes(runner)) return [];
    return [
      {
        server: server.name,
        mcp: { transport: "streamable-http", url: endpoint.mcp },
        rest: endpoint.rest === null ? null : { url: endpoint.rest },
        timeoutMs: server.probe.timeout,
        samples: server.probe.samples,
        everyMs: server.probe.every,
        requiredTools: server.requiredTools,
        // cluster addresses are private by nature; from AWS only public names are asked
        allowPrivate: runner === "cluster",
      },
    ];
  });
  return { environment: environment.name, targets };
}
