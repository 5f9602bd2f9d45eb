/** The frame of the benchmarks. What they measure is no test: a figure of a shared machine passes or fails by chance. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { falsePages, outageFigures, pagesForOneLost, unseenFigures } from "../bench/alerts/measure.ts";
import { rollcall } from "../bench/alerts/ours.ts";
import { PEERS } from "../bench/alerts/peers.ts";
import { burns, randomOf } from "../bench/alerts/traces.ts";
import { ALERT_GOALS } from "../bench/alerts.ts";
import { median, round } from "../bench/report.ts";

const ROOT = join(import.meta.dirname, "..");

function bench(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "bench", "bench.ts"), ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

it.each([
  [["nonsense"], "nonsense: is no benchmark"],
  [[], "npm run bench: is no benchmark"],
  [["start", "--fast"], "--fast: is no option"],
  [["constructor"], "constructor: is no benchmark"],
])("refuses %j in one line that names what there is", async (args, start) => {
  const { code, stdout, stderr } = await bench(...args);
  expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toContain(start);
  expect(stderr).toContain("npm run bench alerts|plan|probe|provision|replay|start");
});

it("takes the middle value, and the mean of the two middle ones", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
  expect([round(1.25, 1), round(1.249, 1), round(2.5)]).toEqual([1.3, 1.2, 3]);
});

describe("the alarms of a promise of 99.9 % by one check a minute", () => {
  const ours = rollcall();
  const SEED = 1;

  it("do not page for a single lost check, as those of others do", () => {
    expect(pagesForOneLost(ours)).toBe(ALERT_GOALS.pagesForOneLost);
    expect(PEERS.map(pagesForOneLost)).toEqual([1, 1, 1]);
  });

  it.each([2, 5, 30])("page for a total outage of %i minutes within five of its start", (minutes) => {
    const { toPage, toClear } = outageFigures(ours, minutes, true);
    expect(toPage).toBeLessThanOrEqual(ALERT_GOALS.minutesToPage);
    expect(toClear).toBeLessThanOrEqual(31);
  });

  it("page by chance no more often than tolerated, as far as fifty months can tell", () => {
    const { mean, standardError } = falsePages(ours, 50, SEED);
    expect(mean - 2 * standardError).toBeLessThanOrEqual(ALERT_GOALS.falsePagesAMonth);
  });

  it("let no more than a tenth of the budget be spent within three days unseen", { timeout: 60_000 }, () => {
    const { unseen } = unseenFigures(ours, burns({ quick: true, random: randomOf(SEED) }));
    expect(unseen.share, unseen.burn).toBeLessThanOrEqual(ALERT_GOALS.unseenShare);
  });
});
