import { GAUGE, type Peer } from "./peers.ts";
import { promtoolFirings } from "./promtool.ts";
import type { Span } from "./spans.ts";
import { DAY, noise, randomOf } from "./traces.ts";

const KINDS = ["Page", "Ticket"] as const;

/** A trace of which the windows and promtool say different things. */
export interface Disagreement {
  readonly peer: string;
  readonly trace: string;
  readonly alert: (typeof KINDS)[number];
  readonly windows: string;
  readonly promtool: string;
}

/**
 * Whether the window arithmetic says of a peer what the real promtool makes of the peer's own rules: the first and the
 * last minute in which a page and a ticket fire, and how many minutes there are of each.
 */
export async function disagreements(peers: readonly Peer[], seed: number): Promise<Disagreement[]> {
  const traces = sampleTraces(seed);
  const length = Math.max(...[...traces.values()].map((trace) => trace.length));
  const found: Disagreement[] = [];
  for (const peer of peers) {
    const groups = [peer.rules];
    const series = [...traces].map(([name, failed]) => ({ series: `${GAUGE}{server="${name}"}`, failed }));
    const fired = await promtoolFirings({ groups, series, minutes: length - 1, alerts: KINDS });
    for (const [name, failed] of traces) {
      // promtool looks at a point in the very minute that it is made in
      const alerts = peer.alerts({ failed, phase: 60 });
      for (const [kind, alert] of KINDS.entries()) {
        const windows = inWords(fromWindows(kind === 0 ? alerts.page : alerts.ticket, failed.length));
        const promtool = inWords(fired.get(alert)?.get(name));
        if (windows !== promtool) found.push({ peer: peer.name, trace: name, alert, windows, promtool });
      }
    }
  }
  return found;
}

/** A little more than the day that the third pair of windows looks back: an outage, flapping, a slow burn, bursts and chance, from the first minute on. */
function sampleTraces(seed: number): Map<string, Uint8Array> {
  const random = randomOf(seed);
  const minutes = 1.2 * DAY;
  const made = (fails: (minute: number) => boolean): Uint8Array =>
    Uint8Array.from({ length: minutes }, (_, minute) => (fails(minute) ? 1 : 0));
  const chance = [0.001, 0.003, 0.01, 0.1].map(
    (probability) => [`chance-${probability}`, noise({ random, minutes, probability, lead: 0 })] as const,
  );
  return new Map<string, Uint8Array>([
    ["one-lost", made((minute) => minute === 500)],
    ["outage", made((minute) => minute >= 700 && minute < 730)],
    ["flapping", made((minute) => minute >= 900 && minute < 1_200 && minute % 7 < 2)],
    ["slow", made((minute) => minute % 400 === 399)],
    ["bursts", made((minute) => minute % 720 >= 717)],
    ...chance,
  ]);
}

function fromWindows(
  spans: readonly Span[],
  length: number,
): { first: number; last: number; times: number } | undefined {
  const minutes = spans.map(({ from, to }) => [from / 60 - 1, Math.min(length, to / 60 - 1) - 1] as const);
  const [first] = minutes;
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return {
    first: first[0],
    last: last[1],
    times: minutes.reduce((sum, [from, to]) => sum + to - from + 1, 0),
  };
}

function inWords(
  firing: { readonly first: number; readonly last: number; readonly times: number } | undefined,
): string {
  if (firing === undefined) return "never fires";
  return `fires in ${firing.times} minutes from ${firing.first} to ${firing.last}`;
}
