import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, type Folder, rollcall, temporaryFolder, twoAtATime } from "../support/cli.ts";
import { asArray, asRecord, asString } from "../support/json.ts";

// Bad input everywhere: the exit code, one problem that names the place and the cure, no stack trace. The command
// runs in a process of its own each time. What a catalog may get wrong stands in test/catalog/.

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  readonly place: string;
  readonly rule: string;
  readonly cure: string;
}

const NO_MONITOR = "no-monitor";
const KNOWN = "name one of local, production, staging";

const CASES: readonly Case[] = [
  {
    args: [],
    code: 64,
    place: "rollcall",
    rule: "no command was given",
    cure: "name one of check, validate, plan, replay, slo, export, tools, up, drill, escalation, mute, recover",
  },
  {
    args: ["frobnicate"],
    code: 64,
    place: "rollcall",
    rule: "unknown command 'frobnicate'",
    cure: "name one of check, validate, plan, replay, slo, export, tools, up, drill, escalation, mute, recover",
  },
  {
    args: ["valdate"],
    code: 64,
    place: "rollcall",
    rule: "unknown command 'valdate'",
    cure: "write validate",
  },
  {
    args: ["plan", "local", "--frmat"],
    code: 64,
    place: "rollcall plan",
    rule: "unknown option '--frmat'",
    cure: "write --format, or see `rollcall plan --help`",
  },
  {
    args: ["plan"],
    code: 64,
    place: "rollcall plan",
    rule: "missing required argument 'env'",
    cure: "see `rollcall plan --help`",
  },
  {
    args: ["plan", "local", "--format", "xml"],
    code: 64,
    place: "--format xml",
    rule: "must be one of table, json, markdown",
    cure: "see `rollcall plan --help`",
  },
  {
    args: ["plan", "nowhere"],
    code: 65,
    place: "stacks/nowhere.yaml",
    rule: 'there is no environment "nowhere"',
    cure: KNOWN,
  },
  {
    args: ["validate", "nowhere"],
    code: 65,
    place: "stacks/nowhere.yaml",
    rule: 'there is no environment "nowhere"',
    cure: KNOWN,
  },
  {
    args: ["check", "--all", "--env", "nowhere"],
    code: 65,
    place: "stacks/nowhere.yaml",
    rule: 'there is no environment "nowhere"',
    cure: KNOWN,
  },
  {
    args: ["up", "nowhere"],
    code: 65,
    place: "stacks/nowhere.yaml",
    rule: 'there is no environment "nowhere"',
    cure: KNOWN,
  },
  {
    args: ["plan", "local", "--base", "nonsense"],
    code: 64,
    place: "--base nonsense",
    rule: "git knows no such commit here",
    cure: "name a branch, tag or commit; in CI, check out with its history (fetch-depth: 0)",
  },
  {
    args: ["check", "memory", "--timeout", "5"],
    code: 64,
    place: "--timeout 5",
    rule: "must be a duration with its unit",
    cure: "write it such as 500ms or 5s",
  },
  {
    args: ["check", "memory", "--timeout", "0s"],
    code: 64,
    place: "--timeout 0s",
    rule: "must be longer than 0",
    cure: "write it such as 5s",
  },
  {
    args: ["check", "--url", "ftp://example.com/mcp"],
    code: 64,
    place: "--url ftp://example.com/mcp",
    rule: "must be an http or https address",
    cure: "see `rollcall check --help`",
  },
  {
    args: ["check", "--rest", "it's garbage"],
    code: 64,
    place: "--rest it's garbage",
    rule: "must be an http or https address",
    cure: "see `rollcall check --help`",
  },
  {
    args: ["check", "--url", "http://127.0.0.1:9/mcp", "--all"],
    code: 64,
    place: "--url",
    rule: "goes with no server of the catalog",
    cure: "name servers, or an address, not both",
  },
  {
    args: ["check", "nobody"],
    code: 64,
    place: "nobody",
    rule: "there is no server of this name in local",
    cure: "name one of everything, filesystem, memory, sequential-thinking",
  },
  {
    args: ["check"],
    code: 64,
    place: "rollcall check",
    rule: "no server is named",
    cure: "name servers, or use --all, or --url with an address",
  },
  {
    args: ["up", "--port", "65536"],
    code: 64,
    place: "--port 65536",
    rule: "must be a port from 0 to 65535",
    cure: "see `rollcall up --help`",
  },
  {
    args: ["up", "production"],
    code: 64,
    place: "production",
    rule: "is a cloud environment",
    cure: "provision it with `npx pulumi up --stack production`",
  },
  {
    args: ["drill", "wobble", "memory"],
    code: 64,
    place: "wobble",
    rule: "is not a drill",
    cure: "use `drill stop <server>` or `drill start <server>`",
  },
  {
    args: ["drill", "stop", "memory", "--for", "soon"],
    code: 64,
    place: "--for soon",
    rule: "must be a duration with its unit",
    cure: "write it such as 90s, or never",
  },
  {
    args: ["drill", "stop", "memory", "--state", NO_MONITOR],
    code: 69,
    place: NO_MONITOR,
    rule: "no monitor runs on this state folder",
    cure: "start it with `npm start`, or name its folder with --state",
  },
];

