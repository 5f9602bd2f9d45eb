import { type CheckResult, isRefused } from "../result.ts";
import { label, type Sample } from "./prometheus-sample.ts";
import type { Series } from "./prometheus-text.ts";

/** Verdicts that a success ratio looks back on. */
const WINDOW = 100;
/** How a server names itself may change with each deployment, and not with each probe. */
const SELF_NAMES = 20;

/** What adds up over the results of one server. */
export class Tally {
  readonly #windows = new Map<string, boolean[]>();
  readonly #failures = new Map<string, Sample>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #selfNames = new Set<string>();

  /** Counts a verdict; a result without one says nothing of the server. */
  count({ status, mcp, rest }: Pick<CheckResult, "status" | "mcp" | "rest">): void {
    if (status === "unknown") return;
    const asked = Object.entries({ mcp, rest }).filter(([, reading]) => reading.outcome !== "skipped");
    for (const [path, { outcome, failureClass }] of asked)
      if (outcome === "fail") this.#fail(path, failureClass ?? "protocol");
    const judged = asked.filter(([, reading]) => !isRefused(reading));
    for (const [path, { outcome }] of judged) this.#see(path, outcome === "ok");
    // one sure failure is enough; behind a refusal nobody saw
    if (judged.some(([, { outcome }]) => outcome === "fail")) this.#see("all", false);
    else if (judged.length > 0 && judged.length === asked.length) this.#see("all", true);
  }

  /** Adds to a histogram of the server. */
  observe(
    family: { readonly name: string; readonly buckets: readonly number[] },
    { labels, value }: Sample,
  ): void {
    const key = `${family.name} ${Object.values(labels).join(" ")}`;
    const histogram = this.#histograms.get(key) ?? new Histogram(family.buckets, labels);
    this.#histograms.set(key, histogram);
    histogram.add(value);
  }

  histograms(name: string): Series[] {
    return [...this.#histograms].flatMap(([key, histogram]) =>
      key.startsWith(`${name} `) ? histogram.series() : [],
    );
  }

  /** Failed probes so far, by path and failure class. */
  get failures(): Sample[] {
    return [...this.#failures.values()];
  }

  /** Share of good ones among the last verdicts of each path, and of the paths together. */
  get ratios(): Sample[] {
    return [...this.#windows].map(([path, verdicts]) => ({
      labels: { path },
      value: verdicts.filter(Boolean).length / verdicts.length,
    }));
  }

  /** How a server names itself, as labels; `other` once it has used too many names. */
  selfName(info: { readonly name: string; readonly version: string } | null): Record<string, string> {
    const self = { name: label(info?.name ?? ""), version: label(info?.version ?? "") };
    const key = JSON.stringify(self);
    if (!this.#selfNames.has(key) && this.#selfNames.size >= SELF_NAMES)
      return { name: "other", version: "other" };
    this.#selfNames.add(key);
    return self;
  }

  #fail(path: string, failureClass: string): void {
    const key = `${path} ${failureClass}`;
    const before = this.#failures.get(key)?.value ?? 0;
    this.#failures.set(key, { labels: { path, class: failureClass }, value: before + 1 });
  }

  #see(path: string, good: boolean): void {
    const verdicts = this.#windows.get(path) ?? [];
    this.#windows.set(path, [...verdicts, good].slice(-WINDOW));
  }
}

class Histogram {
  readonly #bounds: readonly number[];
  readonly #labels: Sample["labels"];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[], labels: Sample["labels"]) {
    this.#bounds = bounds;
    this.#labels = labels;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
    for (const [index, bound] of this.#bounds.entries())
      if (value <= bound) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  series(): Series[] {
    const bucket = (le: string, value: number): Series => ({
      suffix: "_bucket",
      labels: { ...this.#labels, le },
      value,
    });
    return [
      ...this.#bounds.map((bound, index) => bucket(String(bound), this.#counts[index] ?? 0)),
      bucket("+Inf", this.#count),
      { suffix: "_sum", labels: this.#labels, value: this.#sum },
      { suffix: "_count", labels: this.#labels, value: this.#count },
    ];
  }
}
