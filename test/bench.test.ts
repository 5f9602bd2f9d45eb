/** The frame of the benchmarks. What they measure is no test: a figure of a shared machine passes or fails by chance. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
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
  expect(stderr).toContain("npm run bench probe|start");
});

it("takes the middle value, and the mean of the two middle ones", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
  expect([round(1.25, 1), round(1.249, 1), round(2.5)]).toEqual([1.3, 1.2, 3]);
});
