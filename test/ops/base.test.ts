import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  committed,
  copiedCatalog,
  type Ended,
  type Folder,
  git,
  rollcall,
  twoAtATime,
} from "../support/cli.ts";
import { asArray, asRecord } from "../support/json.ts";

// `rollcall plan --base`: what a branch changes, as a reviewer reads it. What counts as weaker stands in
// test/plan/diff.test.ts.

/** A branch may be called like this, and a PagerDuty service, too. */
const HOSTILE_BRANCH = "x|y`@user<b>";
const HOSTILE_SERVICE =
  "a | b ` @admin <img src=x> ![p](http://e.example/p) [l](http://e.example) \\| *b* <!-- --> c";

let folder: Folder;

beforeAll(async () => {
  folder = copiedCatalog();
  await committed(folder.path);
});
afterAll(() => folder.remove());

function edit(file: string, from: string, to: string): void {
  const path = join(folder.path, "stacks", file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
}

const plan = (...args: readonly string[]): Promise<Ended> =>
  rollcall(["plan", "production", ...args], { cwd: folder.path });

test("a branch that brings a new environment shows everything in it as added", async () => {
  edit("staging.yaml", "environment: staging", "environment: preprod");
  renameSync(join(folder.path, "stacks", "staging.yaml"), join(folder.path, "stacks", "preprod.yaml"));
  const { code, stdout } = await rollcall(["plan", "preprod", "--base", "HEAD", "--format", "json"], {
    cwd: folder.path,
  });
  renameSync(join(folder.path, "stacks", "preprod.yaml"), join(folder.path, "stacks", "staging.yaml"));
  edit("staging.yaml", "environment: preprod", "environment: staging");
  expect(code).toBe(0);
  const { before, changes } = JSON.parse(stdout) as {
    before: string;
    changes: { direction: string; kind: string }[];
  };
  expect(before).toBe("none");
  expect(new Set(changes.map(({ direction }) => direction))).toEqual(new Set(["added"]));
  expect(changes.filter(({ kind }) => kind === "server")).toHaveLength(15);
});

test("a branch that changes nothing says so in every format", async () => {
  const [table, markdown, json] = await twoAtATime(["table", "markdown", "json"], (format) =>
    plan("--base", "HEAD", "--format", format),
  );
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table?.stdout).toMatch(
    /^production {2}HEAD \(catalog ([0-9a-f]{7})\) -> here \(catalog \1\) {2}nothing changes\n$/,
  );
  expect(markdown?.stdout.split("\n").slice(0, 2)).toEqual([
    "<!-- rollcall-plan -->",
    "### production: nothing changes",
  ]);
  expect(JSON.parse(json?.stdout ?? "")).toMatchObject({
    environment: "production",
    base: "HEAD",
    changes: [],
  });
});

