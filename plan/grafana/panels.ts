import { type Lines, stepsOf } from "./lines.ts";
import type { Mapping, Override, Panel, Target, ThresholdStep, Transformation } from "./model.ts";

export const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

/** A panel with its size on the grid, which is 24 wide; the layout puts it in its place. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  readonly panel: Panel;
}

/** One expression; `legend` names its series. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

/** A value as it is shown, by number. */
export interface Shown {
  readonly text: string;
  readonly color: string;
}

interface Common {
  readonly title: string;
  /** What it shows and what to do about it, behind the panel's `i`. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** Shown where there is no series. */
  readonly empty?: string;
}

/** One big number with the colour of how bad it is. */
export function statTile(
  input: Common & {
    readonly queries: readonly Query[];
    readonly unit?: string;
    readonly steps: readonly ThresholdStep[];
    readonly shown?: Readonly<Record<string, Shown>>;
  },
): Tile {
  const { queries, unit = "none", steps, shown } = input;
  return tile(input, {
    ...head(input),
    type: "stat",
    targets: queries.map((query, index) => target(query, index, "instant")),
    fieldConfig: {
      defaults: {
        unit,
        ...noValue(input.empty),
        thresholds: { mode: "absolute", steps },
        color: { mode: "thresholds" },
        ...(shown === undefined ? {} : { mappings: [mapping(shown)] }),
      },
      overrides: [],
    },
    options: {
      graphMode: "none",
      colorMode: "background",
      justifyMode: "auto",
      textMode: queries.length > 1 || queries.some(({ legend }) => legend !== undefined) ? "auto" : "value",
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: "standard",
      orientation: "auto",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
  });
}

/** Lines over time; the numbers of the catalog stand in them as lines of their own colour. */
export function graphTile(
  input: Common & {
    readonly queries: readonly Query[];
    readonly unit: string;
    readonly limits?: Lines;
    readonly steps?: readonly ThresholdStep[];
    readonly max?: number;
    readonly stacked?: boolean;
  },
): Tile {
  const { queries, unit, limits, max, stacked = false } = input;
  const steps = input.steps ?? (limits === undefined ? undefined : stepsOf(limits));
  const highest = Math.max(0, ...(steps ?? []).map(({ value }) => value ?? 0));
  return tile(input, {
    ...head(input),
    type: "timeseries",
    targets: queries.map((query, index) => target(query, index, "range")),
    fieldConfig: {
      defaults: {
        unit,
        ...noValue(input.empty),
        color: { mode: "palette-classic" },
        ...(max === undefined ? { min: 0 } : { max }),
        ...(steps === undefined ? {} : { thresholds: { mode: "absolute", steps } }),
        custom: {
          lineWidth: 2,
          fillOpacity: stacked ? 30 : 0,
          showPoints: "auto",
          // a probe that is lost is a gap of one point; what is gone for longer is not drawn over
          spanNulls: false,
          stacking: { mode: stacked ? "normal" : "none" },
          thresholdsStyle: { mode: steps === undefined ? "off" : "dashed" },
          // a line that no value has come near yet is on the panel all the same
          ...(highest > 0 && max === undefined ? { axisSoftMax: highest * 1.05 } : {}),
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  });
}

/** One row for each series, by its labels, as of now. */
export function tableTile(
  input: Common & {
    readonly queries: readonly Query[];
    /** Labels and values in their order, each with its heading; what is not named is left out. */
    readonly columns: Readonly<Record<string, string>>;
    readonly sortBy: string;
    readonly descending?: boolean;
    readonly overrides?: readonly Override[];
  },
): Tile {
  const { queries, columns, sortBy, descending = false, overrides = [] } = input;
  const names = Object.keys(columns);
  // rows of several queries that agree in their labels are one row, with a value of each
  const merge: Transformation[] = queries.length === 1 ? [] : [{ id: "merge", options: {} }];
  return tile(input, {
    ...head(input),
    type: "table",
    targets: queries.map((query, index) => target(query, index, "table")),
    transformations: [
      ...merge,
      { id: "filterFieldsByName", options: { include: { names } } },
      {
        id: "organize",
        options: {
          indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
          renameByName: columns,
        },
      },
    ],
    fieldConfig: {
      defaults: { ...noValue(input.empty), custom: { align: "auto", inspect: false } },
      overrides,
    },
    options: {
      frameIndex: 0,
      showHeader: true,
      cellHeight: "sm",
      sortBy: [{ displayName: sortBy, desc: descending }],
    },
  });
}

/** States over time, one row for each series. */
export function historyTile(
  input: Common & { readonly queries: readonly Query[]; readonly shown: Readonly<Record<string, Shown>> },
): Tile {
  return tile(input, {
    ...head(input),
    type: "status-history",
    targets: input.queries.map((query, index) => target(query, index, "range")),
    maxDataPoints: 100,
    fieldConfig: {
      defaults: {
        ...noValue(input.empty),
        mappings: [mapping(input.shown)],
        color: { mode: "thresholds" },
        custom: { fillOpacity: 80, lineWidth: 0 },
      },
      overrides: [],
    },
    options: {
      rowHeight: 0.8,
      colWidth: 1,
      showValue: "never",
      perPage: 25,
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "single", sort: "none" },
    },
  });
}

/** Text in Markdown. */
export function textTile(input: Omit<Common, "empty"> & { readonly content: string }): Tile {
  return tile(input, {
    title: input.title,
    description: input.description,
    type: "text",
    options: { mode: "markdown", content: input.content },
  });
}

/** Shows the numbers of a column as texts with colours. */
export function shownAs(column: string, shown: Readonly<Record<string, Shown>>): Override {
  return {
    matcher: { id: "byName", options: column },
    properties: [
      { id: "mappings", value: [mapping(shown)] },
      { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
    ],
  };
}

/** Gives a column a unit and the colours of its steps. */
export function measuredIn(column: string, unit: string, steps: readonly ThresholdStep[]): Override {
  return {
    matcher: { id: "byName", options: column },
    properties: [
      { id: "unit", value: unit },
      { id: "thresholds", value: { mode: "absolute", steps } },
      { id: "custom.cellOptions", value: { type: "color-text" } },
    ],
  };
}

/** Makes a column lead elsewhere. */
export function leadingTo(column: string, link: { readonly title: string; readonly url: string }): Override {
  return {
    matcher: { id: "byName", options: column },
    properties: [{ id: "links", value: [{ ...link, targetBlank: false }] }],
  };
}

function mapping(shown: Readonly<Record<string, Shown>>): Mapping {
  const options = Object.entries(shown).map(([value, one], index) => [value, { ...one, index }] as const);
  return { type: "value", options: Object.fromEntries(options) };
}

function target({ expr, legend }: Query, index: number, as: "instant" | "range" | "table"): Target {
  return {
    // A, B, C: what transformations name the values of a query by
    refId: String.fromCodePoint(65 + index),
    datasource: DATASOURCE,
    expr,
    editorMode: "code",
    range: as === "range",
    instant: as !== "range",
    ...(as === "table" ? { format: "table" } : {}),
    ...(legend === undefined ? {} : { legendFormat: legend }),
  };
}

function head({ title, description }: Common) {
  return { title, description, datasource: DATASOURCE } as const;
}

function noValue(empty: string | undefined): { readonly noValue?: string } {
  return empty === undefined ? {} : { noValue: empty };
}

function tile({ width, height }: Pick<Common, "width" | "height">, panel: Panel): Tile {
  return { width, height, panel };
}
