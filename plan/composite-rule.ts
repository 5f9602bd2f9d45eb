import type { AlarmState } from "./evaluate.ts";

/** A parsed AlarmRule. */
export type Rule =
  | { readonly op: "state"; readonly state: AlarmState; readonly alarm: string }
  | { readonly op: "and" | "or"; readonly terms: readonly Rule[] }
  | { readonly op: "not"; readonly term: Rule }
  | { readonly op: "constant"; readonly value: boolean };

interface Token {
  /** The word as it is written; a quoted name keeps its quotes, so that it is never taken for a keyword. */
  readonly word: string;
  readonly at: number;
}

const TOKEN = /\s*("[^"]*"|[A-Za-z0-9_.:/#-]+|[(),])/y;

/**
 * Parses the AlarmRule of a composite: AND, OR, NOT, ALARM(), OK(), INSUFFICIENT_DATA(), TRUE, FALSE and
 * parentheses; AND binds tighter than OR. Throws a SyntaxError that names the position.
 */
export function parseRule(text: string): Rule {
  const tokens = tokenize(text);
  let next = 0;
  const peek = (): string | undefined => tokens[next]?.word;
  const refuse = (what: string): SyntaxError =>
    new SyntaxError(`${what} at position ${tokens[next]?.at ?? text.length} of the rule: ${text}`);
  const take = (word: string): void => {
    if (peek() !== word) throw refuse(`expected ${word}`);
    next += 1;
  };
  const chain = (word: "AND" | "OR", part: () => Rule): Rule => {
    const first = part();
    const terms = [first];
    while (peek() === word) {
      next += 1;
      terms.push(part());
    }
    return terms.length === 1 ? first : { op: word === "AND" ? "and" : "or", terms };
  };
  const alarm = (): string => {
    const word = peek();
    if (word === undefined || /^[(),]$/.test(word)) throw refuse("expected the name of an alarm");
    next += 1;
    return word.replaceAll('"', "");
  };
  const primary = (): Rule => {
    const word = peek();
    switch (word) {
      case "(": {
        next += 1;
        const inner = either();
        take(")");
        return inner;
      }
      case "NOT":
        next += 1;
        return { op: "not", term: primary() };
      case "TRUE":
      case "FALSE":
        next += 1;
        return { op: "constant", value: word === "TRUE" };
      case "ALARM":
      case "OK":
      case "INSUFFICIENT_DATA": {
        next += 1;
        take("(");
        const name = alarm();
        take(")");
        return { op: "state", state: word, alarm: name };
      }
      default:
        throw refuse(
          word === undefined ? "the rule ends too early" : `${word} is not a function of a composite rule`,
        );
    }
  };
  const either = (): Rule => chain("OR", () => chain("AND", primary));
  const rule = either();
  if (next < tokens.length) throw refuse(`${peek()} is too much`);
  return rule;
}

/** Whether a rule holds, given the state of each alarm it names (unknown names are INSUFFICIENT_DATA). */
export function ruleHolds(rule: Rule, stateOf: (alarm: string) => AlarmState | undefined): boolean {
  switch (rule.op) {
    case "constant":
      return rule.value;
    case "not":
      return !ruleHolds(rule.term, stateOf);
    case "and":
      return rule.terms.every((term) => ruleHolds(term, stateOf));
    case "or":
      return rule.terms.some((term) => ruleHolds(term, stateOf));
    case "state":
      return (stateOf(rule.alarm) ?? "INSUFFICIENT_DATA") === rule.state;
  }
}

/** The alarms that a rule names, each once. */
export function alarmsOf(rule: Rule): string[] {
  switch (rule.op) {
    case "constant":
      return [];
    case "state":
      return [rule.alarm];
    case "not":
      return alarmsOf(rule.term);
    default:
      return [...new Set(rule.terms.flatMap(alarmsOf))];
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const from = TOKEN.lastIndex;
    const word = TOKEN.exec(text)?.[1];
    if (word === undefined) {
      const at = from + text.slice(from).search(/\S/);
      throw new SyntaxError(`unexpected character at position ${at} of the rule: ${text}`);
    }
    tokens.push({ word, at: TOKEN.lastIndex - word.length });
  }
  return tokens;
}
