import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Store } from "../../monitor/store.ts";
import { measuresOf } from "../../probes/measure.ts";
import { copiedCatalog, type Folder, rollcall, temporaryFolder } from "../support/cli.ts";
import { failing, observationOf } from "../support/observation.ts";

// The command as it is run, in a process of its own.

const MINUTE_MS = 60_000;

interface Printed {
  readonly trace: string | null;
  readonly from: string;
  readonly to: string;
  readonly incidents: readonly {
    readonly server: string;
    readonly tier: string;
    readonly firesAt: string;
    readonly offsetMs: number;
    readonly clearsAt: string | null;
    readonly told: readonly {
      readonly at: string;
      readonly level: string;
      readonly contacts: readonly string[];
    }[];
    readonly budgets: readonly { readonly objective: string; readonly spentPpm: number }[];
  }[];
  readonly servers: readonly {
    readonly server: string;
    readonly told: Readonly<Record<string, number>>;
    readonly firstPageAfterMs: number | null;
    readonly budgets: readonly { readonly objective: string; readonly spentPpm: number }[];
  }[];
}

describe("rollcall replay <env> --trace", () => {
  test("prints a line for each change with who is told and what is spent, then a line a server", async () => {
    const { code, stdout, stderr } = await rollcall(["replay", "production", "--trace", "outage-5m"]);
    expect([code, stderr]).toEqual([0, ""]);
    const [head, , ...lines] = stdout.trimEnd().split("\n");
    expect(head).toMatch(
      /^replay {2}production {2}catalog [0-9a-f]{7} {2}2026-11-02 08:00:00Z to 2026-11-02 14:00:00Z {2}outage-5m: One server fails/,
    );
    expect(lines[0]).toMatch(
      /^ {2}2026-11-02 09:02:00Z {2}\+1h02m {2}brave-search {2}page {2}fires +down {2}L1 operations-engineer, 1m later {2}availability 0\.9 % spent$/,
    );
    expect(lines[1]).toMatch(/brave-search {2}page {2}clears$/);
    expect(lines.at(-2)).toMatch(
      /^ {2}brave-search {2}1 page, 0 tickets {2}first page 3m after it began {2}availability 2\.3 % spent$/,
    );
    expect(lines.at(-1)).toMatch(/^ {2}\d+ other servers without an alarm$/);
  });

  test("prints one JSON document with --format json: moments in ISO 8601, who was told, what was spent", async () => {
    const { code, stdout } = await rollcall([
      "replay",
      "production",
      "--trace",
      "outage-30m",
      "--server",
      "brave-search",
      "--format",
      "json",
    ]);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed).toMatchObject({
      environment: "production",
      trace: "outage-30m",
      from: "2026-11-02T08:00:00.000Z",
      to: "2026-11-02T14:00:00.000Z",
    });
    expect(printed.servers.map(({ server }) => server)).toEqual(["brave-search"]);
    const page = printed.incidents.find(({ tier }) => tier === "page");
    expect(page).toMatchObject({
      firesAt: "2026-11-02T09:02:00.000Z",
      offsetMs: 62 * MINUTE_MS,
      told: [
        { at: "2026-11-02T09:03:00.000Z", level: "L1", contacts: ["operations-engineer"] },
        { at: "2026-11-02T09:33:00.000Z", level: "L2", contacts: ["senior-operations-engineer"] },
      ],
      budgets: [{ objective: "availability", spentPpm: 9_259 }],
    });
  });

  test("shows the times of a trace in its zone, also in the hour that the clocks show twice", async () => {
    const { stdout } = await rollcall(["replay", "production", "--trace", "daylight-saving"]);
    expect(stdout).toContain("2026-10-25 02:32:00+02:00  +2h32m  brave-search  page");
    expect(stdout).toMatch(/2026-10-25 02:03:00\+01:00 {2}\+3h03m {2}brave-search {2}page +escalates/);
  });

  test("says so where no alarm would have fired", async () => {
    const { code, stdout } = await rollcall(["replay", "production", "--trace", "lost-probe"]);
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toMatch(/\n\n {2}no alarm would have fired$/);
    expect(stdout).not.toMatch(/\n\n$/);
  });

  test("says which server is shown alone, and that others would have fired", async () => {
    const args = ["replay", "production", "--trace", "outage-5m", "--server", "task-mcp"];
    const { stdout } = await rollcall(args);
    expect(stdout).toContain("  no alarm of task-mcp would have fired\n");
    expect(stdout).toContain("  1 incident of others not shown: leave --server out\n");
  });
});

