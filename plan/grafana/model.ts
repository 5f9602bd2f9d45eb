// Types alone: the package's builders take 150 ms to load and what they make is class instances' JSON in the end.
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import type * as stat from "@grafana/grafana-foundation-sdk/stat";
import type * as statushistory from "@grafana/grafana-foundation-sdk/statushistory";
import type * as table from "@grafana/grafana-foundation-sdk/table";
import type * as text from "@grafana/grafana-foundation-sdk/text";
import type * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

/** One dashboard of Grafana, as its provisioning takes it. */
export interface GrafanaDashboard {
  /** The last part of its address, `/d/<uid>`: at most 40 of a-z, 0-9 and `-`. */
  readonly uid: string;
  readonly title: string;
  /** Plain JSON. */
  readonly dashboard: DashboardModel;
}

/** A dashboard in Grafana's own schema, held to it by the types of Grafana's package. */
export type DashboardModel = Omit<Plain<dashboard.Dashboard>, "panels"> & {
  readonly panels: readonly (Panel | RowPanel)[];
};

export type Variable = Plain<dashboard.VariableModel>;
export type GridPos = Plain<dashboard.GridPos>;
export type Annotation = Plain<dashboard.AnnotationQuery>;
export type Target = Plain<prometheus.Dataquery>;
export type ThresholdStep = Plain<dashboard.Threshold>;
export type Mapping = Plain<dashboard.ValueMapping>;
export type Override = Plain<dashboard.FieldConfigSource>["overrides"][number];
export type Transformation = Plain<dashboard.DataTransformerConfig>;
export type Link = Plain<dashboard.DashboardLink>;

/** A panel of one of the kinds that the dashboards use, with the options of its kind. */
export type Panel =
  | Kind<"stat", Plain<stat.Options>, object>
  | Kind<"table", Plain<table.Options>, Partial<Plain<table.FieldConfig>>>
  | Kind<"text", Plain<text.Options>, object>
  | Kind<"timeseries", Plain<timeseries.Options>, Plain<timeseries.FieldConfig>>
  | Kind<"status-history", Plain<statushistory.Options>, Plain<statushistory.FieldConfig>>;

export type RowPanel = Omit<Plain<dashboard.RowPanel>, "panels"> & { readonly panels: readonly Panel[] };

type Kind<Type extends string, Options, Custom> = Omit<
  Plain<dashboard.Panel>,
  "type" | "options" | "fieldConfig" | "targets"
> & {
  readonly type: Type;
  readonly options: Options;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: Omit<Plain<dashboard.FieldConfig>, "custom"> & { readonly custom?: Custom };
    readonly overrides: readonly Override[];
  };
};

/** A type of the package as JSON: read-only, without methods, an enumeration as the values that it stands for. */
type Plain<T> = 0 extends 1 & T
  ? unknown
  : T extends string
    ? `${T}`
    : T extends number
      ? Numeral<T>
      : T extends readonly (infer Item)[]
        ? readonly Plain<Item>[]
        : T extends object
          ? { readonly [K in keyof T as K extends `_${string}` ? never : K]: Plain<T[K]> }
          : T;

type Numeral<T extends number> = number extends T
  ? number
  : `${T}` extends `${infer N extends number}`
    ? N
    : never;
