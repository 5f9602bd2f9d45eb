import type { Environment, Server } from "../../catalog/types.ts";
import { alarmsTile, limitTile } from "./common.ts";
import { framed } from "./frame.ts";
import { limitsOf } from "./limits.ts";
import type { GrafanaDashboard } from "./model.ts";
import { graphTile, historyTile, statTile, type Tile } from "./panels.ts";
import { at, only, type Scope } from "./promql.ts";
import { resourceTiles } from "./resources.ts";
import { uidOf } from "./uids.ts";

const WELL = { "1": { text: "well", color: "green" }, "0": { text: "fails", color: "red" } } as const;
const BREAKER = {
  "0": { text: "asked", color: "green" },
  "1": { text: "trial", color: "yellow" },
  "2": { text: "left alone", color: "red" },
} as const;

/** `<server>-infrastructure`: what it runs on, what it uses, and what it needs. */
export function serverInfrastructure(environment: Environment, server: Server): GrafanaDashboard {
  const scope = only(environment, server.name);
  const limits = limitsOf(environment, server).filter(({ kind }) => kind === "resource");
  return framed({
    environment,
    uid: uidOf(server.name, "infrastructure"),
    title: `${server.name}: infrastructure`,
    description: `What ${server.name} runs on and what it needs.`,
    server: server.name,
    sections: [
      {
        title: "Now",
        tiles: [
          alarmsTile({ environment, server: server.name, width: 12, height: 8 }),
          ...replicaTiles(server, scope),
          lastCheckTile(server, scope),
        ],
      },
      {
        title: "Numbers of the catalog",
        tiles: limits.map((limit) => limitTile({ limit, scope, width: 12, height: 8 })),
      },
      { title: "What it uses", tiles: resourceTiles(scope) },
      { title: "What it needs, and its parts", tiles: partTiles(scope) },
    ],
  });
}

/** The replicas that answered, against the fewest and the most that the catalog lets there be. */
function replicaTiles({ name, workload }: Server, scope: Scope): readonly Tile[] {
  if (workload === null) return [];
  const { replicas, resources } = workload;
  const range = replicas.min === replicas.max ? `${replicas.min}` : `${replicas.min} to ${replicas.max}`;
  return [
    graphTile({
      title: `Replicas (${range} by the catalog)`,
      description: `What each replica answered. The line is the fewest that there should be, ${replicas.min}. A pod asks for ${resources.cpu} and ${resources.memory}, and is ended at ${resources.memoryLimit}. Pods: \`kubectl get pods -n ${workload.namespace} -l app=${workload.deployment}\`.`,
      width: 6,
      height: 8,
      unit: "none",
      limits: {
        worse: "lower",
        lines: [{ level: "promise", text: `${replicas.min}`, value: replicas.min }],
      },
      queries: [{ expr: `max by (answer) (mcp_server_replicas${at(scope)})`, legend: "{{answer}}" }],
      empty: `The replicas of ${name} are not asked one by one`,
    }),
  ];
}

function lastCheckTile({ probe }: Server, scope: Scope): Tile {
  const seconds = (probe.every * 3) / 1_000;
  return statTile({
    title: "Newest check",
    description: `How old what you see is. Red after three checks that did not come, ${seconds} s.`,
    width: 6,
    height: 8,
    unit: "s",
    queries: [{ expr: `time() - max(mcp_probe_last_run_timestamp_seconds${at(scope)})` }],
    steps: [
      { value: null, color: "green" },
      { value: seconds, color: "red" },
    ],
    empty: "not watched",
  });
}

function partTiles(scope: Scope): readonly Tile[] {
  const size = { width: 8, height: 7 };
  return [
    historyTile({
      ...size,
      title: "Dependencies",
      description: "What it needs to do its work.",
      queries: [
        {
          expr: `min by (dependency) (mcp_server_dependency_status${at(scope)})`,
          legend: "{{dependency}}",
        },
      ],
      shown: WELL,
      empty: "Its catalog file names none",
    }),
    historyTile({
      ...size,
      title: "Components",
      description: "What its health page says of its parts.",
      queries: [
        { expr: `min by (component) (mcp_server_component_status${at(scope)})`, legend: "{{component}}" },
      ],
      shown: WELL,
      empty: "Its catalog file names none",
    }),
    historyTile({
      ...size,
      title: "Circuit breakers of the probe",
      description: "A path that keeps failing is left alone for a while; it is not healthy meanwhile.",
      queries: [{ expr: `max by (path) (mcp_probe_breaker_state${at(scope)})`, legend: "{{path}}" }],
      shown: BREAKER,
      empty: "The probe has none",
    }),
  ];
}
