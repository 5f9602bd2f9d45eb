/** Units, merging and reading: the arithmetic under the catalog. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMap } from "../../catalog/json.ts";
import { layer } from "../../catalog/merge.ts";
import { gitSource } from "../../catalog/source.ts";
import { duration, formatDuration, formatPercent, percent, quantity } from "../../catalog/units.ts";
import { parseYaml } from "../../catalog/yaml.ts";

describe("units", () => {
  it("reads ratios as exact millionths, whatever a float would make of them", () => {
    expect(percent.parse("99.9%")).toBe(999_000);
    expect(percent.parse("99.95%")).toBe(999_500);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (ppm) => {
        expect(percent.parse(formatPercent(ppm))).toBe(ppm);
      }),
    );
  });

  it("reads a duration that it has written as the same milliseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 86_400_000 }), (ms) => {
        expect(duration.parse(formatDuration(ms))).toBe(ms);
      }),
    );
    expect(["90s", "1d", "36h", "43.2m"].map((text) => duration.parse(text))).toEqual([
      90_000, 86_400_000, 129_600_000, 2_592_000,
    ]);
    expect([86_400_000, 3_600_000, 90_000, 1_500].map(formatDuration)).toEqual(["1d", "1h", "90s", "1500ms"]);
  });

  it("reads thresholds in the base unit of what they measure", () => {
    expect(
      ["1.5GiB", "200ms", "2s", "90%", "50/min", "1000 IOPS"].map((text) => quantity.parse(text)),
    ).toMatchObject([
      { value: 1.5 * 2 ** 30, dimension: "size" },
      { value: 200, dimension: "time" },
      { value: 2_000, dimension: "time" },
      { value: 90, dimension: "percent" },
      { value: 50, dimension: "rate" },
      { value: 1_000, dimension: "iops" },
    ]);
  });
});

describe("merging", () => {
  const file = (path: string, text: string) => {
    const parsed = parseYaml(path, text);
    return { value: parsed.value, file: parsed, at: [] };
  };

  it("merges maps by key, replaces lists, and knows the file that each value comes from", () => {
    const merged = layer([
      file("below.yaml", "a: { x: 1, y: [1, 2] }\nb: 2\n"),
      file("above.yaml", "\na: { y: [3] }\n"),
    ]);
    expect(merged.value).toEqual({ a: { x: 1, y: [3] }, b: 2 });
    expect(merged.place(["a", "x"])).toBe("below.yaml:1:6");
    expect(merged.place(["a", "y"])).toBe("above.yaml:2:6");
    expect(merged.place(["b", "missing"])).toBe("below.yaml:2:1");
  });

  it("keeps keys such as __proto__ as keys", () => {
    const merged = layer([
      file("below.yaml", "a: 1\n"),
      file("above.yaml", "__proto__: { polluted: true }\n"),
    ]).value;
    expect(isMap(merged) && Object.keys(merged)).toEqual(["a", "__proto__"]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("a catalog in git", () => {
  let root: string;
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: root,
      encoding: "utf8",
    });
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "rollcall-git-"));
    mkdirSync(join(root, "inner", "stacks"), { recursive: true });
    git("init", "-q");
    writeFileSync(join(root, "inner", "stacks", "a.yaml"), "then: 1\n");
    git("add", ".");
    git("commit", "-qm", "then");
    writeFileSync(join(root, "inner", "stacks", "a.yaml"), "now: 2\n");
    writeFileSync(join(root, "inner", "stacks", "b.yaml"), "now: 2\n");
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("is read as it stood then, also below the top of the repository, without a checkout", () => {
    const then = gitSource(join(root, "inner"), "HEAD");
    expect(then.list("stacks")).toEqual(["a.yaml"]);
    expect(then.read("stacks/a.yaml")).toBe("then: 1\n");
    expect(then.read("stacks/b.yaml")).toBeUndefined();
    expect([then.exists("stacks/a.yaml"), then.exists("stacks/b.yaml")]).toEqual([true, false]);
    expect(git("status", "--short")).toContain("inner/stacks/a.yaml");
  });

  it.each(["nonsense", "--output=stolen", "HEAD:inner"])("refuses %s, which is no commit", (revision) => {
    expect(() => gitSource(root, revision)).toThrow(/git knows no such commit/);
  });
});
