const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * What the clocks of a zone show at a moment, as the moment at which those of UTC show the same. In milliseconds, to
 * the second. By the time zone data of the machine.
 */
export function wallAt(at: number, zone: string): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/** The moments at which the clocks of a zone show a time: one; none where they skip it, two where they repeat it. */
export function momentsOf(wall: number, zone: string): number[] {
  return [...offsetsAround(wall, zone)]
    .map((offset) => wall - offset)
    .filter((at) => wallAt(at, zone) === wall)
    .sort((a, b) => a - b);
}

/** The first moment at which the clocks of a zone show a whole minute, or the next one that they do not skip. */
export function momentOf(wall: number, zone: string): number {
  return momentsOf(wall, zone)[0] ?? endOfGap(wall, zone);
}

/** When the clocks jump over a time: zones change on whole minutes. */
function endOfGap(wall: number, zone: string): number {
  const offsets = [...offsetsAround(wall, zone)];
  let before = wall - Math.max(...offsets);
  let after = wall - Math.min(...offsets);
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (wallAt(middle, zone) < wall) before = middle;
    else after = middle;
  }
  return after;
}

/** What the zone is ahead of UTC a day before and a day after: no zone changes twice in that time. */
function offsetsAround(wall: number, zone: string): Set<number> {
  return new Set([wall - DAY_MS, wall + DAY_MS].map((at) => wallAt(at, zone) - at));
}

/** A format takes long to make, and a plan asks for the same few zones again and again. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(zone, made);
  return made;
}
