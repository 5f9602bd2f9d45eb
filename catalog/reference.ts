import { isMap } from "./json.ts";
import { FILES, type FileKind, jsonSchemas } from "./json-schema.ts";
import { METRICS } from "./metrics.ts";

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly fallback: string;
  readonly text: string;
}

/** The reference of the catalog in Markdown, derived from the schemas: every key, its type, its default. */
export function catalogReference(): string {
  const schemas = jsonSchemas();
  const kinds = Object.keys(FILES) as FileKind[];
  return [
    "# Catalog reference",
    "",
    "Generated from `catalog/*.ts` by `npm run generate`; do not edit it by hand. A key that is not listed here is an error.",
    "Durations carry their unit (`500ms`, `60s`, `5m`, `1h`, `30d`), ratios a percent sign (`99.95%`), sizes theirs (`1.5GiB`).",
    "",
    ...kinds.flatMap((kind) => section(kind, schemas[kind])),
    "## Metrics of the probe",
    "",
    "| metric | unit | meaning |",
    "|---|---|---|",
    ...Object.entries(METRICS).map(([name, { unit, means }]) => `| \`${name}\` | ${unit} | ${means} |`),
    "",
  ].join("\n");
}

function section(kind: FileKind, schema: Record<string, unknown>): string[] {
  const { title, where } = FILES[kind];
  const rows = rowsOf(schema, "", true);
  return [
    `## ${title}: \`${where}\``,
    "",
    "| key | type | default | meaning |",
    "|---|---|---|---|",
    ...rows.map(
      ({ path, type, required, fallback, text }) =>
        `| \`${path}\` | ${type} | ${required ? "required" : fallback} | ${text} |`,
    ),
    "",
  ];
}

/** One row a key, depth first; the branches of a union stand side by side, each key once. */
function rowsOf(schema: unknown, path: string, required: boolean): Row[] {
  if (!isMap(schema)) return [];
  const own: Row[] =
    path === ""
      ? []
      : [{ path, type: typeOf(schema), required, fallback: fallbackOf(schema), text: textOf(schema) }];
  const branches = branchesOf(schema);
  const below = branches.flatMap((branch) =>
    rowsOf(branch, path, required).filter((row) => row.path !== path),
  );
  const listed = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  const properties = isMap(schema.properties) ? Object.entries(schema.properties) : [];
  const children = properties.flatMap(([key, inner]) =>
    rowsOf(inner, path === "" ? key : `${path}.${key}`, listed.includes(key) && !hasDefault(inner)),
  );
  const values = isMap(schema.additionalProperties)
    ? rowsOf(schema.additionalProperties, `${path}.<name>`, false).filter(
        (row) => row.path !== `${path}.<name>`,
      )
    : [];
  return joined([...own, ...children, ...below, ...values]);
}

/** One row a key: what the branches of a union say of the same key stands side by side. */
function joined(rows: readonly Row[]): Row[] {
  const byPath = new Map<string, Row>();
  for (const row of rows) {
    const known = byPath.get(row.path);
    const type =
      known === undefined
        ? row.type
        : [...new Set([...known.type.split(" or "), ...row.type.split(" or ")])].join(" or ");
    byPath.set(row.path, { ...(known ?? row), type, text: known?.text || row.text });
  }
  return [...byPath.values()];
}

function branchesOf({ anyOf, oneOf }: Record<string, unknown>): readonly unknown[] {
  return [anyOf, oneOf].flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []));
}

function typeOf(schema: Record<string, unknown>): string {
  const branches = branchesOf(schema);
  if (branches.length > 0)
    return [...new Set(branches.map((branch) => (isMap(branch) ? typeOf(branch) : "")))].join(" or ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.type === "array") return `list of ${isMap(schema.items) ? typeOf(schema.items) : "values"}`;
  if (schema.type === "object") return "map";
  return String(schema.type ?? "any");
}

function hasDefault(schema: unknown): boolean {
  return isMap(schema) && schema.default !== undefined;
}

function fallbackOf(schema: Record<string, unknown>): string {
  return schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
}

function textOf(schema: Record<string, unknown>): string {
  const text = typeof schema.description === "string" ? schema.description : "";
  const pattern =
    typeof schema.pattern === "string" && text === ""
      ? `matches \`${schema.pattern.replaceAll("|", "\\|")}\``
      : "";
  return (text || pattern).replaceAll("\n", " ");
}