describe("a trace that cannot be replayed", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = copiedCatalog();
    const head = "trace: t\nmeans: a test\nstart: 2026-11-02T08:00:00Z\nlength: 2h\n";
    folder.write(
      new Map([
        ["bad.yaml", `${head}happenings:\n  - { what: fails, at: 1h, for: 5 }\n`],
        ["stranger.yaml", `${head}happenings:\n  - { what: fails, servers: [nobody], at: 1h, for: 5m }\n`],
        ["own.yaml", `${head}happenings:\n  - { what: silent, servers: { first: 1 }, at: 1h, for: 9m }\n`],
      ]),
    );
  });
  afterAll(() => folder.remove());

  test.each([
    [["--trace", "bad.yaml"], 65, /^bad\.yaml:6:28 {2}happenings\[0\]\.for: 5 must be a string/],
    [
      ["--trace", "stranger.yaml"],
      65,
      /^stranger\.yaml:6:5 {2}happenings\[0\]: production has no server "nobody"/,
    ],
    [["--trace", "none.yaml"], 64, /^--trace none\.yaml: there is no trace of this name and no such file/],
    [["--trace", "."], 65, /^\.: cannot be read|cannot be read/],
    [["--trace", "own.yaml", "--server", "nobody"], 64, /^--server nobody: there is no server of this name/],
    [["--trace", "own.yaml", "--last", "1d"], 64, /^rollcall replay production: --trace goes with no --last/],
    [
      ["--trace", "own.yaml", "--actions"],
      64,
      /^production: --actions goes with --definitions; leave it out/,
    ],
    [["--last", "soon"], 64, /^--last soon: must be a time with its unit; write it such as 30d$/m],
    [[], 64, /^rollcall replay production: nothing says what is to be replayed/],
  ] as const)("as by %s exits %i and names the place, the rule and the cure", async (args, exit, said) => {
    const { code, stdout, stderr } = await rollcall(["replay", "production", ...args], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(said);
  });

  test("is one error line with --format json", async () => {
    const args = ["replay", "production", "--trace", "bad.yaml", "--format", "json"];
    const { code, stdout, stderr } = await rollcall(args, { cwd: folder.path });
    expect([code, stdout]).toEqual([65, ""]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: "CATALOG",
      problems: [{ place: "bad.yaml:6:28", path: "happenings[0].for" }],
    });
  });

  test("is read from any file, and by its whole path", async () => {
    for (const trace of ["own.yaml", join(folder.path, "own.yaml")]) {
      const { code, stdout } = await rollcall(["replay", "production", "--trace", trace], {
        cwd: folder.path,
      });
      expect(code).toBe(0);
      expect(stdout).toMatch(/brave-search {2}blind {2}fires/);
    }
  });
});

describe("rollcall replay local --last", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = temporaryFolder();
    const store = new Store(folder.path);
    const end = Math.floor(Date.now() / 10_000) * 10_000;
    // two hours in which `memory` was away for twenty minutes, asked every ten seconds
    for (let at = end - 120 * MINUTE_MS; at < end; at += 10_000) {
      const down = at >= end - 60 * MINUTE_MS && at < end - 40 * MINUTE_MS;
      for (const server of ["everything", "filesystem", "memory", "sequential-thinking"]) {
        const { result, ...seen } = observationOf({
          mcp: down && server === "memory" ? failing("connect") : { outcome: "ok", failureClass: null },
          checkedAt: new Date(at).toISOString(),
        });
        const observation = { ...seen, result: { ...result, server } };
        store.record({ at, result: observation.result, measures: measuresOf(observation) });
      }
    }
    store.close();
  });
  afterAll(() => folder.remove());

  test("replays what was measured: the outage that was is paged once, and the time before the first check is no silence", async () => {
    const { code, stdout, stderr } = await rollcall([
      "replay",
      "local",
      "--last",
      "1d",
      "--state",
      folder.path,
      "--format",
      "json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed.trace).toBeNull();
    expect(Date.parse(printed.to) - Date.parse(printed.from)).toBeLessThan(125 * MINUTE_MS);
    const paged = printed.incidents.filter(({ tier, told }) => tier === "page" && told.length > 0);
    expect(paged.map(({ server }) => server)).toEqual(["memory"]);
    const memory = printed.servers.find(({ server }) => server === "memory");
    expect(memory?.firstPageAfterMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    expect(printed.incidents.filter(({ server }) => server !== "memory")).toEqual([]);
  });

  test("lets the alarms of a young history warm up, as the monitor that wrote it has, and heeds its mutes", async () => {
    const young = temporaryFolder();
    try {
      const store = new Store(young.path);
      const end = Math.floor(Date.now() / 10_000) * 10_000;
      const from = end - 9 * MINUTE_MS;
      // five minutes away, of which the first two are muted
      const away = from + 2 * MINUTE_MS;
      for (let at = from; at < end; at += 5_000) {
        for (const server of ["everything", "filesystem", "memory", "sequential-thinking"]) {
          const down = server === "memory" && at >= away && at < away + 5 * MINUTE_MS;
          const observation = observationOf({
            mcp: down ? failing("connect") : { outcome: "ok", failureClass: null },
            checkedAt: new Date(at).toISOString(),
          });
          const result = { ...observation.result, server };
          store.record({ at, result, measures: measuresOf({ ...observation, result }) });
        }
      }
      const mute = { id: "memory@then", target: "memory", reason: "disk" };
      store.saveMute({ ...mute, from: away, to: away + 2 * MINUTE_MS });
      store.close();
      const args = ["replay", "local", "--last", "8m", "--state", young.path, "--format", "json"];
      const { incidents, servers } = JSON.parse((await rollcall(args)).stdout) as Printed;
      // the windows of a ticket would be full of one outage; the monitor waits until they are full of checks
      expect(incidents.map(({ server, tier }) => `${server} ${tier}`)).toEqual(["memory page"]);
      const [page] = incidents;
      expect(page?.told[0]?.at).toBe(new Date(away + 2 * MINUTE_MS).toISOString());
      const memory = servers.find(({ server }) => server === "memory");
      // three of the five minutes, of 216
      expect(memory?.budgets[0]?.spentPpm).toBe(Math.floor((3 / 216) * 1_000_000));
    } finally {
      young.remove();
    }
  });

  test("exits 69 where nothing was measured, and says what to do", async () => {
    const empty = temporaryFolder();
    try {
      const { code, stderr } = await rollcall(["replay", "local", "--last", "1d", "--state", empty.path]);
      expect(code).toBe(69);
      expect(stderr).toContain("there is no history yet; run `npm start`");
      new Store(empty.path).close();
      const none = await rollcall(["replay", "local", "--last", "1d", "--state", empty.path]);
      expect(none.code).toBe(69);
      expect(none.stderr).toMatch(
        /no check was published since .*; ask for a longer time, or replay a trace/,
      );
    } finally {
      empty.remove();
    }
  });
});
