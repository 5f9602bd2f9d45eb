import { printable } from "../classify.ts";

const LABEL_LENGTH = 64;

/** A value of one server, with its labels besides the server's name. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A text as a label's value: printable and short, for most of them come from servers. */
export function label(text: string): string {
  return [...printable(text)].slice(0, LABEL_LENGTH).join("");
}

/** No sample where there is no number. */
export function sample(labels: Sample["labels"], value: number | null | undefined): Sample[] {
  return value == null || !Number.isFinite(value) ? [] : [{ labels, value }];
}

/** Milliseconds as the seconds that Prometheus counts in. */
export function seconds(labels: Sample["labels"], ms: number | null | undefined): Sample[] {
  return ms == null ? [] : sample(labels, ms / 1_000);
}
