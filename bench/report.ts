/** What one benchmark found: rows to compare, and the same figures by name. */
export interface Report {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly figures: Readonly<Record<string, number>>;
}

export type Bench = (options: { readonly quick: boolean }) => Promise<Report>;

export function printReport(name: string, { head, rows, figures }: Report): void {
  const all = [head, head.map(() => "---"), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  for (const row of all)
    process.stdout.write(
      `| ${widths.map((width, i) => (row[i] ?? "").padEnd(width, row[i] === "---" ? "-" : " ")).join(" | ")} |\n`,
    );
  process.stdout.write(`${JSON.stringify({ bench: name, figures })}\n`);
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (low + high) / 2;
}

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits));
