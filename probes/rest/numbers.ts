import type { NumberSource } from "../../catalog/target.ts";
import { sumSeries } from "./exposition-text.ts";
import { jsonOf } from "./health-document.ts";
import { valueAt } from "./json-pointer.ts";
import { isSuccess, type Page } from "./pages.ts";

/** A number as text: no exponent, no blanks, no other notation. */
const PLAIN_DECIMAL = /^-?\d{1,40}(\.\d{1,40})?$/;

/** The numbers that the pages show, by metric; one that a page does not show, or not as a number, is left out. */
export function readNumbers(
  sources: readonly NumberSource[],
  pages: ReadonlyMap<string, Page>,
): Readonly<Record<string, number>> {
  const found: [string, number][] = [];
  for (const [url, asked] of Map.groupBy(sources, (source) => source.url)) {
    const page = pages.get(url);
    if (page === undefined || !isSuccess(page) || page.text === null) continue;
    found.push(...numbersOf(page.text, asked));
  }
  return Object.fromEntries(found);
}

function numbersOf(text: string, sources: readonly NumberSource[]): [string, number][] {
  const series = sources.filter((source) => source.kind === "prometheus");
  const sums = series.length === 0 ? [] : sumSeries(text, series);
  const pointers = sources.filter((source) => source.kind === "json");
  const document = pointers.length === 0 ? undefined : jsonOf(text);
  const values: [string, number | null][] = [
    ...series.map(({ metric }, index): [string, number | null] => [metric, sums[index] ?? null]),
    ...pointers.map(({ metric, pointer }): [string, number | null] => {
      return [metric, numberOf(valueAt(document, pointer))];
    }),
  ];
  return values.flatMap(([metric, value]): [string, number][] => (value === null ? [] : [[metric, value]]));
}

function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "string" && PLAIN_DECIMAL.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}
