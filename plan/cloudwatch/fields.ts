/** A JSON object of which nothing is known yet. */
export type Row = Readonly<Record<string, unknown>>;

/** What is wrong with a value: the rule that is broken and what to do instead. */
export interface Fault {
  readonly rule: string;
  readonly cure: string;
}

/** A fault of an object, at the path of the field inside it (`Metrics[1].Id`). */
export interface FieldFault extends Fault {
  readonly path: string;
}

export type Check = (value: unknown) => Fault | undefined;

/** The fields of an object that are looked at, in the order in which their faults are reported. */
export type Fields = Readonly<Record<string, { readonly required?: true; readonly check: Check }>>;

const SHOWN_LENGTH = 60;
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The faults of an object, field by field; fields that the table does not name are nobody's business. */
export function faultsOf(row: Row, fields: Fields, at = ""): FieldFault[] {
  return Object.entries(fields).flatMap(([name, { required, check }]) => {
    const value = fieldOf(row, name);
    const path = `${at}${name}`;
    if (value === undefined)
      return required ? [{ path, rule: "is missing, and CloudWatch requires it", cure: "give it" }] : [];
    const fault = check(value);
    return fault === undefined ? [] : [{ path, ...fault }];
  });
}

/** A field of an object itself; what it inherits does not count. */
export function fieldOf(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message may show it: short, and without characters that a terminal would obey. */
export function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = String(value);
  const characters = [...text.slice(0, 4 * SHOWN_LENGTH)];
  const short = characters.length > SHOWN_LENGTH ? `${characters.slice(0, SHOWN_LENGTH).join("")}…` : text;
  return short.toWellFormed().replace(HIDDEN, escaped);
}

export function text(
  min: number,
  max: number,
  pattern?: { readonly is: RegExp; readonly means: string },
): Check {
  return (value) => {
    if (typeof value !== "string") return { rule: "must be a text", cure: "write it in quotes" };
    if (value.length < min) return { rule: "is empty", cure: `give 1 to ${max} characters` };
    if (value.length > max)
      return {
        rule: `is longer than ${max} characters (it has ${value.length} characters)`,
        cure: "shorten it",
      };
    return pattern === undefined || pattern.is.test(value)
      ? undefined
      : { rule: `is "${shown(value)}", but ${pattern.means}`, cure: "rename it" };
  };
}

export function whole(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return (value) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : { rule: `is ${shown(value)}, but must be a whole number ${range}`, cure: `give a number ${range}` };
}

export function finite(value: unknown): Fault | undefined {
  return typeof value === "number" && Number.isFinite(value)
    ? undefined
    : { rule: `is ${shown(value)}, but must be a finite number`, cure: "give a number" };
}

export function flag(value: unknown): Fault | undefined {
  return typeof value === "boolean"
    ? undefined
    : { rule: `is ${shown(value)}, but must be true or false`, cure: "give true or false" };
}

export function oneOf(...allowed: readonly string[]): Check {
  return (value) =>
    typeof value === "string" && allowed.includes(value)
      ? undefined
      : {
          rule: `is ${shown(value)}, none of the values that CloudWatch knows`,
          cure: `give one of ${allowed.join(", ")}`,
        };
}

/** A list of at most so many entries; the first entry with a fault is named. */
export function listOf(max: number, check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return { rule: "must be a list", cure: "write it as [ ... ]" };
    if (value.length > max)
      return { rule: `has ${value.length} entries, and CloudWatch takes ${max}`, cure: "give fewer" };
    for (const [index, entry] of value.entries()) {
      const fault = check(entry);
      if (fault !== undefined) return { ...fault, rule: `entry ${index}: ${fault.rule}` };
    }
    return undefined;
  };
}

/** An object with fields of its own; the first fault inside is named with its field. */
export function objectOf(fields: Fields): Check {
  return (value) => {
    if (!isRow(value)) return { rule: "must be an object", cure: "write it as { ... }" };
    const [first] = faultsOf(value, fields);
    return first === undefined ? undefined : { rule: `${first.path} ${first.rule}`, cure: first.cure };
  };
}

/** A field that CloudWatch knows and that is not evaluated here. */
export function notEvaluated(why: string): Check {
  return () => ({ rule: `is not evaluated here: ${why}`, cure: "leave the alarm out" });
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
