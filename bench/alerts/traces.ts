/** One check a minute: entry `i` is the check of minute `i`, 1 where it failed. */
export type Trace = Uint8Array;

export const DAY = 1_440;
/** Failed checks that 99.9 % allow in 30 days. */
export const BUDGET = 43.2;
/** Long enough clean for the longest window of any system to be full (4 d 6 h 51 min). */
export const LEAD = 5 * DAY;

/** Whole numbers below `limit`, the same ones for the same seed (mulberry32 by Tommy Ettinger, public domain). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Checks that fail by chance, each by itself, after a clean lead. */
export function noise(input: {
  readonly random: () => number;
  readonly minutes: number;
  readonly probability: number;
  readonly lead?: number;
}): Trace {
  const { random, minutes, probability, lead = LEAD } = input;
  const trace = new Uint8Array(lead + minutes);
  // the gaps between failures are geometric, so that a quiet month costs a few dozen draws
  const gap = (): number => Math.floor(Math.log1p(-random()) / Math.log1p(-probability));
  for (let at = lead + gap(); at < trace.length; at += 1 + gap()) trace[at] = 1;
  return trace;
}

/** A total outage: every check that falls into it fails. */
export function outage(input: {
  /** Seconds after the lead. */
  readonly start: number;
  readonly seconds: number;
  /** Seconds into each minute at which the check is made. */
  readonly phase: number;
  /** Minutes that are watched afterwards. */
  readonly after: number;
}): Trace {
  const { start, seconds, phase, after } = input;
  const trace = new Uint8Array(LEAD + Math.ceil((start + seconds) / 60) + after);
  const first = Math.ceil((LEAD * 60 + start - phase) / 60);
  for (let at = first; at * 60 + phase < LEAD * 60 + start + seconds; at += 1) trace[at] = 1;
  return trace;
}

/** A way to spend the budget, for as many days as it takes to be seen or not. */
export interface Burn {
  readonly name: string;
  readonly trace: Trace;
}

const RATES = [
  0.5, 0.8, 0.9, 0.92, 0.93, 0.95, 0.97, 1, 1.05, 1.1, 1.2, 1.5, 1.8, 2, 2.2, 2.5, 3, 3.5, 4, 5, 6, 6.5, 7, 8,
  10, 12, 14, 14.4, 15, 16, 20, 30, 50, 100, 200, 300, 500, 1_000,
];
const ON = [1, 2, 3, 4, 5, 8];
const EVERY = [
  5, 6, 7, 10, 15, 29, 30, 31, 45, 60, 61, 90, 120, 121, 180, 240, 359, 360, 361, 540, 720, 721, 1_079,
];
const BURSTS = [1, 2, 3, 4, 5, 6, 10];
const APART = [
  6 * 60,
  12 * 60 + 1,
  18 * 60 - 1,
  18 * 60,
  DAY - 1,
  DAY,
  DAY + 1,
  36 * 60,
  3 * DAY - 60,
  3 * DAY - 1,
];

/**
 * Ways to burn, each for ten days after a clean lead: at constant rates (failures evenly apart), flapping (`on`
 * minutes of every so many), in bursts, and by chance; the constant ones at several offsets to the full hour, at
 * which CloudWatch looks at windows of more than a day.
 */
export function burns(input: { readonly quick: boolean; readonly random: () => number }): Burn[] {
  const { quick, random } = input;
  const days = 10;
  const offsets = quick ? [0, 31] : [0, 11, 31, 47];
  const some = (values: readonly number[]): readonly number[] =>
    values.filter((_, nth) => !quick || nth % 2 === 0);
  const made = (name: string, fails: (minute: number) => boolean): Burn => {
    const trace = new Uint8Array(LEAD + days * DAY);
    for (let at = LEAD; at < trace.length; at += 1) trace[at] = fails(at - LEAD) ? 1 : 0;
    return { name, trace };
  };
  const every = (period: number, on: number, offset: number) => (minute: number) =>
    minute >= offset && (minute - offset) % period < on;
  return [
    ...some(RATES).flatMap((rate) =>
      offsets.map((offset) => {
        const apart = 1_000 / rate;
        return made(`${rate} x the budget, from minute ${offset}`, (minute) => {
          const since = minute - offset;
          return since >= 0 && Math.ceil(Math.floor(since / apart) * apart) === since;
        });
      }),
    ),
    ...some(EVERY).flatMap((period) =>
      ON.filter((on) => on < period).map((on) => made(`${on} of every ${period} min`, every(period, on, 7))),
    ),
    ...some(APART).flatMap((period) =>
      BURSTS.flatMap((on) =>
        offsets.map((offset) =>
          made(`${on} together every ${period} min, from minute ${offset}`, every(period, on, offset)),
        ),
      ),
    ),
    ...(quick
      ? [0.002, 0.02, 0.2]
      : [0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.6]
    ).flatMap((probability) =>
      Array.from({ length: quick ? 2 : 10 }, (_, nth) => ({
        name: `${probability * 100} % by chance, the ${nth + 1}.`,
        trace: noise({ random, minutes: days * DAY, probability }),
      })),
    ),
  ];
}
