import { styleText } from "node:util";
import { describeProblem, EXIT, messageOf, RollcallError } from "../catalog/errors.ts";

export type Style = Parameters<typeof styleText>[0];

/** Colours a text where standard output is a terminal that wants colour; elsewhere the text stays plain. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document, the only thing on standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Columns padded to their widest cell; the last one is left as it is. */
export function table(rows: readonly (readonly string[])[], indent = "  "): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, width(cell))),
    [],
  );
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, i) => (i === row.length - 1 ? cell : cell + " ".repeat((widths[i] ?? 0) - width(cell))))
          .join("  ")
          .trimEnd(),
    )
    .join("\n");
}

/** Says what went wrong on standard error: problem by problem, or as one JSON line. */
export function reportError(
  error: unknown,
  { json, debug }: { readonly json: boolean; readonly debug: boolean },
): void {
  const problems =
    error instanceof RollcallError
      ? error.problems
      : [
          {
            place: "rollcall",
            path: "",
            rule: `an internal error (${messageOf(error)})`,
            cure: "run it again with --debug and report what it prints",
          },
        ];
  if (json) {
    const { code, exitCode } =
      error instanceof RollcallError ? error : { code: "INTERNAL", exitCode: EXIT.internal };
    process.stderr.write(`${JSON.stringify({ error: code, exitCode, problems })}\n`);
  } else {
    process.stderr.write(`${problems.map(describeProblem).join("\n")}\n`);
    if (problems.length > 1) process.stderr.write(`${problems.length} problems\n`);
  }
  if (debug && error instanceof Error)
    process.stderr.write(
      `${error.stack ?? ""}\n${error.cause instanceof Error ? `caused by ${error.cause.stack ?? ""}\n` : ""}`,
    );
}

function width(text: string): number {
  return text.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), "").length;
}
