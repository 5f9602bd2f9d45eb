import type { Bounds, Statistic } from "./statistic.ts";

/** Up to here a value is moved in place by a loop, beyond by a block copy: the faster of the two each. */
const SHORT = 48;

/** The samples of a window in ascending order; what comes and goes costs a search and a block copy. */
export class SortedWindow {
  #values = new Float64Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: number): void {
    if (this.#size === this.#values.length) this.#grow();
    const values = this.#values;
    let at = this.#size;
    if (at <= SHORT) {
      for (; at > 0 && (values[at - 1] ?? 0) > value; at -= 1) values[at] = values[at - 1] ?? 0;
    } else {
      at = this.#find(value);
      values.copyWithin(at + 1, at, this.#size);
    }
    values[at] = value;
    this.#size += 1;
  }

  /** Takes out one sample of this value, which must be in the window. */
  remove(value: number): void {
    const values = this.#values;
    this.#size -= 1;
    if (this.#size > SHORT) {
      const found = this.#find(value);
      values.copyWithin(found, found + 1, this.#size + 1);
      return;
    }
    let at = 0;
    while (at < this.#size && values[at] !== value) at += 1;
    for (; at < this.#size; at += 1) values[at] = values[at + 1] ?? 0;
  }

  /** A statistic of the window, which must not be empty; NaN where it has no value. */
  statistic(statistic: Statistic): number {
    switch (statistic.kind) {
      case "percentile":
        return this.#percentile(statistic.percent);
      case "percentileRank":
        return (this.#within(statistic.bounds).count / this.#size) * 100;
      case "trimmedMean": {
        const { count, sum } = this.#within(statistic.bounds);
        return sum / count;
      }
      case "trimmedCount":
        return this.#within(statistic.bounds).count;
      case "trimmedSum":
        return this.#within(statistic.bounds).sum;
      case "winsorizedMean":
        return this.#winsorizedMean(statistic.bounds);
      default:
        throw new RangeError(`${statistic.kind} needs no sorted window`);
    }
  }

  /**
   * Interpolated between the two nearest ranks. CloudWatch does not say how it estimates percentiles; over a
   * few samples its figure may lie elsewhere between the same two.
   */
  #percentile(percent: number): number {
    const rank = (percent / 100) * (this.#size - 1);
    const low = this.#values[Math.floor(rank)] ?? 0;
    const high = this.#values[Math.ceil(rank)] ?? low;
    return low + (high - low) * (rank - Math.floor(rank));
  }

  /**
   * Count and sum of the samples within bounds. Values: over the lower, up to and with the upper bound. Shares:
   * a sample that a bound cuts through counts in part, which is why a trimmed count need not be whole.
   */
  #within({ unit, low, high }: Bounds): { count: number; sum: number } {
    const share = this.#size / 100;
    let count = 0;
    let sum = 0;
    for (let index = 0; index < this.#size; index += 1) {
      const value = this.#values[index] ?? 0;
      const weight =
        unit === "percent"
          ? Math.min(index + 1, (high ?? 100) * share) - Math.max(index, (low ?? 0) * share)
          : Number(value > (low ?? -Infinity) && value <= (high ?? Infinity));
      if (weight <= 0) continue;
      count += weight;
      sum += weight * value;
    }
    return { count, sum };
  }

  /** The mean, with every sample beyond a bound counted as lying on it. */
  #winsorizedMean({ unit, low, high }: Bounds): number {
    const edge = (bound: number) => (unit === "percent" ? this.#percentile(bound) : bound);
    const least = low === undefined ? -Infinity : edge(low);
    const most = high === undefined ? Infinity : edge(high);
    let sum = 0;
    for (let index = 0; index < this.#size; index += 1)
      sum += Math.min(Math.max(this.#values[index] ?? 0, least), most);
    return sum / this.#size;
  }

  /** The first place whose value is not under this one. */
  #find(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#values[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}
