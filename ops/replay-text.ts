import { FLEET } from "../catalog/names.ts";
import type { Trace } from "../catalog/trace.ts";
import type {
  BudgetStand,
  HeldBack,
  Incident,
  ReplayReport,
  ServerSummary,
  Telling,
} from "../plan/replay/types.ts";
import type { CompositeKind } from "../plan/types.ts";
import { wallAt } from "../plan/zone.ts";
import { paint, type Style, table } from "./output.ts";

const MINUTE_MS = 60_000;
const STYLES = {
  page: "red",
  security: "red",
  blind: "magenta",
  ticket: "yellow",
} as const satisfies Record<CompositeKind, Style>;
const TIERS = ["page", "security", "blind", "ticket"] as const satisfies readonly CompositeKind[];
const PLURALS = {
  page: "pages",
  security: "security pages",
  blind: "blind",
  ticket: "tickets",
} as const satisfies Record<CompositeKind, string>;

interface Shown {
  /** Null where what was measured is replayed. */
  readonly trace: Trace | null;
  /** Set where one server alone is shown, with how many incidents of others are not. */
  readonly only?: { readonly server: string; readonly hidden: number };
}

/** A report as a person reads it: a line for each change and each telling, then a line a server. */
export function reportTable(report: ReplayReport, { trace, only }: Shown): string {
  const { environment, catalog, range, incidents, servers } = report;
  const zone = trace?.zone ?? "UTC";
  const what = trace === null ? "what was measured" : `${trace.name}: ${trace.means}`;
  const rows = incidents
    .flatMap((incident, order) => linesOf(incident).map((line) => ({ ...line, incident, order })))
    .sort((a, b) => a.at - b.at || a.order - b.order)
    .map(({ at, what: change, who, budget, incident }) => [
      moment(at, zone),
      `+${span(at - range.from)}`,
      incident.server,
      paint(STYLES[incident.tier], incident.tier),
      change,
      change === "fires" ? causes(incident, environment) : "",
      who,
      budget,
    ]);
  const busy = servers.filter(
    (summary) => summary.silenced > 0 || TIERS.some((tier) => summary.told[tier] > 0),
  );
  const calm = servers.filter((summary) => summary.server !== FLEET && !busy.includes(summary)).length;
  return [
    `replay  ${environment}  catalog ${catalog}  ${moment(range.from, zone)} to ${moment(range.to, zone)}  ${what}`,
    "",
    rows.length === 0
      ? `  no alarm${only === undefined ? "" : ` of ${only.server}`} would have fired`
      : table(rows),
    ...(busy.length === 0 ? [] : ["", table(busy.map(summaryRow))]),
    ...(calm === 0 || rows.length === 0
      ? []
      : [`  ${calm} other ${calm === 1 ? "server" : "servers"} without an alarm`]),
    ...(only === undefined || only.hidden === 0
      ? []
      : [
          `  ${only.hidden} ${only.hidden === 1 ? "incident" : "incidents"} of others not shown: leave --server out`,
        ]),
  ].join("\n");
}

/** A report as it is printed in JSON: moments in ISO 8601, UTC; spans in milliseconds; shares in millionths. */
export function reportJson(report: ReplayReport, { trace }: Shown): object {
  const { environment, catalog, range, incidents, servers } = report;
  return {
    environment,
    catalog,
    trace: trace?.name ?? null,
    from: iso(range.from),
    to: iso(range.to),
    incidents: incidents.map(({ firesAt, clearsAt, onsetAt, told, ...incident }) => ({
      ...incident,
      firesAt: iso(firesAt),
      offsetMs: firesAt - range.from,
      clearsAt: clearsAt === null ? null : iso(clearsAt),
      onsetAt: onsetAt === null ? null : iso(onsetAt),
      told: told.map((one) => ({ ...one, at: iso(one.at) })),
    })),
    servers,
  };
}

interface Line {
  readonly at: number;
  readonly what: string;
  readonly who: string;
  readonly budget: string;
}

