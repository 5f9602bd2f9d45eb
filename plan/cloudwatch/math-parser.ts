/** An expression of metric math as a tree. */
export type MathNode =
  | { readonly kind: "number"; readonly value: number }
  /** The id of a metric or of another expression. */
  | { readonly kind: "id"; readonly id: string }
  /** REPEAT, LINEAR and the like. */
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly MathNode[] }
  | { readonly kind: "minus"; readonly of: MathNode }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly left: MathNode; readonly right: MathNode }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly MathNode[] };

export type BinaryOp = (typeof LEVELS)[number][number];

/** Says what is wrong with an expression; the message stands for itself. */
export class MathError extends Error {}

/** What binds loosest first; within a level from the left. `^` binds tighter than all, from the right. */
const LEVELS = [["OR"], ["AND"], ["==", "!=", "<=", ">=", "<", ">"], ["+", "-"], ["*", "/"], ["^"]] as const;
const SAME: ReadonlyMap<string, string> = new Map([
  ["||", "OR"],
  ["&&", "AND"],
]);
const POWER = LEVELS.length - 1;
const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|("[^"]*"|'[^']*')|(==|!=|<=|>=|&&|\|\||[-+*/^<>()[\],]))/y;
/** PutMetricAlarm takes no longer expression, and no reader follows deeper nesting. */
const LONGEST = 2_048;
const DEEPEST = 64;

/** @throws MathError with what is wrong and where. */
export function parseMath(text: string): MathNode {
  if (text.length > LONGEST) throw new MathError(`it is longer than ${LONGEST} characters`);
  const reader = new Reader(text);
  const node = expression(reader, 0);
  if (reader.peek() !== undefined) throw reader.unexpected();
  return node;
}

function expression(reader: Reader, level: number): MathNode {
  if (level === POWER) return power(reader);
  let left = expression(reader, level + 1);
  for (let op = reader.takeOp(level); op !== undefined; op = reader.takeOp(level))
    left = { kind: "binary", op, left, right: expression(reader, level + 1) };
  return left;
}

function power(reader: Reader): MathNode {
  if (reader.take("-")) return reader.nested(() => ({ kind: "minus", of: power(reader) }));
  const left = primary(reader);
  return reader.take("^")
    ? reader.nested(() => ({ kind: "binary", op: "^", left, right: power(reader) }))
    : left;
}

function primary(reader: Reader): MathNode {
  if (reader.take("(")) {
    const inner = reader.nested(() => expression(reader, 0));
    reader.expect(")");
    return inner;
  }
  if (reader.take("[")) return { kind: "list", items: reader.nested(() => listed(reader, "]")) };
  const token = reader.next();
  if (/^[\d.]/.test(token)) return { kind: "number", value: Number(token) };
  if (/^["']/.test(token)) return { kind: "text", text: token.slice(1, -1) };
  if (!/^[A-Za-z_]/.test(token) || token === "AND" || token === "OR") throw reader.unexpected(token);
  if (reader.take("(")) return { kind: "call", name: token, args: reader.nested(() => listed(reader, ")")) };
  return /^[a-z]/.test(token) ? { kind: "id", id: token } : { kind: "word", word: token };
}

function listed(reader: Reader, end: ")" | "]"): MathNode[] {
  if (reader.take(end)) return [];
  const items = [expression(reader, 0)];
  while (reader.take(",")) items.push(expression(reader, 0));
  reader.expect(end);
  return items;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    let end = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
      tokens.push(match[0].trim());
      end = TOKEN.lastIndex;
    }
    const rest = text.slice(end).trim();
    if (rest !== "") throw new MathError(`${JSON.stringify(rest.slice(0, 20))} cannot be read`);
    this.#tokens = tokens;
  }

  peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  next(): string {
    const token = this.peek();
    if (token === undefined) throw this.unexpected();
    this.#at += 1;
    return token;
  }

  take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  takeOp(level: number): BinaryOp | undefined {
    const token = this.peek() ?? "";
    const op = LEVELS[level]?.find((one) => one === (SAME.get(token) ?? token));
    if (op !== undefined) this.#at += 1;
    return op;
  }

  expect(token: string): void {
    if (!this.take(token))
      throw new MathError(`${JSON.stringify(token)} is missing before ${this.#here(this.peek())}`);
  }

  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new MathError(`it is nested deeper than ${DEEPEST}`);
    const found = read();
    this.#depth -= 1;
    return found;
  }

  unexpected(token = this.peek()): MathError {
    return new MathError(`${this.#here(token)} is not expected`);
  }

  #here(token: string | undefined): string {
    return token === undefined ? "the end" : JSON.stringify(token);
  }
}
