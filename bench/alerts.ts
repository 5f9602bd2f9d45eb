import { availability } from "../test/support/toolchain.ts";
import { disagreements } from "./alerts/agree.ts";
import {
  falsePages,
  type NoiseFigures,
  type OutageFigures,
  outageFigures,
  pagesForOneLost,
  type UnseenFigures,
  unseenFigures,
} from "./alerts/measure.ts";
import { rollcall, waitForFleet } from "./alerts/ours.ts";
import { PEERS } from "./alerts/peers.ts";
import type { System } from "./alerts/spans.ts";
import { burns, randomOf } from "./alerts/traces.ts";
import { type Bench, type Report, round } from "./report.ts";

const SEED = 20_261_121;
/** Lengths of the total outages, in minutes. */
const OUTAGES = [2, 5, 30] as const;

/** What the plan's alarms are held to. */
export const ALERT_GOALS = {
  pagesForOneLost: 0,
  minutesToPage: 5,
  falsePagesAMonth: 0.2,
  unseenShare: 0.1,
} as const;

interface Measured {
  readonly system: System;
  readonly oneLost: number;
  readonly outages: readonly OutageFigures[];
  readonly noise: NoiseFigures;
  readonly unseen: UnseenFigures;
}

/**
 * The alarms of the plan beside those that others would deploy for the same promise, on the same traces: single lost
 * checks, total outages, months of chance and ways to spend the budget.
 */
export const alertsBench: Bench = async ({ quick }) => {
  const systems = [rollcall(), ...PEERS];
  const months = quick ? 50 : 1_000;
  const ways = burns({ quick, random: randomOf(SEED) });
  const all = systems.map(
    (system): Measured => ({
      system,
      oneLost: pagesForOneLost(system),
      outages: OUTAGES.map((minutes) => outageFigures(system, minutes, quick)),
      noise: falsePages(system, months, SEED),
      unseen: unseenFigures(system, ways),
    }),
  );
  return reportOf({ all, months, ways: ways.length, agreement: await agreement(quick) });
};

function reportOf(input: {
  readonly all: readonly Measured[];
  readonly months: number;
  readonly ways: number;
  readonly agreement: string;
}): Report {
  const { all, months, ways, agreement } = input;
  const [ours] = all;
  const compared = (
    what: string,
    of: (one: Measured) => number,
    show: (value: number) => string,
  ): string[] => {
    const own = ours === undefined ? Number.NaN : of(ours);
    const better = all.filter((one) => of(one) < own - 1e-9).map(({ system }) => system.name);
    return [what, ...all.map((one) => show(of(one))), better.join(", ")];
  };
  const minutes = (value: number): string => (Number.isFinite(value) ? `${round(value, 1)} min` : "never");
  const percent = (share: number): string => `${round(share * 100, 1)} %`;
  const at = (one: Measured, nth: number): OutageFigures =>
    one.outages[nth] ?? { toPage: Number.NaN, toClear: Number.NaN };
  return {
    head: ["what", ...all.map(({ system }) => system.name), "better than Rollcall"],
    rows: [
      compared("pages for one lost check", (one) => one.oneLost, String),
      ...OUTAGES.map((length, nth) =>
        compared(`outage of ${length} min: start to page`, (one) => at(one, nth).toPage, minutes),
      ),
      [
        "  where it waits for the fleet's page",
        minutes(Math.max(...(ours?.outages ?? []).map(({ toPage }) => toPage)) + waitForFleet()),
        ...all.slice(1).map(() => "–"),
        "",
      ],
      [
        ...compared("false pages a month", ({ noise }) => noise.mean, String).slice(0, 1),
        ...all.map(({ noise }) => `${round(noise.mean, 3)} ± ${round(noise.standardError, 3)}`),
        ...compared("", ({ noise }) => noise.mean, String).slice(-1),
      ],
      compared("budget spent unseen, at most", ({ unseen }) => unseen.unseen.share, percent),
      ["  by", ...all.map(({ unseen }) => unseen.unseen.burn), ""],
      compared("budget spent when told, at most", ({ unseen }) => unseen.told.share, percent),
      ["  by", ...all.map(({ unseen }) => unseen.told.burn), ""],
      ...OUTAGES.map((length, nth) =>
        compared(`outage of ${length} min: end to clear`, (one) => at(one, nth).toClear, minutes),
      ),
      ["deployed for an objective", ...all.map(({ system }) => system.size), ""],
      [`(${months} months of chance, ${ways} burns; ${agreement})`, ...all.map(() => ""), ""],
    ],
    figures: Object.assign({}, ...all.map(figuresOf), goalFigures(), { months, burns: ways }) as Record<
      string,
      number
    >,
  };
}

function figuresOf({ system, oneLost, outages, noise, unseen }: Measured): Record<string, number> {
  const of = system.name.split(/[^A-Za-z]/)[0]?.toLowerCase() ?? "";
  return {
    [`${of}PagesForOneLost`]: oneLost,
    ...Object.fromEntries(
      OUTAGES.flatMap((length, nth) => [
        [`${of}MinutesToPage${length}`, round(outages[nth]?.toPage ?? Number.NaN, 2)],
        [`${of}MinutesToClear${length}`, round(outages[nth]?.toClear ?? Number.NaN, 2)],
      ]),
    ),
    [`${of}FalsePagesAMonth`]: round(noise.mean, 4),
    [`${of}FalsePagesError`]: round(noise.standardError, 4),
    [`${of}UnseenShare`]: round(unseen.unseen.share, 4),
    [`${of}ToldShare`]: round(unseen.told.share, 4),
  };
}

function goalFigures(): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ALERT_GOALS).map(([name, goal]) => [
      `goal${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      goal,
    ]),
  );
}

/** Whether promtool says of the peers' own rules what is said here. */
async function agreement(quick: boolean): Promise<string> {
  const found = availability("promtool");
  if (quick || !found.ok) return "peers not compared with promtool";
  const differences = await disagreements(PEERS, SEED);
  for (const one of differences)
    process.stderr.write(
      `${one.peer}, ${one.trace}: the ${one.alert} ${one.windows}, by promtool it ${one.promtool}\n`,
    );
  return differences.length === 0
    ? "promtool says the same of the peers' rules"
    : `promtool says otherwise in ${differences.length} cases`;
}
