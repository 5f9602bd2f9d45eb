import { censored } from "../../catalog/literal-secrets.ts";

/** What stands where something was masked. */
export const MASK = "…";
const WORDS =
  "tokens?|secrets?|passw(?:or)?ds?|passphrases?|api[_.-]?keys?|access[_.-]?keys?|private[_.-]?keys?|credentials?|signatures?";
/** Names whose values are never written down, whatever they look like: those that end so, as `dbPassword` does. */
const SECRET_NAME = new RegExp(`(?:${WORDS})$`, "i");
/** A line that gives one name a value: of YAML, of properties, of a shell, or of JSON with a member a line. */
const ASSIGNMENT = /^(\s*(?:- )*)(?:[#;]+\s*)?(?:export\s+)?(["']?)([\w./-]+)\2(\s*[:=]\s*)([\s\S]*)$/;
/** One of several in a line: in an address, in a connection string, or in JSON that is cut off. */
const WITHIN = new RegExp(
  `(${WORDS})(["']?\\s*[:=]\\s*)(\\$\\{[^}]*\\}|"(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;&"'}\\])]+)`,
  "gi",
);
/** A variable that somebody else fills in. */
const REFERENCE = /^\$(\{[A-Za-z_]\w*\}|\([A-Za-z_]\w*\))$/;
const SWITCH = /^(true|false|null)?$/i;
/** Tokens in the plural are counted as often as they are secrets. */
const COUNTED = /tokens$/i;
const NUMBER = /^\d+(\.\d+)?$/;
/** What is deeper than this line belongs to it: a block of text, a map or a list. */
const OPENS = /^([|>][-+\d]*|[{[])?\s*$/;

/** Whether a value under this name is a secret: not what is empty, a switch, a count of tokens or a reference. */
export function secretUnder(name: string, value: unknown): boolean {
  if (!SECRET_NAME.test(name) || value === null || typeof value === "boolean") return false;
  const text = String(value).trim();
  if (SWITCH.test(text) || REFERENCE.test(text)) return false;
  return !(COUNTED.test(name) && NUMBER.test(text));
}

/** A text line by line, without what its lines assign to names of secrets, and what has the shape of one. */
export function maskLines(text: string): string {
  // the indent of the secret whose lines follow
  let within: number | undefined;
  const lines = text.split("\n").map((line) => {
    const indent = line.search(/\S/);
    if (within !== undefined && indent !== -1 && !belongs(line, indent, within)) within = undefined;
    if (within !== undefined) return indent === -1 ? line : `${line.slice(0, indent)}${MASK}`;
    const [, lead = "", quote = "", name = "", between = "", value = ""] = ASSIGNMENT.exec(line) ?? [];
    const opens = SECRET_NAME.test(name) && OPENS.test(value);
    if (opens || secretUnder(name, unquoted(value))) within = lead.length;
    if (opens) return line;
    if (within === undefined) return censored(withinLine(line));
    return `${line.slice(0, line.indexOf(name))}${name}${quote}${between}${MASK}`;
  });
  return lines.join("\n");
}

/** A list may stand as deep as the name that it belongs to. */
function belongs(line: string, indent: number, within: number): boolean {
  return indent > within || (indent === within && line.startsWith("- ", indent));
}

function withinLine(line: string): string {
  return line.replace(WITHIN, (whole, name: string, between: string, value: string) =>
    secretUnder(name, unquoted(value)) ? `${name}${between}${MASK}` : whole,
  );
}

function unquoted(value: string): string {
  return value
    .trim()
    .replace(/,$/, "")
    .replace(/^(["'])(.*)\1$/, "$2");
}
