import type { AlarmState } from "./types.ts";

/** A parsed AlarmRule. Alarms stand by their names, also where the rule names them by ARN. */
export type Rule =
  | { readonly op: "state"; readonly state: AlarmState; readonly alarm: string }
  | { readonly op: "and" | "or"; readonly terms: readonly Rule[] }
  | { readonly op: "not"; readonly term: Rule }
  | { readonly op: "constant"; readonly value: boolean }
  | {
      readonly op: "atLeast";
      /** How many of the alarms, or how many percent of them. */
      readonly least: number;
      readonly unit: "alarms" | "percent";
      readonly negated: boolean;
      readonly state: AlarmState;
      readonly alarms: readonly string[];
    };

interface Token {
  /** The word as it is written; a quoted name keeps its quotes, so that it is never taken for a keyword. */
  readonly word: string;
  readonly at: number;
}

/** Without quotes a name has no spaces, round brackets or commas; within quotes a quote is written `\"`. */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[^\s"(),]+|[(),])/sy;
const CONSTANT = /^(?:TRUE|FALSE)$/i;
const LEAST = /^(\d{1,9})(%?)$/;
const ARN = /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/s;
/** A rule of 10,240 characters could nest deeper than the stack; CloudWatch takes 500 elements. */
const MAX_DEPTH = 1_000;

/**
 * Parses the AlarmRule of a composite: AND, OR, NOT, ALARM(), OK(), INSUFFICIENT_DATA(), AT_LEAST(), TRUE, FALSE
 * and parentheses; AND binds tighter than OR. Throws a SyntaxError that names the position.
 * Source: CloudWatch user guide, "Composite alarms", and PutCompositeAlarm.
 */
export function parseRule(text: string): Rule {
  return read(text).rule;
}

/**
 * The elements of a rule, as CloudWatch limits them: alarms, TRUE and FALSE, and parentheses that group. Throws a
 * SyntaxError where the rule has none of its own form.
 */
export function countElements(text: string): number {
  return read(text).elements;
}

/** Whether a rule holds, given the state of each alarm it names (unknown names are INSUFFICIENT_DATA). */
export function ruleHolds(rule: Rule, stateOf: (alarm: string) => AlarmState | undefined): boolean {
  const isIn = (alarm: string, state: AlarmState): boolean =>
    (stateOf(alarm) ?? "INSUFFICIENT_DATA") === state;
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
      return isIn(rule.alarm, rule.state);
    case "atLeast": {
      const found = rule.alarms.filter((alarm) => isIn(alarm, rule.state) !== rule.negated).length;
      return rule.unit === "alarms" ? found >= rule.least : found * 100 >= rule.least * rule.alarms.length;
    }
  }
}

/** The alarms that a rule names, each once. */
export function alarmsOf(rule: Rule): string[] {
  switch (rule.op) {
    case "constant":
      return [];
    case "state":
      return [rule.alarm];
    case "atLeast":
      return [...new Set(rule.alarms)];
    case "not":
      return alarmsOf(rule.term);
    default:
      return [...new Set(rule.terms.flatMap(alarmsOf))];
  }
}

/** The name of an alarm that is named by its name or its ARN. */
export function alarmNameOf(nameOrArn: string): string {
  return ARN.exec(nameOrArn)?.[1] ?? nameOrArn;
}

function read(text: string): { readonly rule: Rule; readonly elements: number } {
  const tokens = tokenize(text);
  let next = 0;
  let elements = 0;
  const peek = (): string | undefined => tokens[next]?.word;
  const refuse = (what: string): SyntaxError =>
    new SyntaxError(`${what} at position ${tokens[next]?.at ?? text.length} of the rule: ${text}`);
  const take = (word: string): void => {
    if (peek() !== word) throw refuse(`expected ${word}`);
    next += 1;
  };
  const alarm = (): string => {
    const word = peek();
    if (word === undefined || /^(?:[(),]|"")$/.test(word)) throw refuse("expected the name of an alarm");
    next += 1;
    elements += 1;
    return alarmNameOf(word.startsWith('"') ? word.slice(1, -1).replace(/\\(["\\])/g, "$1") : word);
  };
  const inParentheses = <T>(part: () => T): T => {
    take("(");
    const inner = part();
    take(")");
    return inner;
  };
  const state = (): AlarmState => {
    const word = peek();
    if (!isState(word)) throw refuse("expected ALARM, OK or INSUFFICIENT_DATA");
    next += 1;
    return word;
  };
  const atLeast = (): Rule => {
    const wanted = next;
    const [, digits = "", percent = ""] = LEAST.exec(peek() ?? "") ?? [];
    const least = Number(digits);
    if (least < 1 || (percent === "%" && least > 100))
      throw refuse("expected how many alarms, from 1, or how many percent of them, from 1% to 100%,");
    next += 1;
    take(",");
    const negated = peek() === "NOT";
    if (negated) next += 1;
    const wantedState = state();
    take(",");
    const alarms = inParentheses(() => {
      const names = [alarm()];
      while (peek() === ",") {
        next += 1;
        names.push(alarm());
      }
      return names;
    });
    if (percent === "" && least > alarms.length) {
      next = wanted;
      throw refuse(`${least} of ${alarms.length} alarms can never be`);
    }
    return {
      op: "atLeast",
      least,
      unit: percent === "" ? "alarms" : "percent",
      negated,
      state: wantedState,
      alarms,
    };
  };
  const primary = (depth: number): Rule => {
    const word = peek();
    if (depth > MAX_DEPTH) throw refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (word === undefined) throw refuse("the rule ends too early");
    if (word === "(") {
      elements += 2;
      return inParentheses(() => either(depth + 1));
    }
    if (!isState(word) && word !== "NOT" && word !== "AT_LEAST" && !CONSTANT.test(word))
      throw refuse(`${word} is not a function of a composite rule`);
    next += 1;
    if (isState(word)) return { op: "state", state: word, alarm: inParentheses(alarm) };
    if (word === "NOT") return { op: "not", term: primary(depth + 1) };
    if (word === "AT_LEAST") return inParentheses(atLeast);
    elements += 1;
    // PutCompositeAlarm itself proposes `false`, in small letters, to break a cycle
    return { op: "constant", value: word.toUpperCase() === "TRUE" };
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
  const either = (depth: number): Rule => chain("OR", () => chain("AND", () => primary(depth)));
  const rule = either(0);
  if (next < tokens.length) throw refuse(`${peek()} is too much`);
  return { rule, elements };
}

function isState(word: string | undefined): word is AlarmState {
  return word === "ALARM" || word === "OK" || word === "INSUFFICIENT_DATA";
}

function tokenize(text: string): Token[] {
  const end = text.trimEnd().length;
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
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
