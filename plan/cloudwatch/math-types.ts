import { MATH_FUNCTIONS } from "./math-functions.ts";
import { MathError, type MathNode } from "./math-parser.ts";
import { binaryType, type MathType } from "./math-values.ts";
import type { MetricQuery } from "./types.ts";

/** One line of an alarm's metric math: a metric or an expression. */
export interface Line {
  readonly query: MetricQuery;
  /** The place among the sources; undefined for an expression. */
  readonly source: number | undefined;
  readonly node: MathNode | undefined;
}

/** Functions of metric math that are not evaluated here, and why. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ["SEARCH", "CloudWatch takes no SEARCH in an alarm: name the metrics"],
  ["ANOMALY_DETECTION_BAND", "its band is trained by CloudWatch and cannot be told from the samples"],
  ["INSIGHT_RULE_METRIC", "Contributor Insights is not evaluated here"],
  ["DB_PERF_INSIGHTS", "Performance Insights is not evaluated here"],
  ["SERVICE_QUOTA", "quotas are known to CloudWatch alone"],
  ["LAMBDA", "a data source function is not called here"],
  ["SORT", "it is not evaluated here: name the time series"],
  ["SLICE", "it is not evaluated here: name the time series"],
  ["REMOVE_EMPTY", "it is not evaluated here: name the time series"],
]);

/** Types and reach of each line, by walking the tree before anything is evaluated. */
export class LineChecker {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #types = new Map<string, MathType | "open">();
  readonly #ranged = new Map<string, boolean>();

  constructor(lines: ReadonlyMap<string, Line>) {
    this.#lines = lines;
  }

  ranged(id: string): boolean {
    return this.#ranged.get(id) === true;
  }

  typeOfLine(id: string): MathType {
    const line = this.#lines.get(id);
    if (line === undefined) throw new MathError(`no line has the id ${id}`);
    const known = this.#types.get(id);
    if (known === "open") throw new MathError(`${id}: the expression depends on itself`);
    if (known !== undefined) return known;
    this.#types.set(id, "open");
    let ranged = false;
    const mark = () => {
      ranged = true;
    };
    const { node } = line;
    const type = node === undefined ? "series" : named(id, () => this.#typeOf(node, mark));
    this.#types.set(id, type);
    this.#ranged.set(id, ranged);
    return type;
  }

  #typeOf(node: MathNode, mark: () => void): MathType {
    switch (node.kind) {
      case "number":
        return "scalar";
      case "word":
      case "text":
        return node.kind;
      case "id": {
        const type = this.typeOfLine(node.id);
        if (this.ranged(node.id)) mark();
        return type;
      }
      case "list":
        return this.#listType(node.items, mark);
      case "minus": {
        const type = this.#typeOf(node.of, mark);
        return binaryType("*", "scalar", type);
      }
      case "binary":
        return binaryType(node.op, this.#typeOf(node.left, mark), this.#typeOf(node.right, mark));
      case "call":
        return this.#callType(node.name, node.args, mark);
    }
  }

  #listType(items: readonly MathNode[], mark: () => void): MathType {
    const types = items.map((item) => this.#typeOf(item, mark));
    if (types.length === 0 || types.some((type) => type !== "series" && type !== "list"))
      throw new MathError("a list [...] holds time series");
    return "list";
  }

  #callType(name: string, args: readonly MathNode[], mark: () => void): MathType {
    if (name === "METRICS") {
      if (args.length > 1 || args.some(({ kind }) => kind !== "text"))
        throw new MathError('METRICS takes nothing or one text, as in METRICS("errors")');
      return "list";
    }
    if (name === "PERIOD") {
      const [of] = args;
      if (args.length !== 1 || of?.kind !== "id" || this.#lines.get(of.id)?.source === undefined)
        throw new MathError("PERIOD takes the id of a metric");
      return "scalar";
    }
    const known = MATH_FUNCTIONS.get(name);
    if (known === undefined) throw new MathError(leftOut(name));
    const [least, most] = known.arity;
    if (args.length < least || args.length > most)
      throw new MathError(`${name} takes ${least === most ? least : `${least} to ${most}`} arguments`);
    const types = args.map((one) => this.#typeOf(one, mark));
    const filler = args[1];
    const type = known.type(types);
    const oddWord = filler?.kind === "word" && !["REPEAT", "LINEAR"].includes(filler.word);
    if (type === undefined || oddWord || args[0]?.kind === "word")
      throw new MathError(`${name} does not take (${types.join(", ")})${oddWord ? `: ${filler.word}` : ""}`);
    if (known.ranged(types)) mark();
    return type;
  }
}

function leftOut(name: string): string {
  const why = LEFT_OUT.get(name);
  return why === undefined ? `${name} is no function of metric math` : `${name}: ${why}`;
}

/** Puts the id of a line before what is wrong in it, once. */
export function named<T>(id: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MathError) || /^[a-z]\w*: /.test(error.message)) throw error;
    throw new MathError(`${id}: ${error.message}`);
  }
}
