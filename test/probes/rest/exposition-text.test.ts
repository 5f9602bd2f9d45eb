import fc from "fast-check";
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { sumSeries } from "../../../probes/rest/exposition-text.ts";

/** The Prometheus text formats, against pages as prom-client writes them and against pages as nobody should. */

function sum(text: string, series: string, labels: Readonly<Record<string, string>> = {}): number | null {
  return sumSeries(text, [{ series, labels }])[0] ?? null;
}

function openMetrics(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

describe("a page of Prometheus", () => {
  it.each([
    ["0.0.4", new Registry()],
    ["OpenMetrics", openMetrics()],
  ])("as prom-client writes it in %s is summed by name and labels", async (_, registry) => {
    const registers = [registry];
    const calls = new Counter({
      name: "calls_total",
      help: "a \\ b",
      labelNames: ["tool", "code"],
      registers,
    });
    calls.inc({ tool: 'say "hi"\nthere\\', code: "200" }, 40);
    calls.inc({ tool: "list", code: "200" }, 2);
    calls.inc({ tool: "list", code: "500" }, 3);
    new Gauge({ name: "temperature", help: "-", registers }).set(-1.5e-7);
    const seconds = new Histogram({ name: "seconds", help: "-", buckets: [0.1, 1], registers });
    for (const value of [0.05, 0.5, 5]) seconds.observe(value);
    const text = await registry.metrics();
    expect(sum(text, "calls_total")).toBe(45);
    expect(sum(text, "calls_total", { code: "200" })).toBe(42);
    expect(sum(text, "calls_total", { tool: 'say "hi"\nthere\\' })).toBe(40);
    expect(sum(text, "calls_total", { tool: "list", code: "404" })).toBeNull();
    expect(sum(text, "temperature")).toBe(-1.5e-7);
    expect(sum(text, "seconds_bucket", { le: "+Inf" })).toBe(3);
    expect(sum(text, "seconds_sum")).toBe(5.55);
    expect(sum(text, "seconds")).toBeNull();
  });

  it.each([
    ["a 1", 1],
    ["a\t1\r\n", 1],
    ["  a{}  +2.  \n", 2],
    ["# TYPE a gauge\n# HELP a a 7\n#a 9\n\na 3", 3],
    ['a 1 1395066363000\na{b="c"} 2 -1395066363.5\n', 3],
    ['a{ b = "c" , d="e" , } .5\n', 0.5],
    ['a{b="}#\\\\\\"{"}4\n', 4],
    ['a_total 9\na{b="c"} 1 # {trace_id="x y"} 0.5 12.25\n# EOF\n', 1],
    ["ab 5\na:b 6\na 1\n", 1],
    ['a NaN\na{b="c"} +Inf\na{d="e"} -Inf\na{f="g"} 1E2\n', 100],
  ])("%j holds the number %d", (text, value) => {
    expect(sum(text, "a")).toBe(value);
  });

  it.each([
    "",
    "b 1",
    "a",
    "a ",
    "a one",
    "a 1_000",
    "a 0x10",
    "a 1 soon",
    "a 1 2 3",
    "a NaN",
    "a +Inf",
    "a 1e400",
    'a 1e308\na{b="c"} 1e308',
    'a{b="c} 1',
    "a{b='c'} 1",
    'a{b="c" d="e"} 1',
    'a{b="c",,} 1',
    'a{b="c",b="d"} 1',
    'a{1b="c"} 1',
    'a{"b"} 1',
    "a{ 1",
    'a{b="c"} 1\na{b="d"} broken',
  ])("%j shows no number", (text) => {
    expect(sum(text, "a")).toBeNull();
  });

  it("takes a label that is missing for an empty one", () => {
    expect(sum('a 1\na{b=""} 2\na{b="c"} 4\n', "a", { b: "" })).toBe(3);
  });

  it("spoils no other series by one line that cannot be read", () => {
    const text = "a broken\n{} 5\nb 2\nca 3\n";
    expect(
      sumSeries(
        text,
        ["a", "b"].map((series) => ({ series, labels: {} })),
      ),
    ).toEqual([null, 2]);
  });

  it("of more than 100 000 lines, 64 labels or 64 KiB in a line gives no number", () => {
    expect(sum("a 1\n".repeat(100_000), "a")).toBe(100_000);
    expect(sum("a 1\n".repeat(100_001), "a")).toBeNull();
    const labels = (count: number): string =>
      Array.from({ length: count }, (_, index) => `l${index}="x"`).join();
    expect(sum(`a{${labels(64)}} 1`, "a")).toBe(1);
    expect(sum(`a{${labels(65)}} 1`, "a")).toBeNull();
    expect(sum(`a{b="${"x".repeat(70_000)}"} 1`, "a")).toBeNull();
  });

  it("round-trips every label value", () => {
    const value = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(value, fc.integer(), (text, number) => {
        const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
        expect(sum(`a{b="other"} 1\na{b="${escaped}"} ${number}\n`, "a", { b: text })).toBe(
          text === "other" ? number + 1 : number,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("is read without an exception whatever it holds, into a finite number or none", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "a",
        "a{",
        "}",
        '"',
        "\\",
        "\n",
        " ",
        "\t",
        ",",
        "=",
        "1",
        "NaN",
        "#",
        "b=",
        'b="c"',
        "e",
        ".",
      ),
      fc.string({ unit: "binary", maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const value = sum(`a${pieces.join("")}`, "a", { b: "c" });
        expect(value === null || Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    for (const unit of ["1", " ", "\\", '"', "{", "a ", 'a{b="', "#", 'a{a="",', "\u0000", "1 "]) {
      const text = `a ${unit.repeat(60_000 / unit.length)}x\n`;
      const value = sum(text.repeat(20), "a");
      expect(value === null || Number.isFinite(value)).toBe(true);
    }
  });
});
