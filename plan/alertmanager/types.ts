import type { TimeInterval } from "../maintenance-alertmanager.ts";

/** A node of Alertmanager's routing tree. */
export interface Route {
  readonly receiver: string;
  readonly matchers?: readonly string[];
  readonly continue?: true;
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly mute_time_intervals?: readonly string[];
  readonly routes?: readonly Route[];
}

/** While an alert that `source_matchers` choose fires, those of `target_matchers` tell nobody. */
export interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  /** Labels that both must have alike. */
  readonly equal: readonly string[];
}

type Integration = Readonly<Record<string, unknown>>;

/** Everybody who is told under one name. Secrets are names of files, never values. */
export interface Receiver {
  readonly name: string;
  readonly pagerduty_configs?: readonly Integration[];
  readonly slack_configs?: readonly Integration[];
  readonly email_configs?: readonly Integration[];
  readonly webhook_configs?: readonly Integration[];
}

/** Alertmanager's configuration file, as of version 0.28. */
export interface AlertmanagerConfig {
  readonly global: Readonly<Record<string, unknown>>;
  readonly route: Route;
  readonly receivers: readonly Receiver[];
  readonly inhibit_rules: readonly InhibitRule[];
  readonly time_intervals: readonly {
    readonly name: string;
    readonly time_intervals: readonly TimeInterval[];
  }[];
}

/** What the catalog does not say about how messages leave Alertmanager. */
export interface Delivery {
  /** Folder of the files with secrets. */
  readonly secrets: string;
  /** `host:port` of the mail server that takes Alertmanager's mail. */
  readonly smarthost: string;
  readonly from: string;
  readonly user: string;
}
