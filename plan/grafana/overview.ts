import type { Environment } from "../../catalog/types.ts";
import { budgetSteps, budgetTile, burnTile } from "./budgets.ts";
import { alarmsTile, health, NONE_IS_GOOD, STATES } from "./common.ts";
import { firing, framed, WATCHDOG } from "./frame.ts";
import type { GrafanaDashboard } from "./model.ts";
import {
  historyTile,
  leadingTo,
  measuredIn,
  shownAs,
  statTile,
  type Tile,
  tableTile,
  textTile,
} from "./panels.ts";
import { at, chosen } from "./promql.ts";
import { FLEET_UIDS } from "./uids.ts";

/** A server whose newest check is older than this many of its periods is not watched. */
const MISSED_CHECKS = 3;

/** `mcp-overview`: who is in trouble, how every server is and was, and which budgets run out. */
export function overviewDashboard(environment: Environment): GrafanaDashboard {
  const scope = chosen(environment);
  return framed({
    environment,
    uid: FLEET_UIDS.overview,
    title: "MCP overview",
    description: "What is broken, what fires, and which promises are about to be.",
    server: null,
    sections: [
      {
        title: "Now",
        tiles: [
          troubleTile(environment),
          ...counts(environment),
          alarmsTile({ environment, server: null, width: 14, height: 8 }),
          budgetsTile(environment),
        ],
      },
      {
        title: "Over time",
        tiles: [
          historyTile({
            title: "Every server",
            description:
              "The worst that any probe saw of each server: healthy, degraded, down, or no verdict.",
            width: 24,
            height: 12,
            queries: [{ expr: health(scope), legend: "{{server}}" }],
            shown: STATES,
            empty: "No server is probed",
          }),
        ],
      },
      {
        title: "Error budgets",
        tiles: [
          burnTile(environment, scope, { width: 12, height: 8 }),
          budgetTile(environment, scope, { width: 12, height: 8 }),
        ],
      },
      { title: "Runbooks", tiles: [runbooksTile(environment)] },
    ],
  });
}

/** One row for each server that is not healthy or that an alarm fires for, the worst first. */
function troubleTile(environment: Environment): Tile {
  const scope = chosen(environment);
  const alarms = `count by (server) (${firing(environment, null)})`;
  const inTrouble = `((${health(scope)} < 2) or ${alarms})`;
  const of = (expr: string): string => `${expr} and on (server) ${inTrouble}`;
  return tableTile({
    title: "In trouble, the worst first",
    description:
      "Servers that are not healthy, or that an alarm fires for. Without a state: nobody has a verdict on it. `npx rollcall check <server>` says which part broke.",
    width: 14,
    height: 8,
    queries: [
      { expr: of(health(scope)) },
      { expr: alarms },
      { expr: of(`min by (server) (slo:period_error_budget_remaining:ratio${at(scope)})`) },
      { expr: of(`max by (server) (slo:current_burn_rate:ratio${at(scope)})`) },
    ],
    columns: {
      server: "Server",
      "Value #A": "State",
      "Value #B": "Alarms",
      "Value #C": "Budget left",
      "Value #D": "Burn rate",
    },
    sortBy: "State",
    overrides: [
      shownAs("State", STATES),
      measuredIn("Budget left", "percentunit", budgetSteps(environment)),
      measuredIn("Burn rate", "suffix:x", [
        { value: null, color: "green" },
        { value: 1, color: "red" },
      ]),
      leadingTo("Server", {
        title: "Performance of this server",
        url: `/d/${FLEET_UIDS.performance}?$\{__url_time_range}&var-server=$\{__value.text}`,
      }),
    ],
    empty: "Every server is healthy and no alarm fires",
  });
}

/** How many are down, degraded and not watched, and how many alarms fire. */
function counts(environment: Environment): readonly Tile[] {
  const scope = chosen(environment);
  const size = { width: 5, height: 4 };
  const count = (expr: string): string => `count(${expr}) or vector(0)`;
  const oldest = environment.servers.reduce((most, { probe }) => Math.max(most, probe.every), 0);
  const seconds = (oldest * MISSED_CHECKS) / 1_000;
  const watched = `count(time() - max by (server) (mcp_probe_last_run_timestamp_seconds${at(`environment="${environment.name}"`)}) < ${seconds})`;
  const rules = at(`environment="${environment.name}"`, `alertname="${WATCHDOG}"`);
  return [
    statTile({
      ...size,
      title: "Down",
      description: "Servers of which no path answers.",
      queries: [{ expr: count(`${health(scope)} == 0`) }],
      steps: NONE_IS_GOOD,
    }),
    statTile({
      ...size,
      title: "Degraded",
      description: "Servers that are up, and of which a part is not well.",
      queries: [{ expr: count(`${health(scope)} == 1`) }],
      steps: [
        { value: null, color: "green" },
        { value: 1, color: "orange" },
      ],
    }),
    statTile({
      width: 4,
      height: 4,
      title: "Not watched",
      description: `Of the ${environment.servers.length} servers of the catalog, those without a check in the last ${seconds} s. Their silence is no sign of health.`,
      queries: [{ expr: `${environment.servers.length} - (${watched} or vector(0))` }],
      steps: NONE_IS_GOOD,
    }),
    statTile({
      width: 3,
      height: 4,
      title: "Critical alarms",
      description: "Alarms that wake somebody.",
      queries: [{ expr: count(firing(environment, null, 'severity="critical"')) }],
      steps: NONE_IS_GOOD,
    }),
    statTile({
      width: 3,
      height: 4,
      title: "Alarm rules",
      description: `Whether Prometheus judges the rules of ${environment.name}. While it does not, no alarm fires, whatever is broken.`,
      queries: [{ expr: `clamp_max(count(ALERTS${rules}), 1) or vector(0)` }],
      steps: [{ value: null, color: "red" }],
      shown: { "1": { text: "judged", color: "green" }, "0": { text: "not judged", color: "red" } },
    }),
  ];
}

/** The promises of which least is left. */
function budgetsTile(environment: Environment): Tile {
  return tableTile({
    title: "Error budgets, the emptiest first",
    description: "The 20 promises of which least is left. Below 0 % the promise is broken.",
    width: 10,
    height: 8,
    queries: [
      {
        expr: `bottomk(20, min by (server, slo) (slo:period_error_budget_remaining:ratio${at(chosen(environment))}))`,
      },
    ],
    columns: { server: "Server", slo: "Promise", Value: "Budget left" },
    sortBy: "Budget left",
    overrides: [measuredIn("Budget left", "percentunit", budgetSteps(environment))],
    empty: "No promise has a budget",
  });
}

/** Which page of the handbook is for which kind of alarm. */
function runbooksTile({ name, families }: Environment): Tile {
  const rows = Object.entries(families).map(
    ([family, { severity, runbook }]) => `| ${family} | ${severity} | \`${runbook}\` |`,
  );
  return textTile({
    title: "Which page for which alarm",
    description: "From the catalog, stacks/shared.yaml.",
    width: 24,
    height: 10,
    content: [
      `How a server is now: \`npx rollcall check <server> --env ${name}\`. What it promises: \`stacks/servers/<server>.yaml\`.`,
      "",
      "| Alarm | Severity | Runbook |",
      "|---|---|---|",
      ...rows,
    ].join("\n"),
  });
}
