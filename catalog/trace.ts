import { z } from "zod";
import { catalogError, usageError } from "./errors.ts";
import { FAILURE_CLASSES } from "./failures.ts";
import { single } from "./merge.ts";
import { METRICS } from "./metrics.ts";
import { distinctItems, metricName, name } from "./names.ts";
import type { CatalogSource } from "./source.ts";
import { duration, percent, positiveDuration, quantity } from "./units.ts";
import { validate } from "./validate.ts";
import { parseYaml } from "./yaml.ts";
import { timeZone } from "./zone.ts";

/** Where the traces of the library stand, each as `<name>.yaml`. */
export const TRACES = "docs/traces";

const DAY_MS = 86_400_000;
/** A longer trace says nothing that a shorter one does not, and every check of it is made. */
const MAX_DAYS = 90;

const when = {
  servers: z
    .union([
      z.literal("all"),
      z.array(name).min(1).refine(distinctItems, "must not name anything twice"),
      z.strictObject({ first: z.int().min(1) }).describe("so many servers, by name"),
    ])
    .default("all")
    .describe("all, names, or how many of them"),
  at: duration.describe("time from the start of the trace"),
  for: positiveDuration.describe("how long it lasts"),
  every: positiveDuration.optional().describe("time from one beginning to the next, where it comes back"),
  until: positiveDuration.optional().describe("time from the start after which it no longer comes back"),
  share: percent
    .refine((ppm) => ppm > 0, "must be more than 0%")
    .prefault("100%")
    .describe("share of the checks that it hits, their repetition included, such as 5%"),
};

const failureClass = z
  .enum(FAILURE_CLASSES)
  .exclude(["auth"])
  .default("connect")
  .describe("which rung of the exchange breaks");

const happening = z.discriminatedUnion("what", [
  z.strictObject({ what: z.literal("fails"), ...when, class: failureClass }),
  z.strictObject({ what: z.literal("mcp-fails"), ...when, class: failureClass }),
  z.strictObject({ what: z.literal("rest-fails"), ...when, class: failureClass }),
  z.strictObject({ what: z.literal("refused"), ...when }),
  z.strictObject({ what: z.literal("degraded"), ...when }),
  z.strictObject({ what: z.literal("silent"), ...when }),
  z.strictObject({
    what: z.literal("slow"),
    ...when,
    latency: positiveDuration.describe("time of each answer, such as 900ms"),
  }),
  z.strictObject({
    what: z.literal("value"),
    ...when,
    metric: z
      .union([z.enum(Object.keys(METRICS) as [keyof typeof METRICS]), metricName])
      .describe("a metric of the probe, or the exported name of one of the server's own"),
    to: z.union([z.number(), quantity]).describe("its value, such as 1.5GiB"),
  }),
]);

const traceFile = z
  .strictObject({
    trace: name,
    means: z.string().min(1).max(200).describe("what happens, in a sentence"),
    start: z.iso
      .datetime({ offset: true, error: "must be a moment with its offset, such as 2026-11-02T08:00:00Z" })
      .describe("moment, such as 2026-11-02T08:00:00Z"),
    length: positiveDuration.refine((ms) => ms <= MAX_DAYS * DAY_MS, `must not be longer than ${MAX_DAYS}d`),
    zone: timeZone.default("UTC").describe("time zone in which its times are shown"),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(1)
      .describe("draws the checks that a share hits"),
    happenings: z.array(happening).max(100),
  })
  .superRefine(({ length, happenings }, context) => {
    for (const [index, one] of happenings.entries()) {
      const refuse = (key: string, message: string): void =>
        context.addIssue({ code: "custom", path: ["happenings", index, key], message });
      if (one.at >= length) refuse("at", "begins after the trace has ended");
      if (one.every === undefined && one.until !== undefined)
        refuse("until", "goes with every: a single one ends by itself");
      if (one.every !== undefined && one.every <= one.for)
        refuse("every", "must be longer than it lasts: it would begin before it is over");
      if (one.until !== undefined && one.until <= one.at) refuse("until", "must be after its beginning");
    }
  });

/** Something that happens to servers, and when: times in milliseconds, `at` and `until` from the start. */
export type Happening = z.infer<typeof happening> & {
  /** `file:line:column`, for messages. */
  readonly place: string;
};

/** What happens to the servers of an environment over a stretch of time; what it does not name is well. */
export interface Trace {
  readonly name: string;
  readonly means: string;
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** Milliseconds. */
  readonly length: number;
  readonly zone: string;
  readonly seed: number;
  readonly happenings: readonly Happening[];
}

/**
 * Reads a trace from its text.
 * @throws RollcallError (catalog, exit 65) with every problem, its place and its cure.
 */
export function parseTrace(file: string, text: string): Trace {
  const yaml = parseYaml(file, text);
  const layered = single(yaml);
  const result = validate(traceFile, layered);
  const problems = [...yaml.problems, ...(result.ok ? [] : result.problems)];
  if (!result.ok || problems.length > 0) throw catalogError(problems);
  const { trace, start, happenings, ...others } = result.value;
  return {
    ...others,
    name: trace,
    start: Date.parse(start),
    happenings: happenings.map((one, index) => ({ ...one, place: layered.place(["happenings", index]) })),
  };
}

/** The names of the traces of the library, sorted. */
export function traceNames(source: CatalogSource): string[] {
  return source
    .list(TRACES)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.replace(/\.yaml$/, ""));
}

/**
 * A trace of the library by its name, or any other by its file.
 * @throws RollcallError (usage, exit 64) where there is none, (catalog, exit 65) with every problem of it.
 */
export function loadTrace(source: CatalogSource, asked: string): Trace {
  const known = traceNames(source);
  const file = known.includes(asked) ? `${TRACES}/${asked}.yaml` : asked;
  const text = source.read(file);
  if (text !== undefined) return parseTrace(file, text);
  throw usageError({
    place: `--trace ${asked}`,
    rule: "there is no trace of this name and no such file",
    cure: `name a file, or one of ${known.join(", ")}`,
  });
}
