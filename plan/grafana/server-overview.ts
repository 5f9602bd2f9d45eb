import type { Environment, Server } from "../../catalog/types.ts";
import { formatDuration, formatPercent } from "../../catalog/units.ts";
import { goodCheck } from "../slo.ts";
import { budgetSteps, budgetTile, burnTile, promiseTile } from "./budgets.ts";
import { alarmsTile, health, NONE_IS_GOOD, STATES } from "./common.ts";
import { framed } from "./frame.ts";
import type { GrafanaDashboard } from "./model.ts";
import { historyTile, statTile, type Tile, textTile } from "./panels.ts";
import { at, only } from "./promql.ts";
import { uidOf } from "./uids.ts";

const ANSWERS = { "1": { text: "answers", color: "green" }, "0": { text: "fails", color: "red" } } as const;

/** `<server>-overview`: how it is, what fires, and how much of each promise is left. */
export function serverOverview(environment: Environment, server: Server): GrafanaDashboard {
  const scope = only(environment, server.name);
  const size = { width: 8, height: 7 };
  const ratios = server.objectives.filter((objective) => objective.sli !== "latency");
  return framed({
    environment,
    uid: uidOf(server.name, "overview"),
    title: `${server.name}: overview`,
    description: server.description,
    server: server.name,
    sections: [
      {
        title: "Now",
        tiles: [
          ...states(environment, server),
          alarmsTile({ environment, server: server.name, width: 16, height: 8 }),
          promisesTile(environment, server),
        ],
      },
      {
        title: "Over time",
        tiles: [
          historyTile({
            title: "State",
            description: "The worst that any probe saw: healthy, degraded, down, or no verdict.",
            width: 24,
            height: 4,
            queries: [{ expr: health(scope), legend: "{{server}}" }],
            shown: STATES,
            empty: "It is not probed",
          }),
          ...ratios.flatMap(
            (objective) => promiseTile({ environment, server, objective, scope, ...size }) ?? [],
          ),
        ],
      },
      {
        title: "Error budgets",
        tiles:
          ratios.length === 0
            ? []
            : [
                burnTile(environment, scope, { width: 12, height: 8 }),
                budgetTile(environment, scope, { width: 12, height: 8 }),
              ],
      },
    ],
  });
}

function states(environment: Environment, server: Server): readonly Tile[] {
  const scope = only(environment, server.name);
  const small = { width: 4, height: 4 };
  const hasBudget = server.objectives.some(({ sli }) => sli !== "latency");
  return [
    statTile({
      ...small,
      title: "State",
      description: "The worst that any probe saw last.",
      queries: [{ expr: health(scope) }],
      steps: [{ value: null, color: "red" }],
      shown: STATES,
      empty: "not watched",
    }),
    statTile({
      ...small,
      title: "Paths",
      description: "Whether each path answered the last probe.",
      queries: [
        {
          expr: `min by (path) (mcp_probe_success${at(scope, 'path=~"mcp|rest"')})`,
          legend: "{{path}}",
        },
      ],
      steps: [{ value: null, color: "red" }],
      shown: ANSWERS,
      empty: "not watched",
    }),
    ...(hasBudget
      ? [
          statTile({
            width: 8,
            height: 4,
            title: "Budget left",
            description: "Of each promise, over its own window.",
            unit: "percentunit",
            queries: [
              {
                expr: `min by (slo) (slo:period_error_budget_remaining:ratio${at(scope)})`,
                legend: "{{slo}}",
              },
            ],
            steps: budgetSteps(environment),
            empty: "not measured yet",
          }),
        ]
      : []),
    statTile({
      width: 8,
      height: 4,
      title: "Parts that are not well",
      description: "Components of the health page, dependencies and replicas that fail.",
      queries: [
        {
          expr: [
            `(count(mcp_server_component_status${at(scope)} == 0) or vector(0))`,
            `(count(mcp_server_dependency_status${at(scope)} == 0) or vector(0))`,
            `(max(mcp_server_replicas${at(scope, 'answer="failed"')}) or vector(0))`,
          ].join(" + "),
        },
      ],
      steps: NONE_IS_GOOD,
    }),
  ];
}

/** What is promised, whom to tell, and the first commands. */
function promisesTile(environment: Environment, server: Server): Tile {
  const rows = server.objectives.map((objective) =>
    objective.sli === "latency"
      ? `| ${objective.name} | p${objective.percentile} of the MCP path under ${formatDuration(objective.below)} |`
      : `| ${objective.name} | ${formatPercent(objective.objective)} in ${formatDuration(objective.window)}: ${goodCheck(objective)} |`,
  );
  const { families } = environment;
  return textTile({
    title: "What is promised, and what to do",
    description: "From the catalog.",
    width: 8,
    height: 8,
    content: [
      "| Promise | |",
      "|---|---|",
      ...rows,
      "",
      `Owner **${server.owner}**, escalation **${server.escalation}**, catalog \`stacks/servers/${server.name}.yaml\`.`,
      "",
      `Down: \`${families["server-down"].runbook}\``,
      "",
      `Promise in danger: \`${families["budget-page"].runbook}\``,
      "",
      `Slow: \`${families.latency.runbook}\``,
      "",
      `Now: \`npx rollcall check ${server.name} --env ${environment.name}\``,
    ].join("\n"),
  });
}
