import type { Environment, Server } from "../../catalog/types.ts";
import { EXPIRY_HOURS } from "../condition-specs.ts";
import { alarmsTile, NONE_IS_GOOD } from "./common.ts";
import { framed } from "./frame.ts";
import type { GrafanaDashboard } from "./model.ts";
import { graphTile, historyTile, statTile, type Tile, tableTile, textTile } from "./panels.ts";
import { at, only, type Scope } from "./promql.ts";
import { uidOf } from "./uids.ts";

const EXPIRY_SECONDS = EXPIRY_HOURS * 3_600;
const REFUSED = { "0": { text: "let in", color: "green" }, "1": { text: "refused", color: "red" } } as const;
const DRIFT = {
  wording: "descriptions",
  missing: "missing",
  breaking: "breaking",
  additive: "new",
} as const;

/** `<server>-security`: who is refused, whether its tools are the reviewed ones, and what runs out. */
export function serverSecurity(environment: Environment, server: Server): GrafanaDashboard {
  const scope = only(environment, server.name);
  return framed({
    environment,
    uid: uidOf(server.name, "security"),
    title: `${server.name}: security`,
    description: `Whether ${server.name} is what was reviewed, and lets in whom it should.`,
    server: server.name,
    sections: [
      {
        title: "Now",
        tiles: [
          securityAlarms(environment, server),
          driftTile(scope),
          refusedNow(scope),
          ...expiryTiles(scope),
          runbookTile(environment, server),
        ],
      },
      { title: "Over time", tiles: overTime(scope) },
    ],
  });
}

/** The alarms of the families whose people are those of security. */
function securityAlarms(environment: Environment, server: Server): Tile {
  const { families } = environment;
  const people = new Set(
    [families.security, families["tools-wording"]].map(({ escalation }) => escalation ?? server.escalation),
  );
  const isApart = !people.has(server.escalation);
  return alarmsTile({
    environment,
    server: server.name,
    title: isApart ? "Security alarms that fire" : "Alarms that fire",
    matchers: isApart ? [`escalation=~"${[...people].join("|")}"`] : [],
    width: 12,
    height: 8,
  });
}

/** How far the tools are from the reviewed ones, by what that means for callers. */
function driftTile(scope: Scope): Tile {
  return statTile({
    title: "Tools that are not the reviewed ones",
    description:
      "descriptions: words that agents read have changed, which is how tools are poisoned. breaking: callers may break.",
    width: 12,
    height: 4,
    queries: Object.entries(DRIFT).map(([kind, legend]) => ({
      expr: `max(mcp_server_tool_drift${at(scope, `kind="${kind}"`)})`,
      legend,
    })),
    steps: NONE_IS_GOOD,
    empty: "not compared",
  });
}

function refusedNow(scope: Scope): Tile {
  return statTile({
    title: "The probe's credentials",
    description:
      "Whether each path refuses the probe with 401 or 403; clients with the same ones are locked out too.",
    width: 4,
    height: 4,
    queries: [{ expr: `max by (path) (mcp_probe_refused${at(scope)})`, legend: "{{path}}" }],
    steps: NONE_IS_GOOD,
    shown: REFUSED,
    empty: "not watched",
  });
}

function expiryTiles(scope: Scope): readonly Tile[] {
  const left = (title: string, metric: string): Tile =>
    statTile({
      title,
      description: `Time that is left. Red in the last ${EXPIRY_HOURS} hours, in which its alarm fires.`,
      width: 4,
      height: 4,
      unit: "s",
      queries: [{ expr: `min(${metric}${at(scope)})` }],
      steps: [
        { value: null, color: "red" },
        { value: EXPIRY_SECONDS, color: "green" },
      ],
      empty: "none seen",
    });
  return [
    left("Certificate runs out in", "mcp_certificate_expiry_seconds"),
    left("Credential runs out in", "mcp_credential_expiry_seconds"),
  ];
}

function runbookTile({ name, families }: Environment, server: Server): Tile {
  return textTile({
    title: "What to do",
    description: "From the catalog.",
    width: 24,
    height: 4,
    content: [
      `Attack or intrusion: \`${families.security.runbook}\``,
      `Changed tools: \`npx rollcall tools diff ${server.name} --env ${name}\`, then \`${families["tools-wording"].runbook}\``,
      `Refused: \`${families.auth.runbook}\` · Runs out: \`${families.expiry.runbook}\``,
    ].join("\n\n"),
  });
}

function overTime(scope: Scope): readonly Tile[] {
  return [
    historyTile({
      title: "Refused",
      description: "Whether each path refused the probe.",
      width: 8,
      height: 7,
      queries: [{ expr: `max by (path) (mcp_probe_refused${at(scope)})`, legend: "{{path}}" }],
      shown: REFUSED,
      empty: "not watched",
    }),
    graphTile({
      title: "Tools that are not the reviewed ones",
      description: "By what the difference means for callers.",
      width: 8,
      height: 7,
      unit: "none",
      queries: [{ expr: `max by (kind) (mcp_server_tool_drift${at(scope)})`, legend: "{{kind}}" }],
      empty: "not compared",
    }),
    graphTile({
      title: "Tools that it lists",
      description: "A sudden change is a rollout, or somebody else's server.",
      width: 8,
      height: 7,
      unit: "none",
      queries: [{ expr: `max(mcp_server_tools${at(scope)})`, legend: "tools" }],
      empty: "not listed",
    }),
    tableTile({
      title: "How it names itself",
      description: "Another name or version without a rollout of ours is somebody else's server.",
      width: 24,
      height: 5,
      queries: [
        {
          expr: `max by (name, version, protocol_version, era, transport) (mcp_server_info${at(scope)})`,
        },
      ],
      columns: {
        name: "Name",
        version: "Version",
        protocol_version: "Protocol",
        era: "Era",
        transport: "Transport",
      },
      sortBy: "Name",
      empty: "not seen",
    }),
  ];
}
