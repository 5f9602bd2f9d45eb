import type { Quantity } from "../../catalog/units.ts";
import type { ThresholdStep } from "./model.ts";

/** A number of the catalog on a panel. */
export interface Line {
  readonly level: "target" | "warning" | "critical" | "promise";
  /** As the catalog writes it: `1.5GiB`. */
  readonly text: string;
  /** In the unit of the panel. */
  readonly value: number;
}

export interface Lines {
  readonly worse: "higher" | "lower";
  /** In the order in which things get worse. */
  readonly lines: readonly Line[];
}

/** What values are that are past a line, by how bad that is. */
const PAST = { target: "yellow", warning: "orange", critical: "red", promise: "red" } as const;
const GOOD = "green";

/**
 * The steps that draw the lines and colour the values. Grafana's steps rise, and each colour holds from its value up:
 * where lower is worse, a line has the colour of the better side.
 */
export function stepsOf({ worse, lines }: Lines): readonly ThresholdStep[] {
  if (worse === "higher")
    return [
      { value: null, color: GOOD },
      ...lines.map(({ level, value }) => ({ value, color: PAST[level] })),
    ];
  const falling = [...lines].reverse();
  const worst = falling[0];
  return [
    { value: null, color: worst === undefined ? GOOD : PAST[worst.level] },
    ...falling.map(({ value }, index) => {
      const better = falling[index + 1];
      return { value, color: better === undefined ? GOOD : PAST[better.level] };
    }),
  ];
}

/** The numbers in words, for titles: `target 100MB, warning 150MB, critical 200MB`. */
export function wordsOf({ worse, lines }: Lines): string {
  const words = lines.map(({ level, text }) => {
    if (level !== "promise") return `${level} ${text}`;
    return worse === "higher" ? `promised below ${text}` : `promised above ${text}`;
  });
  return words.join(", ");
}

/** The unit in which Grafana shows a number of the catalog. */
export function unitOf({ dimension, text }: Pick<Quantity, "dimension" | "text">, seconds: boolean): string {
  switch (dimension) {
    case "time":
      return seconds ? "s" : "ms";
    case "size":
      // MB counts in thousands and MiB in 1,024s; an axis that counts as the promise does shows the same number
      return text.endsWith("iB") ? "bytes" : "decbytes";
    case "percent":
      return "percent";
    case "rate":
      return "suffix:/min";
    case "iops":
      return "iops";
  }
}
