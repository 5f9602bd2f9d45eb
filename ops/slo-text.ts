import { formatDuration, formatPercent } from "../catalog/units.ts";
import { paint, type Style, table } from "./output.ts";
import { frozen, type SloReport, type SloRow } from "./slo-report.ts";

const MINUTE_MS = 60_000;
const NONE = "–";
/** A window counts as measured from this share on: the newest checks may not be in yet. */
const WHOLE_PPM = 995_000;

const HEAD = [
  "server",
  "objective",
  "promise",
  "attained",
  "measured",
  "budget",
  "spent",
  "left",
  "burn now",
  "exhausted in",
  "policy",
] as const;

/** One line a promise: what is left of its budget, how fast that goes, and what follows. */
export function sloTable(report: SloReport): string {
  const rows = report.rows.map((row) => cellsOf(row, paint));
  return [head(report), table([HEAD.map((name) => paint("bold", name)), ...rows]), ...follows(report)].join(
    "\n\n",
  );
}

/** The same as Markdown, for a pull request or a weekly note. */
export function sloMarkdown(report: SloReport): string {
  const plain = (_: Style, text: string): string => text;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const rows = report.rows.map((row) => line(cellsOf(row, plain)));
  const body = [line(HEAD), line(HEAD.map(() => "---")), ...rows].join("\n");
  return [`### ${head(report)}`, body, ...follows(report)].join("\n\n");
}

/** The report as one JSON document: minutes and percent in words of the field, moments in ISO 8601. */
export function sloJson(report: SloReport): Readonly<Record<string, unknown>> {
  return {
    environment: report.environment,
    at: new Date(report.at).toISOString(),
    freeze: frozen(report).map(({ server, objective }) => ({ server, objective })),
    objectives: report.rows.map(rowJson),
  };
}

/** Milliseconds as minutes of at most two decimals: `43.2 min`. */
export function minutesText(ms: number): string {
  return `${hundredths(ms / MINUTE_MS)} min`;
}

/** A stretch of time in its two largest units, rounded down: `2d 3h`. */
export function spanText(ms: number): string {
  if (ms < MINUTE_MS) return "under a minute";
  const minutes = Math.floor(ms / MINUTE_MS);
  const parts = [
    [Math.floor(minutes / 1_440), "d"],
    [Math.floor(minutes / 60) % 24, "h"],
    [minutes % 60, "m"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

function head({ environment, at, rows }: SloReport): string {
  return `${environment}  ${rows.length} ${rows.length === 1 ? "objective" : "objectives"}  ${new Date(at).toISOString()}`;
}

type Painter = (style: Style, text: string) => string;

function cellsOf(row: SloRow, painted: Painter): string[] {
  const cells = knownCells(row, painted);
  return [...cells, ...HEAD.slice(cells.length).map(() => "")];
}

/** Without what the row has no value for at its end. */
function knownCells(row: SloRow, painted: Painter): string[] {
  const { server, objective, promise } = row;
  const about = [server, objective, promise];
  if (row.attainedPpm === null)
    return [
      ...about,
      painted("gray", "no data"),
      NONE,
      ...(row.kind === "budget" ? [minutesText(row.budgetMs)] : []),
    ];
  const share = row.kind === "latency" ? " in time" : "";
  const attained = painted(row.kept === true ? "green" : "red", `${formatPercent(row.attainedPpm)}${share}`);
  const measured = measuredText(row);
  if (row.kind === "latency") return [...about, attained, measured];
  return [
    ...about,
    attained,
    measured,
    minutesText(row.budgetMs),
    `${minutesText(row.spentMs)} (${spentText(row.spentPpm)})`,
    painted(row.leftMs < 0 ? "red" : "green", minutesText(row.leftMs)),
    burnText(row),
    row.spentPpm >= 1_000_000 ? "spent" : row.exhaustedInMs === null ? NONE : spanText(row.exhaustedInMs),
    row.policy === null ? NONE : painted(row.policy.freeze ? "red" : "yellow", row.policy.name),
  ];
}

function measuredText({ coveragePpm, windowMs }: SloRow): string {
  const window = formatDuration(windowMs);
  return coveragePpm >= WHOLE_PPM ? window : `${spanText((coveragePpm / 1_000_000) * windowMs)} of ${window}`;
}

function spentText(ppm: number): string {
  return `${hundredths(ppm / 10_000)}%`;
}

/** Both windows of the fastest page: it burns while both are over 1. */
function burnText({ burn, burnWindows }: Extract<SloRow, { kind: "budget" }>): string {
  const rate = (value: number | null): string =>
    value === null ? NONE : String(Math.round(value * 10) / 10);
  const { longMs, shortMs } = burnWindows;
  return `${rate(burn.long)} in ${formatDuration(longMs)}, ${rate(burn.short)} in ${formatDuration(shortMs)}`;
}

/** What the policies in force ask for, each once. */
function follows({ rows }: SloReport): string[] {
  const steps = rows.flatMap((row) =>
    row.kind === "budget" && row.policy !== null ? [{ row, ...row.policy }] : [],
  );
  const texts = [...new Set(steps.map(({ name }) => name))].map((name) => {
    const those = steps.filter((step) => step.name === name);
    const where = those.map(({ row }) => `${row.server} ${row.objective}`).join(", ");
    return `${name}: ${those[0]?.consequence ?? ""} (${where})`;
  });
  return texts.length === 0 ? [] : [texts.join("\n")];
}

function rowJson(row: SloRow): Readonly<Record<string, unknown>> {
  const { server, objective, sli, promise, windowMs, good, total, attainedPpm, kept, coveragePpm, since } =
    row;
  const attained = {
    server,
    objective,
    sli,
    promise,
    windowMinutes: windowMs / MINUTE_MS,
    good,
    total,
    attainedPercent: attainedPpm === null ? null : attainedPpm / 10_000,
    kept,
    coveragePercent: coveragePpm / 10_000,
    since: since === null ? null : new Date(since).toISOString(),
  };
  if (row.kind === "latency") return attained;
  const { budgetMs, spentMs, leftMs, spentPpm, burn, burnWindows, exhaustedInMs, policy } = row;
  return {
    ...attained,
    budgetMinutes: minutes(budgetMs),
    spentMinutes: minutes(spentMs),
    leftMinutes: minutes(leftMs),
    spentPercent: spentPpm / 10_000,
    burn: [
      { windowMinutes: minutes(burnWindows.longMs), rate: burn.long },
      { windowMinutes: minutes(burnWindows.shortMs), rate: burn.short },
    ],
    exhaustedInMinutes: exhaustedInMs === null ? null : minutes(exhaustedInMs),
    policy:
      policy === null ? null : { name: policy.name, freeze: policy.freeze, consequence: policy.consequence },
  };
}

/** To the millisecond's minute, without a float's tail. */
function minutes(ms: number): number {
  return Math.round((ms / MINUTE_MS) * 1e6) / 1e6;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
