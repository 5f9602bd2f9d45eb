import {
  constructFromEvents,
  dump,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  YAMLException,
} from "js-yaml";
import { catalogError, type Problem, type RollcallError } from "./errors.ts";

export type Path = readonly (string | number)[];

/** A parsed YAML file that still knows where each of its keys and values stands. */
export interface YamlFile {
  readonly file: string;
  readonly value: unknown;
  /** `line:column` (from 1) of the key, or of the value in a list, for each path. */
  readonly places: ReadonlyMap<string, string>;
  /** Keys that stand twice; the second value is read, so that the rest of the file can be checked too. */
  readonly problems: readonly Problem[];
}

export function pathKey(path: Path): string {
  return path.join("\u0000");
}

/** A path as a person writes it: `objectives.api.objective` and `run.args[0]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/**
 * Parses the one YAML document of a file. Aliases are refused: a reviewer reads what stands there.
 * @throws RollcallError (catalog) with file, line and column when the text is not YAML.
 */
export function parseYaml(file: string, text: string): YamlFile {
  try {
    const events = parseEvents(text, { filename: file });
    const [value, ...others] = constructFromEvents(events, {
      source: text,
      filename: file,
      maxAliases: 0,
      json: true,
    });
    if (others.length > 0) throw secondDocument(file, events, text);
    const { places, twice } = placesOf(events, text);
    const problems = twice.map(({ path, place }) => duplicate(`${file}:${place}`, path));
    return { file, value, places, problems };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line, column } = error.mark ?? { line: 0, column: 0 };
    throw catalogError([
      {
        place: `${file}:${line + 1}:${column + 1}`,
        path: "",
        rule: `is not valid YAML: ${error.reason}`,
        cure: "correct the text at this place",
      },
    ]);
  }
}

/** Plain JSON values as YAML documents one after the other, each text that another reader could misread quoted. */
export function formatYaml(documents: readonly unknown[]): string {
  return documents.map((one) => dump(one, { noRefs: true, lineWidth: -1 })).join("---\n");
}

function secondDocument(file: string, events: readonly Event[], text: string): RollcallError {
  const starts = events.flatMap((event, index) => (event.type === EVENT_ID.DOCUMENT ? [index] : []));
  const first = events[(starts[1] ?? 0) + 1];
  const known = first !== undefined && first.type !== EVENT_ID.DOCUMENT && first.type !== EVENT_ID.POP;
  return catalogError([
    {
      place: `${file}:${known ? position(lineStarts(text), startOf(first, text)) : "1:1"}`,
      path: "",
      rule: "holds a second document, which would not be read",
      cure: "take out the line of three hyphens, or give the second part a file of its own",
    },
  ]);
}

function duplicate(place: string, path: Path): Problem {
  const rule = `duplicated mapping key "${String(path.at(-1))}"`;
  return { place, path: formatPath(path), rule, cure: "take one of the two out" };
}

type Frame =
  | { kind: "document" }
  | { kind: "list"; path: Path; next: number }
  | { kind: "map"; path: Path; key: string | undefined };

/** Walks the flat event stream once, noting where each key or list item starts. */
function placesOf(
  events: readonly Event[],
  text: string,
): {
  readonly places: Map<string, string>;
  readonly twice: readonly { readonly path: Path; readonly place: string }[];
} {
  const twice: { path: Path; place: string }[] = [];
  const places = new Map<string, string>([["", "1:1"]]);
  const lines = lineStarts(text);
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      frames.push({ kind: "document" });
      continue;
    }
    const start = startOf(event, text);
    const frame = frames.at(-1);
    if (frame?.kind === "map" && frame.key === undefined && event.type === EVENT_ID.SCALAR) {
      frame.key = getScalarValue(text, event);
      const path = [...frame.path, frame.key];
      const place = position(lines, start);
      if (places.has(pathKey(path))) twice.push({ path, place });
      places.set(pathKey(path), place);
      continue;
    }
    const path = advance(frame);
    if (frame?.kind === "list") places.set(pathKey(path), position(lines, start));
    if (event.type === EVENT_ID.MAPPING) frames.push({ kind: "map", path, key: undefined });
    if (event.type === EVENT_ID.SEQUENCE) frames.push({ kind: "list", path, next: 0 });
  }
  return { places, twice };
}

/** The path of the value that starts now, and the frame made ready for what follows it. */
function advance(frame: Frame | undefined): Path {
  if (frame?.kind === "list") {
    frame.next += 1;
    return [...frame.path, frame.next - 1];
  }
  if (frame?.kind === "map") {
    const path = [...frame.path, frame.key ?? ""];
    frame.key = undefined;
    return path;
  }
  return [];
}

type Node = Exclude<Event, { type: typeof EVENT_ID.DOCUMENT | typeof EVENT_ID.POP }>;

function startOf(event: Node, text: string): number {
  if (event.type === EVENT_ID.SCALAR) {
    // the value of a quoted text begins after its quote
    const quoted = /["']/.test(text[event.valueStart - 1] ?? "");
    return quoted ? event.valueStart - 1 : event.valueStart;
  }
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : event.start;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}

function position(starts: readonly number[], offset: number): string {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return `${low + 1}:${offset - (starts[low] ?? 0) + 1}`;
}
