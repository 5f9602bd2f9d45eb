import { type BinaryOp, MathError } from "./math-parser.ts";

/** A number, the points of one time series (NaN where one is missing), several series, or a word of a call. */
export type MathValue = number | Float64Array | readonly Float64Array[] | string;
export type MathType = "scalar" | "series" | "list" | "word" | "text";

const { NaN: MISSING } = Number;

const ARITHMETIC: readonly BinaryOp[] = ["+", "-", "*", "/", "^"];
const OPERATIONS: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
};

/** @throws MathError where the operator takes no such operands. */
export function binaryType(op: BinaryOp, left: MathType, right: MathType): MathType {
  const both = [left, right];
  if (both.includes("word") || both.includes("text"))
    throw new MathError(`${op} takes numbers and time series only`);
  if (!both.includes("list")) return both.includes("series") ? "series" : "scalar";
  if (left === right) throw new MathError(`${op} takes no two lists of time series`);
  if (!ARITHMETIC.includes(op))
    throw new MathError(`${op} compares no list: compare each time series by itself`);
  return "list";
}

/**
 * One operator over two values. Of two series the missing point of one is 0, in arithmetic ("missing values in a time
 * series are treated as 0") as in comparisons. Where neither has a point, or the result is no finite number (a division
 * by zero, also by a missing point), there is none.
 * Source: CloudWatch user guide, "Metric math syntax and functions", arithmetic, comparison and logical operators.
 */
export function combine(op: BinaryOp, left: MathValue, right: MathValue): MathValue {
  const apply = OPERATIONS[op];
  if (typeof left === "number" && typeof right === "number") return finite(known(apply, left, right));
  if (isList(left)) return left.map((one) => combine(op, one, right) as Float64Array);
  if (isList(right)) return right.map((one) => combine(op, left, one) as Float64Array);
  if (left instanceof Float64Array && right instanceof Float64Array)
    return left.map((a, index) => finite(either(apply, a, right[index] ?? MISSING)));
  if (left instanceof Float64Array) {
    const b = Number(right);
    return left.map((a) => finite(known(apply, a, b)));
  }
  const a = Number(left);
  return (right as Float64Array).map((b) => finite(known(apply, a, b)));
}

/** The same over one number, each point, or each point of each series. */
export function each(value: MathValue, change: (point: number) => number): MathValue {
  if (typeof value === "number") return finite(change(value));
  return perSeries(value, (series) => series.map((point) => finite(change(point))));
}

export function perSeries(value: MathValue, change: (series: Float64Array) => Float64Array): MathValue {
  if (value instanceof Float64Array) return change(value);
  if (isList(value)) return value.map(change);
  throw new TypeError("a time series was expected");
}

function known(apply: (a: number, b: number) => number, a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? MISSING : apply(a, b);
}

function either(apply: (a: number, b: number) => number, a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? MISSING : apply(0, b);
  return apply(a, Number.isNaN(b) ? 0 : b);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : MISSING;
}

function isList(value: MathValue): value is readonly Float64Array[] {
  return Array.isArray(value);
}