const FORMATTED = new Set(["check", "validate", "plan"]);
const STACK = /^\s+at .+:\d+:\d+\)?$/m;

describe("bad input", () => {
  const results = new Map<Case, Ended>();
  beforeAll(async () => {
    const ended = await twoAtATime(CASES, ({ args }) => rollcall(args));
    CASES.forEach((one, index) => {
      const result = ended[index];
      if (result !== undefined) results.set(one, result);
    });
  });

  test.each(CASES)(
    "rollcall $args exits $code with place, rule and cure on one line, without a stack trace",
    (one) => {
      const { code, stdout, stderr } = results.get(one) ?? { code: null, stdout: "", stderr: "" };
      expect({ code, stdout }, stderr).toEqual({ code: one.code, stdout: "" });
      // without a command the help stands before it
      const lines = stderr.trimEnd().split("\n");
      expect(one.args.length === 0 ? lines.at(-1) : stderr.trimEnd()).toBe(
        `${one.place}: ${one.rule}; ${one.cure}`,
      );
      expect(stderr).not.toMatch(STACK);
    },
  );
});

describe("bad input with --format json", () => {
  const asked = CASES.filter(
    ({ args }) => FORMATTED.has(args[0] ?? "") && !args.includes("--format") && !args.includes("plan"),
  ).filter((_, index) => index % 3 === 0);

  test("leaves standard output empty, and standard error holds exactly one JSON line", async () => {
    const ended = await twoAtATime(asked, ({ args }) => rollcall([...args, "--format", "json"]));
    expect(ended.length).toBeGreaterThan(2);
    for (const [index, { code, stdout, stderr }] of ended.entries()) {
      const one = asked[index];
      expect({ code, stdout }).toEqual({ code: one?.code, stdout: "" });
      expect(stderr.split("\n")).toHaveLength(2);
      expect(JSON.parse(stderr)).toEqual({
        error: code === 64 ? "USAGE" : "CATALOG",
        exitCode: code,
        problems: [{ place: one?.place, path: "", rule: one?.rule, cure: one?.cure }],
      });
    }
  });

  test("holds though the format itself stands before what is wrong", async () => {
    const { code, stdout, stderr } = await rollcall(["plan", "--format=json", "local", "--bse", "x"]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(asString(asRecord(asArray(asRecord(JSON.parse(stderr)).problems)[0]).cure)).toContain(
      "write --base",
    );
  });
});

describe("bad input with --debug", () => {
  test("says the same, and then where in the program it was noticed", async () => {
    const [usage, catalog, before] = await twoAtATime(
      [
        ["check", "memory", "--timeout", "5", "--debug"],
        ["plan", "nowhere", "--debug"],
        ["--debug", "plan", "nowhere"],
      ],
      (args) => rollcall(args),
    );
    expect(usage?.code).toBe(64);
    expect(usage?.stderr.split("\n")[0]).toMatch(/^--timeout 5: must be a duration/);
    for (const result of [catalog, before]) {
      expect(result?.code).toBe(65);
      expect(result?.stderr.split("\n")[0]).toMatch(/^stacks\/nowhere\.yaml: /);
    }
    for (const result of [usage, catalog, before]) expect(result?.stderr).toMatch(STACK);
  });
});

describe("a folder without a catalog", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder.remove());

  test("is said to be none, with the folder to go to, and nothing is written into it", async () => {
    const ended = await twoAtATime(
      [["validate"], ["plan", "local"], ["check", "--all"], ["up", "--port", "0"]],
      (args) => rollcall(args, { cwd: folder.path }),
    );
    for (const { code, stdout, stderr } of ended) {
      expect({ code, stdout }, stderr).toEqual({ code: 64, stdout: "" });
      expect(stderr).toMatch(
        /^.+: there is no catalog here; run the command in the folder that holds stacks\/\n$/,
      );
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("help goes to standard output and is no error", async () => {
  const [all, plan] = await twoAtATime([["--help"], ["plan", "--help"]], (args) => rollcall(args));
  expect(all).toMatchObject({ code: 0, stderr: "" });
  for (const word of ["check", "validate", "plan", "up", "drill", "Exit codes"])
    expect(all?.stdout).toContain(word);
  expect(plan).toMatchObject({ code: 0, stderr: "" });
  expect(plan?.stdout).toContain("--base <ref>");
});