function linesOf({ firesAt, clearsAt, told, heldBack, budgets }: Incident): Line[] {
  const [first, ...later] = told;
  const who = first === undefined ? nobody(heldBack) : `${whom(first)}${delay(first.at - firesAt, heldBack)}`;
  return [
    { at: firesAt, what: "fires", who, budget: worst(budgets) },
    ...later.map((one) => ({ at: one.at, what: "escalates", who: whom(one), budget: "" })),
    ...(clearsAt === null ? [] : [{ at: clearsAt, what: "clears", who: "", budget: "" }]),
  ];
}

/** The first alarm behind it, without what every name begins with, and how many more. */
function causes({ because, server, tier }: Incident, environment: string): string {
  const [first, ...more] = because.filter((alarm) => alarm !== `${environment}-${server}-${tier}`);
  if (first === undefined) return "";
  const own = `${environment}-${server}-`;
  const short = first.startsWith(own) ? first.slice(own.length) : first.slice(environment.length + 1);
  return more.length === 0 ? short : `${short} +${more.length}`;
}

function whom({ level, contacts }: Telling): string {
  return `${level} ${contacts.join(", ")}`;
}

function delay(ms: number, heldBack: readonly HeldBack[]): string {
  if (ms === 0) return "";
  const why = heldBack.map(reason).join("; ");
  return `, ${span(ms)} later${why === "" ? "" : `: ${why}`}`;
}

function nobody(heldBack: readonly HeldBack[]): string {
  return `nobody: ${heldBack.length === 0 ? "it still waits" : heldBack.map(reason).join("; ")}`;
}

function reason(held: HeldBack): string {
  if (held.by === "alarm") return `${held.alarm} holds it back`;
  return held.by === "wait" ? `it did not outlast its wait for ${held.alarm}` : "maintenance";
}

/** The budget of which most is spent. */
function worst(budgets: readonly BudgetStand[]): string {
  const [first] = [...budgets].sort((a, b) => b.spentPpm - a.spentPpm);
  return first === undefined ? "" : spent(first);
}

function spent({ objective, spentPpm, policy }: BudgetStand): string {
  return `${objective} ${(spentPpm / 10_000).toFixed(1)} % spent${policy === null ? "" : ` (${policy})`}`;
}

function summaryRow({ server, told, silenced, firstPageAfterMs, budgets }: ServerSummary): string[] {
  const counts = TIERS.filter((tier) => tier === "page" || tier === "ticket" || told[tier] > 0).map(
    (tier) => `${told[tier]} ${told[tier] === 1 ? tier : PLURALS[tier]}`,
  );
  return [
    server,
    [...counts, ...(silenced === 0 ? [] : [`${silenced} held back`])].join(", "),
    firstPageAfterMs === null ? "" : `first page ${span(firstPageAfterMs)} after it began`,
    budgets.map(spent).join(", "),
  ];
}

/** Local time with its offset from UTC: `2026-10-25 02:32:00+02:00`; UTC is `Z`. */
function moment(at: number, zone: string): string {
  const wall = wallAt(at, zone);
  const ahead = Math.round((wall - at) / MINUTE_MS);
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  const offset =
    zone === "UTC"
      ? "Z"
      : `${ahead < 0 ? "-" : "+"}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`;
  return `${new Date(wall).toISOString().slice(0, 19).replace("T", " ")}${offset}`;
}

/** A span as people say it, to the second below an hour: `24s`, `3m`, `1m46s`, `1h02m`, `2d01h02m`. */
function span(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const all = Math.floor(seconds / 60);
  const [days, hours, rest] = [Math.floor(all / 1_440), Math.floor((all % 1_440) / 60), all % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 3_600 && seconds % 60 > 0) return `${rest}m${two(seconds % 60)}s`;
  if (days > 0) return `${days}d${two(hours)}h${two(rest)}m`;
  return hours > 0 ? `${hours}h${two(rest)}m` : `${rest}m`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
