import type { Change, Direction } from "../plan/diff.ts";
import { paint, type Style, table } from "./output.ts";

export interface PlanDiff {
  readonly environment: string;
  readonly base: string;
  readonly before: string;
  readonly after: string;
  readonly changes: readonly Change[];
}

const MARKS = {
  loosened: "⚠ loosened",
  removed: "⚠ removed",
  changed: "changed",
  added: "added",
  tightened: "tightened",
} as const satisfies Record<Direction, string>;
const STYLES = {
  loosened: "yellow",
  removed: "yellow",
  changed: "cyan",
  added: "green",
  tightened: "green",
} as const satisfies Record<Direction, Style>;

/** A hidden line by which the comment of a pull request is found again and edited in place. */
export const COMMENT_MARKER = "<!-- rollcall-plan -->";

/** What a branch changes, a line each. */
export function diffTable({ environment, base, before, after, changes }: PlanDiff): string {
  const head = `${environment}  ${base} (catalog ${before}) -> here (catalog ${after})  ${summary(changes)}`;
  if (changes.length === 0) return head;
  const rows = changes.map(({ direction, kind, subject, before: was, after: is }) => [
    paint(STYLES[direction], MARKS[direction]),
    kind,
    subject,
    `${was ?? "–"} -> ${is ?? "–"}`,
  ]);
  return `${head}\n\n${table(rows)}`;
}

/** What a branch changes, as the comment of a pull request. */
export function diffMarkdown({ environment, base, before, after, changes }: PlanDiff): string {
  const head = [
    `### ${environment}: ${summary(changes)}`,
    "",
    `Catalog ${code(before)} (${code(base)}) to ${code(after)}.`,
  ];
  if (changes.length === 0) return [COMMENT_MARKER, ...head].join("\n");
  const rows = changes.map(
    ({ direction, kind, subject, before: was, after: is }) =>
      `| ${MARKS[direction]} | ${kind} | ${code(subject)} | ${cell(was)} | ${cell(is)} |`,
  );
  return [
    COMMENT_MARKER,
    ...head,
    "",
    "| | what | which | before | after |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing changes";
  const weaker = changes.filter(
    ({ direction }) => direction === "loosened" || direction === "removed",
  ).length;
  const count = `${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  return weaker === 0 ? `${count}, none weaker` : `${count}, ${weaker} weaker`;
}

function cell(text: string | null): string {
  return text === null ? "–" : code(text);
}

/**
 * What a catalog under review holds is data: it may not break out of the table, link, load a picture or mention
 * anybody. As character references its signs are read as text and never as Markdown; but no reference keeps GitHub
 * from telling somebody of `@name`, only code does.
 */
function code(text: string): string {
  const safe = text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_~<>[\]!|&@]/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
  return `<code>${safe}</code>`;
}
