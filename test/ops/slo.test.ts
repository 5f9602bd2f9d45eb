import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Store } from "../../monitor/store.ts";
import { copiedCatalog, type Ended, type Folder, rollcall, temporaryFolder } from "../support/cli.ts";
import { asArray, asRecord, type JsonRecord } from "../support/json.ts";
import { OK, resultOf } from "../support/observation.ts";

// `rollcall slo` over the history of this machine. The arithmetic is tested in test/plan, CloudWatch in slo-cloudwatch.

const NOW = Date.parse("2026-11-21T12:00:00Z");
/** The local environment probes every 5 s. */
const EVERY_MS = 5_000;
/** 99.5 % in 30 d are 216 minutes: as many failed checks spend them. */
const BUDGET_CHECKS = (216 * 60_000) / EVERY_MS;
const AN_EIGHTH = BUDGET_CHECKS / 8;

describe("rollcall slo", () => {
  let folder: Folder;
  let state: string;
  let store: Store;

  beforeAll(() => {
    folder = copiedCatalog();
    state = join(folder.path, "state");
    // stays open, as a monitor has it that runs
    store = new Store(state);
    // the budget of `memory` is spent, that of `filesystem` to an eighth, `everything` was well and slow twice
    fill("memory", { checks: BUDGET_CHECKS + 30, failed: BUDGET_CHECKS, ms: 4 });
    fill("filesystem", { checks: 1_000, failed: AN_EIGHTH, ms: 4 });
    fill("everything", { checks: 40, failed: 0, ms: 6_000 });
  });
  afterAll(() => {
    store.close();
    folder.remove();
  });

  /** Checks that end just before `NOW`, the failed ones first. */
  function fill(
    server: string,
    { checks, failed, ms }: { readonly checks: number; readonly failed: number; readonly ms: number },
  ): void {
    for (let index = 0; index < checks; index += 1) {
      const at = NOW - (checks - index) * EVERY_MS;
      const good = index >= failed;
      const latency = good ? { McpLatency: ms } : {};
      const result = resultOf({ server, mcp: OK, checkedAt: new Date(at).toISOString() });
      store.record({ at, result, measures: { McpAvailable: good ? 1 : 0, ...latency } });
    }
  }

  const slo = (...args: readonly string[]): Promise<Ended> =>
    rollcall(["slo", "local", "--state", state, "--at", new Date(NOW).toISOString(), ...args], {
      cwd: folder.path,
    });
  const objectives = async (...args: readonly string[]): Promise<readonly JsonRecord[]> => {
    const { code, stdout, stderr } = await slo("--format", "json", ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return asArray(asRecord(JSON.parse(stdout)).objectives).map(asRecord);
  };

  test("charges nothing that failed while the server was muted, as the monitor did not", async () => {
    const muted = temporaryFolder();
    const kept = new Store(muted.path);
    try {
      for (let at = NOW - 100 * EVERY_MS; at < NOW; at += EVERY_MS) {
        const result = resultOf({ server: "memory", mcp: OK, checkedAt: new Date(at).toISOString() });
        kept.record({ at, result, measures: { McpAvailable: at < NOW - 40 * EVERY_MS ? 1 : 0 } });
      }
      const mute = { id: "memory@then", target: "memory", reason: "disk" };
      kept.saveMute({ ...mute, from: NOW - 40 * EVERY_MS, to: NOW - 10 * EVERY_MS });
      const args = ["slo", "local", "--state", muted.path, "--server", "memory", "--format", "json"];
      const { stdout } = await rollcall([...args, "--at", new Date(NOW).toISOString()]);
      const [memory] = asArray(asRecord(JSON.parse(stdout)).objectives).map(asRecord);
      expect(memory).toMatchObject({ objective: "availability", good: 60, total: 70 });
    } finally {
      kept.close();
      muted.remove();
    }
  });

  test("[TASK-05] says for each promise what is spent and left, how fast it burns, until when, and what follows", async () => {
    const found = await objectives();
    const [memory] = found.filter(
      ({ server, objective }) => server === "memory" && objective === "availability",
    );
    expect(memory).toMatchObject({
      promise: "99.5% in 30d",
      good: 30,
      total: BUDGET_CHECKS + 30,
      kept: false,
      budgetMinutes: 216,
      spentMinutes: 216,
      leftMinutes: 0,
      spentPercent: 100,
      exhaustedInMinutes: null,
      policy: { name: "freeze", freeze: true },
    });
    const [filesystem] = found.filter(
      ({ server, objective }) => server === "filesystem" && objective === "availability",
    );
    expect(filesystem).toMatchObject({
      spentMinutes: 27,
      leftMinutes: 189,
      spentPercent: 12.5,
      policy: null,
    });
    const [long, short] = asArray(filesystem?.burn).map(asRecord);
    // 5 minutes of failed checks are long over, and the windows are those of the local environment
    expect([long, short]).toEqual([
      { windowMinutes: 5, rate: 0 },
      { windowMinutes: 0.5, rate: 0 },
    ]);
  });

  test("judges a percentile by the share of checks within its limit", async () => {
    const latency = (await objectives()).filter(({ sli }) => sli === "latency");
    const kept = latency.map(({ server, kept: is, attainedPercent }) => [server, is, attainedPercent]);
    expect(kept).toContainEqual(["everything", false, 0]);
    expect(kept).toContainEqual(["memory", true, 100]);
    // nobody asked it, and nothing is made up
    expect(kept).toContainEqual(["sequential-thinking", null, null]);
  });

  test("says in its table how much of the window was measured, and what the policy asks for", async () => {
    const { code, stdout, stderr } = await slo();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const line = stdout.split("\n").find((text) => text.includes("  memory ")) ?? "";
    expect(line).toMatch(/ 3h 38m of 30d +216 min +216 min \(100%\) +0 min .* spent +freeze$/);
    expect(stdout).toMatch(/\nfreeze: Only repairs are rolled out .* \(memory availability\)\n$/);
    expect(stdout).toMatch(/sequential-thinking +availability +99\.5% in 30d +no data +– +216 min$/m);
    expect(stdout).not.toContain("\u001b");
  });

  test("is a table in Markdown whose rows have as many cells as its head", async () => {
    const { stdout } = await slo("--format", "markdown", "--server", "memory");
    const rows = stdout.split("\n").filter((line) => line.startsWith("|"));
    expect(rows).toHaveLength(4);
    expect(rows[0]?.split("|")).toHaveLength(13);
    expect(stdout).toContain("| memory | availability | 99.5% in 30d |");
  });

  test("lets a rollout pass or not by its exit code, for one server or for all", async () => {
    expect((await slo("--gate")).code).toBe(1);
    expect((await slo("--gate", "--server", "memory")).code).toBe(1);
    expect((await slo("--gate", "--server", "filesystem")).code).toBe(0);
    expect((await slo("--server", "memory")).code).toBe(0);
  });

  test("reads a history that a monitor holds open, and changes nothing in it", async () => {
    const before = { size: statSync(store.file).size, bytes: readFileSync(store.file) };
    fill("sequential-thinking", { checks: 1, failed: 1, ms: 4 });
    const found = await objectives("--server", "sequential-thinking");
    expect(found.find(({ objective }) => objective === "availability")).toMatchObject({ good: 0, total: 1 });
    expect(statSync(store.file).size).toBe(before.size);
    expect(readFileSync(store.file).equals(before.bytes)).toBe(true);
  });

  test("[PLAY-12] charges nothing for maintenance that the catalog declares", async () => {
    const other = copiedCatalog();
    try {
      const text = readFileSync(join(other.path, "stacks", "local.yaml"), "utf8");
      const maintenance =
        "maintenance:\n  upgrade: { servers: [memory], reason: a new disk, at: 2026-11-21T08:00, for: 4h }\n";
      other.write(new Map([["stacks/local.yaml", `${text}${maintenance}`]]));
      const args = ["slo", "--state", state, "--at", new Date(NOW).toISOString(), "--format", "json"];
      const { stdout, stderr } = await rollcall(args, { cwd: other.path });
      expect(stderr).toBe("");
      const found = asArray(asRecord(JSON.parse(stdout)).objectives).map(asRecord);
      const spent = (server: string): unknown =>
        found.find((one) => one.server === server && one.objective === "availability")?.spentMinutes;
      expect([spent("memory"), spent("filesystem")]).toEqual([0, 27]);
    } finally {
      other.remove();
    }
  });

  test.each([
    [["--state", "nowhere"], 69, /nowhere\/history\.db: there is no history yet; run `npm start`/],
    [
      ["--at", "2020-01-01T00:00:00Z"],
      69,
      /local: there is no check of any objective before 2020-01-01.*; run `npm start`/,
    ],
    [
      ["--server", "nobody"],
      64,
      /--server nobody: there is no server of this name in local; name one of everything/,
    ],
    [
      ["--at", "yesterday"],
      64,
      /--at yesterday: must be a moment with its offset from UTC; write it such as 2026/,
    ],
  ] as const)("refuses %j by exit code %i, with place, rule and cure", async (args, code, text) => {
    const refused = await slo(...args);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code, stdout: "" });
    expect(refused.stderr).toMatch(text);
  });
});
