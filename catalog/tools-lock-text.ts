import type { SchemaContract, ServerContract, ToolContract, ToolsLock } from "./tools-lock.ts";

const HEAD = [
  "# yaml-language-server: $schema=../catalog/schema/tools-lock.schema.json",
  "# The tools that the servers are known to offer. Written by `rollcall tools lock`: review it, do not edit it.",
];

/** Texts that YAML would not read as they stand: null, booleans in every version of YAML, numbers. */
const NOT_PLAIN = /^(null|true|false|yes|no|on|off|y|n|~)$/i;

/** A lock as the text of its file: sorted, and the same for the same tools. */
export function toolsLockText({ version, servers }: ToolsLock): string {
  const lines = Object.entries(servers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, contract]) => [`  ${plain(name)}:`, ...serverLines(contract)]);
  const body = lines.length === 0 ? ["servers: {}"] : ["servers:", ...lines];
  return [...HEAD, `version: ${version}`, ...body, ""].join("\n");
}

function serverLines({ protocolVersion, tools }: ServerContract): string[] {
  const head = protocolVersion === undefined ? [] : [`    protocolVersion: ${quoted(protocolVersion)}`];
  if (tools.length === 0) return [...head, "    tools: []"];
  return [...head, "    tools:", ...tools.flatMap(toolLines)];
}

function toolLines({ tool, hints, wording, annotations, input, output }: ToolContract): string[] {
  return [
    `      - tool: ${plain(tool)}`,
    ...(hints === undefined ? [] : [`        hints: ${flow(hints)}`]),
    `        wording: ${quoted(wording)}`,
    ...(annotations === undefined ? [] : [`        annotations: ${quoted(annotations)}`]),
    ...schemaLines("input", input),
    ...(output === undefined ? [] : schemaLines("output", output)),
  ];
}

function schemaLines(side: string, { digest, words, shape }: SchemaContract): string[] {
  const places = Object.entries(shape).map(([path, node]) => `            ${key(path)}: ${flow(node)}`);
  return [
    `        ${side}:`,
    `          digest: ${quoted(digest)}`,
    ...(words === undefined ? [] : [`          words: ${quoted(words)}`]),
    ...(places.length === 0 ? ["          shape: {}"] : ["          shape:", ...places]),
  ];
}

/** A map on one line; what is undefined is left out. */
function flow(map: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  return entries.length === 0
    ? "{}"
    : `{ ${entries.map(([entry, value]) => `${entry}: ${scalar(value)}`).join(", ")} }`;
}

function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(", ")}]`;
  return typeof value === "string" ? plain(value) : JSON.stringify(value);
}

/** Without quotes where that reads the same in every YAML; digests have them all, whatever they begin with. */
function plain(text: string): string {
  const bare = /^[A-Za-z_][\w./-]*$/.test(text) && !NOT_PLAIN.test(text) && !/^[0-9a-f]{32}$/.test(text);
  return bare ? text : quoted(text);
}

function key(path: string): string {
  return /^\$[\w.[\]*-]*$/.test(path) ? path : quoted(path);
}

/** Everything beyond printable ASCII is escaped: a reviewer sees what stands there, whatever it looks like. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/gu, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff_ff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
