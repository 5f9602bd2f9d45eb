import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { load } from "js-yaml";
import ts from "typescript";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "..", "..");
const TITLED: ReadonlySet<string> = new Set(["it", "test", "describe", "describeWithTools"]);
const CLAIM = /\[([A-Z]+-\d{2})\]/g;

const missionFile = z.record(
  z.string(),
  z.record(z.string().regex(/^[A-Z]+-\d{2}$/), z.strictObject({ part: z.string(), promise: z.string() })),
);

export interface MissionRow {
  readonly id: string;
  readonly part: string;
  readonly promise: string;
}

/** A test title that claims a row, and the file it stands in. */
export interface Claim {
  readonly id: string;
  readonly file: string;
}

/** The rows of test/mission.yaml. */
export function readMission(): MissionRow[] {
  const parsed = missionFile.parse(load(readFileSync(join(ROOT, "test", "mission.yaml"), "utf8")));
  return Object.values(parsed).flatMap((rows) => Object.entries(rows).map(([id, row]) => ({ id, ...row })));
}

/** Every claim in the titles of a test file: the strings that `it`, `test` and `describe` are called with. */
export function claimsIn(text: string, file: string): Claim[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TITLED.has(rootName(node.expression))) {
      titles.push(...node.arguments.filter(ts.isStringLiteralLike).map((argument) => argument.text));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles.flatMap((title) => [...title.matchAll(CLAIM)].map(([, id = ""]) => ({ id, file })));
}

/** `it` of `it`, `it.skip` and `it.each(…)`. */
function rootName(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
    return rootName(expression.expression);
  return "";
}

/** Every claim of the test suite. */
export function readClaims(): Claim[] {
  const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".test.ts"),
  );
  return files.sort().flatMap((file) => {
    const path = join(ROOT, "test", file);
    return claimsIn(readFileSync(path, "utf8"), relative(ROOT, path));
  });
}

/** Claims of rows that do not exist. */
export function unknownClaims(rows: readonly MissionRow[], claims: readonly Claim[]): Claim[] {
  const ids = new Set(rows.map(({ id }) => id));
  return claims.filter(({ id }) => !ids.has(id));
}

/** Rows that no test claims. */
export function unclaimed(rows: readonly MissionRow[], claims: readonly Claim[]): MissionRow[] {
  const claimed = new Set(claims.map(({ id }) => id));
  return rows.filter(({ id }) => !claimed.has(id));
}

/** The state of the mission by part, one line a row: what is claimed where, and what is not. */
export function missionReport(rows: readonly MissionRow[], claims: readonly Claim[]): string {
  const open = new Set(unclaimed(rows, claims).map(({ id }) => id));
  const parts = [...new Set(rows.map(({ part }) => part))];
  return parts
    .map((part) => {
      const own = rows.filter((row) => row.part === part);
      const lines = own.map(({ id, promise }) => {
        const files = [...new Set(claims.filter((claim) => claim.id === id).map(({ file }) => file))];
        return `  ${open.has(id) ? "open   " : "claimed"}  ${id.padEnd(8)}  ${open.has(id) ? promise : files.join(", ")}`;
      });
      return `${part}: ${own.filter(({ id }) => !open.has(id)).length} of ${own.length} claimed\n${lines.join("\n")}`;
    })
    .join("\n\n");
}

function run(): void {
  const [rows, claims] = [readMission(), readClaims()];
  process.stdout.write(`${missionReport(rows, claims)}\n`);
  for (const { id, file } of unknownClaims(rows, claims)) {
    process.stderr.write(
      `${file}: claims ${id}, which is no row of test/mission.yaml; correct the id, or add the row\n`,
    );
    process.exitCode = 1;
  }
}

if (import.meta.main) run();
