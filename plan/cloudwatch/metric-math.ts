import { type Frame, MATH_FUNCTIONS } from "./math-functions.ts";
import { MathError, type MathNode, parseMath } from "./math-parser.ts";
import { type Line, LineChecker, named } from "./math-types.ts";
import { combine, each, type MathValue } from "./math-values.ts";
import { statisticProblem } from "./statistic.ts";
import type { MetricId, MetricQuery } from "./types.ts";

/** A metric that an alarm reads, by the id of its line. */
export interface MathSource {
  readonly id: string;
  readonly metric: MetricId;
  readonly statistic: string;
}

/** The metric math of one alarm, ready to be evaluated. */
export interface MathProgram {
  readonly sources: readonly MathSource[];
  /** Seconds; the same for all sources. */
  readonly period: number;
  /**
   * Whether a point depends on the others of the evaluation range, as after `DIFF(m1)`, `m1 - AVG(m1)` or
   * `FILL(m1, REPEAT)`; else it depends on its own moment alone.
   */
  readonly ranged: boolean;
  /** The points that the alarm watches, given those of each source in their order. */
  readonly evaluate: (columns: readonly Float64Array[], frame: Frame) => Float64Array;
}

const ID = /^[a-z]\w{0,254}$/;

/** What is wrong with the metric math of an alarm, in one sentence with the line's id, or undefined. */
export function mathProblem(queries: readonly MetricQuery[]): string | undefined {
  try {
    compileMath(queries);
    return undefined;
  } catch (error) {
    if (error instanceof MathError) return error.message;
    throw error;
  }
}

/** @throws MathError with what is wrong, as {@link mathProblem} says it. */
export function compileMath(queries: readonly MetricQuery[]): MathProgram {
  const returned = queries.filter(({ ReturnData }) => ReturnData !== false);
  const [watched] = returned;
  if (watched === undefined || returned.length > 1)
    throw new MathError(`exactly one line returns its data (ReturnData), not ${returned.length}`);
  const lines = linesOf(queries);
  const checker = new LineChecker(lines);
  for (const id of lines.keys()) checker.typeOfLine(id);
  const type = checker.typeOfLine(watched.Id);
  if (type !== "series")
    throw new MathError(
      `${watched.Id}: an alarm watches one time series, and this is ${type === "list" ? "a list of them" : "a number: wrap it in TIME_SERIES()"}`,
    );
  const sources = sourcesOf(queries);
  return {
    sources,
    period: periodOf(queries),
    ranged: checker.ranged(watched.Id),
    evaluate: (columns, frame) => new Evaluation(lines, columns, frame).line(watched.Id) as Float64Array,
  };
}

function linesOf(queries: readonly MetricQuery[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  let sources = 0;
  for (const query of queries) {
    const { Id, Expression, MetricStat } = query;
    if (!ID.test(Id)) throw new MathError(`${JSON.stringify(Id)}: an id begins with a lower-case letter`);
    if (lines.has(Id)) throw new MathError(`${Id}: the id is given twice`);
    if ((Expression === undefined) === (MetricStat === undefined))
      throw new MathError(`${Id}: a line has either Expression or MetricStat`);
    const problem = MetricStat === undefined ? undefined : statisticProblem(MetricStat.Stat);
    if (problem !== undefined) throw new MathError(`${Id}: ${problem}`);
    const node = Expression === undefined ? undefined : named(Id, () => parseMath(Expression));
    lines.set(Id, { query, source: node === undefined ? sources++ : undefined, node });
  }
  return lines;
}

function sourcesOf(queries: readonly MetricQuery[]): MathSource[] {
  return queries.flatMap(({ Id, MetricStat }) =>
    MetricStat === undefined ? [] : [{ id: Id, metric: MetricStat.Metric, statistic: MetricStat.Stat }],
  );
}

function periodOf(queries: readonly MetricQuery[]): number {
  const periods = new Set(
    queries.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Period])),
  );
  const [period] = periods;
  if (period === undefined) throw new MathError("no line names a metric (MetricStat)");
  if (periods.size > 1)
    throw new MathError(`all metrics of an alarm have one Period, not ${[...periods].join(" and ")}`);
  return period;
}

/** One evaluation: each line at most once, whoever names it. */
class Evaluation {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #columns: readonly Float64Array[];
  readonly #frame: Frame;
  readonly #values = new Map<string, MathValue>();

  constructor(lines: ReadonlyMap<string, Line>, columns: readonly Float64Array[], frame: Frame) {
    this.#lines = lines;
    this.#columns = columns;
    this.#frame = frame;
  }

  line(id: string): MathValue {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const line = this.#lines.get(id);
    const value = line?.node === undefined ? this.#column(line?.source) : this.#of(line.node);
    this.#values.set(id, value);
    return value;
  }

  #of(node: MathNode): MathValue {
    switch (node.kind) {
      case "number":
        return node.value;
      case "word":
        return node.word;
      case "text":
        return node.text;
      case "id":
        return this.line(node.id);
      case "list":
        return node.items.flatMap((item) => {
          const value = this.#of(item);
          return value instanceof Float64Array ? [value] : (value as readonly Float64Array[]);
        });
      case "minus":
        return each(this.#of(node.of), (point) => -point);
      case "binary":
        return combine(node.op, this.#of(node.left), this.#of(node.right));
      case "call":
        return this.#call(node.name, node.args);
    }
  }

  #call(name: string, args: readonly MathNode[]): MathValue {
    if (name === "PERIOD") return this.#frame.period;
    const values = args.map((one) => this.#of(one));
    if (name === "METRICS") {
      const [part = ""] = values;
      const lines = [...this.#lines.values()].filter(({ query }) => query.Id.includes(String(part)));
      return lines.flatMap(({ source }) => (source === undefined ? [] : [this.#column(source)]));
    }
    const known = MATH_FUNCTIONS.get(name);
    if (known === undefined) throw new RangeError(`${name} was not checked`);
    return known.apply(values, this.#frame);
  }

  #column(source: number | undefined): Float64Array {
    const column = source === undefined ? undefined : this.#columns[source];
    if (column === undefined) throw new RangeError("a source without its points");
    return column;
  }
}
