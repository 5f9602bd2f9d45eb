import { describe, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { diskSource } from "../../catalog/source.ts";
import { loadTrace, parseTrace, TRACES, traceNames } from "../../catalog/trace.ts";
import { ROOT } from "../support/cli.ts";

const TEXT = `trace: lunch
means: Two servers are slow while everybody eats
start: 2026-11-02T12:00:00+01:00
length: 3h
zone: Europe/Berlin
happenings:
  - { what: slow, servers: [memory, github], at: 1h, for: 45m, latency: 900ms }
  - { what: fails, at: 2h, for: 3m, every: 10m, until: 150m, share: 2.5% }
  - { what: value, servers: { first: 2 }, at: 0s, for: 1h, metric: ServerMemory, to: 1.5GiB }
`;

/** The problems of a text, as `place path: rule; cure`. */
function problemsOf(text: string): string[] {
  try {
    parseTrace("t.yaml", text);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    expect(error.exitCode).toBe(65);
    return error.problems.map(({ place, path, rule, cure }) => `${place} ${path}: ${rule}; ${cure}`);
  }
  return [];
}

describe("a trace", () => {
  test("is read with its defaults filled in, its times as milliseconds and its moment as one", () => {
    const trace = parseTrace("t.yaml", TEXT);
    expect(trace).toMatchObject({
      name: "lunch",
      start: Date.parse("2026-11-02T11:00:00Z"),
      length: 3 * 3_600_000,
      zone: "Europe/Berlin",
      seed: 1,
    });
    expect(trace.happenings).toMatchObject([
      {
        what: "slow",
        servers: ["memory", "github"],
        at: 3_600_000,
        for: 2_700_000,
        latency: 900,
        share: 1e6,
      },
      { what: "fails", servers: "all", class: "connect", every: 600_000, until: 9_000_000, share: 25_000 },
      { what: "value", servers: { first: 2 }, metric: "ServerMemory", to: { value: 1.5 * 2 ** 30 } },
    ]);
    expect(trace.happenings.map(({ place }) => place)).toEqual(["t.yaml:7:5", "t.yaml:8:5", "t.yaml:9:5"]);
  });

  test.each([
    ["for: 45m", "for: 45 min", '7:54 happenings[0].for: "45 min" must be a duration'],
    ["latency: 900ms", "latncy: 900ms", '7:64 happenings[0].latncy: unknown key "latncy"; write latency'],
    ["at: 1h", "at: 4h", '7:46 happenings[0].at: "4h" begins after the trace has ended'],
    ["every: 10m", "every: 3m", '8:37 happenings[1].every: "3m" must be longer than it lasts'],
    ["every: 10m, ", "", 'until: "150m" goes with every'],
    ["until: 150m", "until: 1h", 'until: "1h" must be after its beginning'],
    ["share: 2.5%", "share: 0%", 'share: "0%" must be more than 0%'],
    ["what: slow", "what: sleeps", "happenings[0].what"],
    ["Europe/Berlin", "Europe/Berlim", 'zone: "Europe/Berlim" must be a time zone'],
    ["2026-11-02T12:00:00+01:00", "2026-11-02T12:00:00", "must be a moment with its offset"],
    ["length: 3h", "length: 91d", "must not be longer than 90d"],
    ["[memory, github]", "[memory, memory]", "must not name anything twice"],
    ["first: 2", "first: 0", "happenings[2].servers"],
    ["metric: ServerMemory", "metric: Server Memory", "happenings[2].metric"],
    ["zone: ", "length: ", 'duplicated mapping key "length"'],
    ["happenings:", "happenings: [", "is not valid YAML"],
  ])("with %s written as %s is refused at its place, with the rule and the cure", (from, to, said) => {
    const problems = problemsOf(TEXT.replace(from, to));
    expect(problems.join("\n")).toContain(said);
    for (const problem of problems) expect(problem).toMatch(/^t\.yaml:\d+:\d+ /);
  });

  test("that hits the class auth is written as refused, so that no outage is confused with a refusal", () => {
    expect(problemsOf(TEXT.replace("every: 10m", "class: auth, every: 10m")).join()).toContain("class");
  });
});

describe("the library", () => {
  const source = diskSource(ROOT);

  test("has a trace for each name, which says the same name and what it means", () => {
    const names = traceNames(source);
    expect(names).toEqual([
      "daylight-saving",
      "deploy-restart",
      "errors-day",
      "flapping",
      "lost-probe",
      "outage-2m",
      "outage-30m",
      "outage-5m",
      "prober-dead",
      "slow-burn",
      "ten-servers",
      "tools-missing",
    ]);
    for (const name of names)
      expect(loadTrace(source, name)).toMatchObject({
        name,
        means: expect.stringMatching(/\w \w/) as unknown,
      });
  });

  test("is asked by name, any other trace by its file, and a name that is neither is a usage error", () => {
    expect(loadTrace(source, "flapping")).toEqual(loadTrace(source, `${TRACES}/flapping.yaml`));
    expect(() => loadTrace(source, "flaping")).toThrow(
      /^--trace flaping: there is no trace of this name and no such file; name a file, or one of daylight-saving, /,
    );
  });
});
