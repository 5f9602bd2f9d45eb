import { DRIFT_KINDS, type Drift, type DriftKind } from "../probes/contract/drift.ts";
import type { HygieneFinding } from "../probes/contract/hygiene.ts";
import { paint, type Style, table } from "./output.ts";

/** One server of `tools diff`, as it is printed. */
export interface ComparedServer {
  readonly server: string;
  /** Null when it could not be asked. */
  readonly tools: number | null;
  readonly drift: readonly Drift[];
  readonly failure: string | null;
}

/** One server of `tools lock`. */
export interface LockedServer {
  readonly server: string;
  readonly tools: number;
  readonly approximateTokens: number;
  /** Null when it was not locked before. */
  readonly drift: readonly Drift[] | null;
  readonly findings: readonly HygieneFinding[];
}

const STYLES = {
  missing: "red",
  breaking: "red",
  wording: "yellow",
  additive: "green",
} as const satisfies Record<DriftKind, Style>;

interface Row extends Drift {
  readonly server: string;
}

/** What differs from the lock, a line each, the dangerous first. */
export function toolsTable(servers: readonly ComparedServer[]): string {
  const drift = rowsOf(servers);
  const rows = [
    ...drift.map((row) => [paint(STYLES[row.kind], row.kind), row.server, row.tool, row.what]),
    ...failed(servers).map(({ server, failure }) => [paint("gray", "not asked"), server, "–", failure]),
  ];
  return rows.length === 0 ? summary(servers) : `${summary(servers)}\n\n${table(rows)}`;
}

/** The same as Markdown; what a server calls its tools stays data in it. */
export function toolsMarkdown(servers: readonly ComparedServer[]): string {
  const rows = [
    ...rowsOf(servers).map(
      (row) => `| ${row.kind} | ${code(row.server)} | ${code(row.tool)} | ${code(row.what)} |`,
    ),
    ...failed(servers).map(({ server, failure }) => `| not asked | ${code(server)} | – | ${code(failure)} |`),
  ];
  const head = `### Tools: ${summary(servers)}`;
  if (rows.length === 0) return head;
  return [head, "", "| | server | tool | what |", "|---|---|---|---|", ...rows].join("\n");
}

/** What `tools lock` did or would do, and what a reviewer should look at before the lock is trusted. */
export function lockTable(locked: {
  readonly file: string;
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly servers: readonly LockedServer[];
}): string {
  const { file, changed, dryRun, servers } = locked;
  const done = !changed ? "is up to date" : dryRun ? "would change" : "written";
  const overview = servers.map(({ server, tools, approximateTokens, drift }) => [
    server,
    counted(tools, "tool"),
    `about ${approximateTokens} tokens`,
    drift === null ? "new" : drift.length === 0 ? "unchanged" : counted(drift.length, "change"),
  ]);
  const drift = rowsOf(servers.map((one) => ({ ...one, drift: one.drift ?? [] })));
  const details = [
    ...drift.map((row) => [paint(STYLES[row.kind], row.kind), row.server, row.tool, row.what]),
    ...servers.flatMap(({ server, findings }) =>
      findings.map(({ kind, detail }) => [paint("yellow", kind), server, detail]),
    ),
  ];
  const head = `${file} ${done}\n\n${table(overview)}`;
  return details.length === 0 ? head : `${head}\n\n${table(details)}`;
}

function rowsOf(servers: readonly { readonly server: string; readonly drift: readonly Drift[] }[]): Row[] {
  const rows = servers.flatMap(({ server, drift }) => drift.map((one) => ({ server, ...one })));
  return DRIFT_KINDS.flatMap((kind) => rows.filter((row) => row.kind === kind));
}

function failed(
  servers: readonly ComparedServer[],
): readonly { readonly server: string; readonly failure: string }[] {
  return servers.flatMap(({ server, failure }) => (failure === null ? [] : [{ server, failure }]));
}

function summary(servers: readonly ComparedServer[]): string {
  const rows = rowsOf(servers);
  const kinds = DRIFT_KINDS.map((kind) => ({ kind, count: rows.filter((row) => row.kind === kind).length }));
  const told = [
    ...kinds.filter(({ count }) => count > 0).map(({ kind, count }) => `${count} ${kind}`),
    ...(failed(servers).length > 0 ? [`${failed(servers).length} not asked`] : []),
  ];
  const asked = counted(servers.length, "server");
  return told.length === 0 ? `${asked} as locked` : `${asked}, ${told.join(", ")}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** As character references the signs of Markdown are read as text, and within code nobody is mentioned. */
function code(text: string): string {
  const safe = text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_~<>[\]!|&@]/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
  return `<code>${safe}</code>`;
}
