import type { Alerts, Span, System } from "./spans.ts";
import { BUDGET, type Burn, DAY, LEAD, noise, outage, randomOf } from "./traces.ts";

const STRETCH = 3 * DAY;
const MONTH = 30 * DAY;
const NOISE = 0.001;
/** Checks within the minute, and starts of an outage within it, in seconds. */
const PHASES = [1, 15, 30, 45, 59];
/** Where the phase does not matter: late enough for every system to look in the next minute. */
const PHASE = 45;

/** One outage, over every start within the minute and every phase of the check; the worst of each, in minutes. */
export interface OutageFigures {
  /** From the start of the outage to the page; infinite where one was never paged. */
  readonly toPage: number;
  /** From its end to the end of the page. */
  readonly toClear: number;
}

export function outageFigures(system: System, minutes: number, quick: boolean): OutageFigures {
  let [toPage, toClear] = [0, 0];
  for (const phase of quick ? [1, 30, 59] : PHASES) {
    for (let start = 0; start < 60; start += quick ? 20 : 5) {
      const failed = outage({ start, seconds: minutes * 60, phase, after: 8 * 60 });
      const { page } = system.alerts({ failed, phase, pagesOnly: true });
      const from = LEAD * 60 + start;
      const first = page.find((span) => span.to > from);
      const end = Math.max(...page.map(({ to }) => to), from);
      toPage = Math.max(toPage, ((first?.from ?? Number.POSITIVE_INFINITY) - from) / 60);
      toClear = Math.max(toClear, (end - (from + minutes * 60)) / 60);
    }
  }
  return { toPage, toClear };
}

/** Pages for a single lost check, the most over the phases. */
export function pagesForOneLost(system: System): number {
  return Math.max(
    ...PHASES.map((phase) => {
      const failed = new Uint8Array(LEAD + 8 * 60);
      failed[LEAD + 30] = 1;
      return system.alerts({ failed, phase, pagesOnly: true }).page.length;
    }),
  );
}

/** Pages a month where 0.1 % of the checks fail by chance, each by itself. */
export interface NoiseFigures {
  readonly mean: number;
  readonly standardError: number;
}

export function falsePages(system: System, months: number, seed: number): NoiseFigures {
  const random = randomOf(seed);
  const counts: number[] = [];
  for (let month = 0; month < months; month += 1) {
    const failed = noise({ random, minutes: MONTH, probability: NOISE, lead: DAY });
    const { page } = system.alerts({ failed, phase: PHASE, pagesOnly: true });
    counts.push(page.filter(({ from }) => from >= DAY * 60).length);
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / months;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / Math.max(1, months - 1);
  return { mean, standardError: Math.sqrt(variance / months) };
}

/** A share of the budget, and the burn that came to it. */
export interface Share {
  readonly share: number;
  readonly burn: string;
}

export interface UnseenFigures {
  /**
   * The largest share that was spent within three days, and within them neither before the failure nor within one
   * evaluation of the system's slowest alert after it did a page or a ticket fire.
   */
  readonly unseen: Share;
  /** The largest share that was spent within three days when the first page or ticket of them fired. */
  readonly told: Share;
}

export function unseenFigures(system: System, burns: readonly Burn[]): UnseenFigures {
  let unseen: Share = { share: 0, burn: "none" };
  let told: Share = { share: 0, burn: "none" };
  for (const { name, trace } of burns) {
    const found = spentUnseen({
      failed: trace,
      alerts: system.alerts({ failed: trace, phase: PHASE }),
      system,
    });
    if (found.unseen > unseen.share) unseen = { share: found.unseen, burn: name };
    if (found.told > told.share) told = { share: found.told, burn: name };
  }
  return { unseen, told };
}

function spentUnseen(input: {
  readonly failed: Uint8Array;
  readonly alerts: Alerts;
  readonly system: System;
}): { readonly unseen: number; readonly told: number } {
  const { failed, alerts, system } = input;
  const spans = [...alerts.page, ...alerts.ticket].sort((a, b) => a.from - b.from);
  const fires = firingMinutes(failed.length, spans);
  const grace = Math.ceil(system.slowestSeconds / 60);
  let [unseen, told] = [0, 0];
  let [oldest, failures] = [0, 0];
  let nextFiring = 0;
  for (let at = 0; at < failed.length; at += 1) {
    if (fires[at] === 1) {
      told = Math.max(told, failures);
      [oldest, failures] = [at + 1, 0];
      continue;
    }
    for (; oldest <= at - STRETCH; oldest += 1) failures -= failed[oldest] ?? 0;
    if (failed[at] !== 1) continue;
    failures += 1;
    for (; nextFiring < failed.length && (nextFiring < at || fires[nextFiring] !== 1); ) nextFiring += 1;
    const isAnswered = nextFiring < failed.length && nextFiring - at <= grace;
    if (!isAnswered && at < failed.length - grace) unseen = Math.max(unseen, failures);
  }
  return { unseen: unseen / BUDGET, told: told / BUDGET };
}

/** Entry `i` is 1 where an alert fires at any moment of minute `i`. */
function firingMinutes(length: number, spans: readonly Span[]): Uint8Array {
  const fires = new Uint8Array(length);
  for (const { from, to } of spans)
    fires.fill(1, Math.floor(from / 60), Math.min(length, Math.ceil(to / 60)));
  return fires;
}