describe("a branch that loosens, tightens, adds and removes", () => {
  beforeAll(async () => {
    await git(folder.path, "branch", HOSTILE_BRANCH);
    edit("servers/memory.yaml", "objective: 99.5%", "objective: 99.4%");
    edit("servers/slack.yaml", "objective: 99.5%", "objective: 99.6%");
    edit("production.yaml", "logs: 30d", "logs: 14d");
    edit("shared.yaml", "pagerduty: [mcp-operations]", `pagerduty: [${JSON.stringify(HOSTILE_SERVICE)}]`);
    rmSync(join(folder.path, "stacks", "servers", "puppeteer.yaml"));
    const another = readFileSync(join(folder.path, "stacks", "servers", "sequential-thinking.yaml"), "utf8");
    appendFileSync(
      join(folder.path, "stacks", "servers", "another.yaml"),
      another.replace("server: sequential-thinking", "server: another"),
    );
  });

  test("lists the loosened first and marked, as a table", async () => {
    const { code, stdout, stderr } = await plan("--base", "HEAD");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, blank, ...rows] = stdout.trimEnd().split("\n");
    expect(head).toMatch(
      /^production {2}HEAD \(catalog [0-9a-f]{7}\) -> here \(catalog [0-9a-f]{7}\) {2}\d+ changes, \d+ weaker$/,
    );
    expect(blank).toBe("");
    const words = rows.map((row) => /^ {2}(⚠ \w+|\w+)/.exec(row)?.[1] ?? row);
    const order = ["⚠ loosened", "⚠ removed", "added", "tightened"];
    expect(words).toEqual([...words].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(new Set(words)).toEqual(new Set(order));
    expect(rows.find((row) => row.includes("memory availability"))).toMatch(
      /^ {2}⚠ loosened +promise +memory availability +99\.5% of mcp in 30d \(216 min\) -> 99\.4% of mcp in 30d \(259\.2 min\)$/,
    );
    expect(rows.find((row) => row.includes("slack availability"))).toMatch(/^ {2}tightened /);
    expect(rows.find((row) => row.includes("logs retention"))).toMatch(
      /^ {2}⚠ loosened +retention .*30 d -> 14 d$/,
    );
    expect(rows.find((row) => row.includes(" puppeteer "))).toMatch(
      /^ {2}⚠ removed +server +puppeteer +watched -> –$/,
    );
    expect(rows.find((row) => row.includes(" another "))).toMatch(
      /^ {2}added +server +another +– -> watched$/,
    );
  });

  test("is one JSON document that says the same", async () => {
    const { code, stdout, stderr } = await plan("--base", "HEAD", "--format", "json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toHaveLength(2);
    const diff = asRecord(JSON.parse(stdout));
    expect(Object.keys(diff)).toEqual(["environment", "base", "before", "after", "changes"]);
    expect(diff.before).not.toBe(diff.after);
    expect(asRecord(asArray(diff.changes)[0]).direction).toBe("loosened");
    expect(diff.changes).toContainEqual({
      kind: "server",
      direction: "removed",
      subject: "puppeteer",
      before: "watched",
      after: null,
    });
    expect(JSON.stringify(diff.changes)).toContain("@admin");
  });

  test("is a comment with its marker in the first line, which no name can break out of", async () => {
    const { code, stdout, stderr } = await plan("--base", HOSTILE_BRANCH, "--format", "markdown");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [marker, title, , , , ...table] = stdout.trimEnd().split("\n");
    expect(marker).toBe("<!-- rollcall-plan -->");
    expect(title).toMatch(/^### production: \d+ changes, \d+ weaker$/);
    expect(table.slice(0, 2)).toEqual(["| | what | which | before | after |", "|---|---|---|---|---|"]);
    expect(table.length).toBeGreaterThan(6);
    expect(table[2]).toMatch(/^\| ⚠ loosened \| /);
    // a row is six bars and five cells, whatever stands in them
    expect(table.filter((row) => row.split("|").length !== 7)).toEqual([]);
    const hostile = table.find((row) => row.includes("admin"));
    expect(hostile).toContain("&#124; b &#96; &#64;admin &#60;img src=x&#62;");
    // our own tags and marker apart, nothing is left that Markdown or HTML would read
    const rest = stdout.replace("<!-- rollcall-plan -->", "").replaceAll(/<\/?code>/g, "");
    expect(rest).not.toMatch(/[<>@`*[\]\\!]/);
  });

  test("that breaks the catalog is refused with the place; so is a base that is broken, with its revision", async () => {
    edit("servers/memory.yaml", "owner: operations", "owner: nobody");
    const broken = await plan("--base", "HEAD");
    expect(broken).toMatchObject({ code: 65, stdout: "" });
    expect(broken.stderr).toMatch(
      /^stacks\/servers\/memory\.yaml:4:1 {2}owner: there is no contact "nobody"/,
    );
    await git(folder.path, "commit", "--quiet", "--all", "--message", "Break it");
    await git(folder.path, "tag", "broken");
    edit("servers/memory.yaml", "owner: nobody", "owner: operations");
    const base = await plan("--base", "broken");
    expect(base).toMatchObject({ code: 65, stdout: "" });
    expect(base.stderr).toMatch(
      /^broken:stacks\/servers\/memory\.yaml:4:1 {2}owner: there is no contact "nobody"/,
    );
    // what is committed cannot be mended
    expect(base.stderr).toContain("; compare with a revision whose catalog this Rollcall reads");
  });
});

test.each(["--output=stolen", "-o", "HEAD:stacks", "no such branch", ""])(
  "a revision that is none is a usage error and is not taken for an option: %j",
  async (revision) => {
    const { code, stdout, stderr } = await plan(`--base=${revision}`);
    expect({ code, stdout }, stderr).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/^--base.*: git knows no such commit here; name a branch, tag or commit/);
    expect(existsSync(join(folder.path, "stolen"))).toBe(false);
  },
);
