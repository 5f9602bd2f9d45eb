import type { LogClass, LogRetention, LogRetentionDays } from "../catalog/log-classes.ts";
import type { RatioObjective } from "../catalog/objective.ts";
import type { FamilyName, Severity } from "../catalog/shared.ts";
import type { Roster } from "../catalog/target.ts";
import type { Floor } from "../catalog/units.ts";
import type { AlertmanagerConfig } from "./alertmanager/types.ts";
import type { BackupPlan } from "./backup-types.ts";
import type { ComparisonOperator, Dimension, TreatMissingData } from "./cloudwatch/types.ts";
import type {
  CronJobPlan,
  EnvVar,
  ExporterPlan,
  MonitorPlan,
  SecretKeys,
  ServerMonitorPlan,
  WorkloadPlan,
} from "./cluster-types.ts";
import type { GrafanaDashboard } from "./grafana/model.ts";
import type { LogsPlan } from "./logs.ts";
import type { MaintenancePlan } from "./maintenance-cloudwatch.ts";
import type { ScalePlan } from "./scale.ts";
import type { StatusPlan } from "./status.ts";

export type {
  BackupPlan,
  ComparisonOperator,
  CronJobPlan,
  Dimension,
  EnvVar,
  ExporterPlan,
  MonitorPlan,
  SecretKeys,
  ServerMonitorPlan,
  TreatMissingData,
  WorkloadPlan,
};
export type Statistic = "Average" | "Sum" | "Minimum" | "Maximum" | "SampleCount";

/** One line of a metric-math alarm (MetricDataQuery of the CloudWatch API). */
export interface MetricDataQuery {
  readonly Id: string;
  readonly ReturnData: boolean;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly Dimension[];
    };
    readonly Period: number;
    readonly Stat: string;
  };
}

interface AlarmBase {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  /** Always false: only composites act. */
  readonly ActionsEnabled: false;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly Threshold: number;
  readonly ComparisonOperator: ComparisonOperator;
  readonly TreatMissingData: TreatMissingData;
  readonly WarmUpConfiguration?: {
    readonly WarmUpPeriodDurationInMinutes: number;
    readonly OnlyStartEvaluatingAfterWarmUpPeriodEnds: boolean;
  };
}

/** What an alarm looks at: one metric with a statistic or a percentile, or metric math. */
export type MetricSource =
  | {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly Dimension[];
      readonly Period: number;
      readonly Statistic: Statistic;
    }
  | {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly Dimension[];
      readonly Period: number;
      readonly ExtendedStatistic: string;
    }
  | { readonly Metrics: readonly MetricDataQuery[] };

/** A metric alarm as PutMetricAlarm takes it. */
export type MetricAlarm = AlarmBase & MetricSource;

/** A composite alarm as PutCompositeAlarm takes it; its actions are named by topic in {@link PlannedComposite}. */
export interface CompositeAlarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmRule: string;
  /** False for a part of another composite's rule that was too long for one. */
  readonly ActionsEnabled: boolean;
  /** The alarm that holds its actions back: many servers down together are one page. */
  readonly ActionsSuppressor?: string;
  /** Seconds. */
  readonly ActionsSuppressorWaitPeriod?: number;
  /** Seconds. */
  readonly ActionsSuppressorExtensionPeriod?: number;
}

/** A metric alarm with what Rollcall knows about it beyond CloudWatch's shape. */
export interface PlannedAlarm {
  /** The server that it watches, or `fleet` for all of them together. */
  readonly server: string;
  readonly family: FamilyName;
  readonly severity: Severity;
  readonly runbook: string;
  /** The objective or threshold that it guards, where there is one. */
  readonly guards: string | null;
  readonly definition: MetricAlarm;
}

export type CompositeKind = "page" | "ticket" | "blind" | "security";

/** A composite alarm: the only kind that tells anybody. */
export interface PlannedComposite {
  readonly server: string;
  readonly kind: CompositeKind;
  readonly severity: Severity;
  readonly runbook: string;
  readonly escalation: string;
  /** Whether later levels are told while it lasts; what waits tells who answers for its severity, and nobody later. */
  readonly escalates: boolean;
  /**
   * `direct` for what watches the escalation itself: in the cloud it publishes to `topic` without the machine that it
   * says is broken. All others are `escalated`.
   */
  readonly delivery: "escalated" | "direct";
  /** The topic of the level that is told first, and when it is over. */
  readonly topic: string;
  readonly definition: CompositeAlarm;
}

export interface ServerPlan {
  readonly server: string;
  /** Its name before a rename; null where it had no other. */
  readonly formerly: string | null;
  readonly description: string;
  readonly owner: string;
  readonly escalation: string;
  readonly probe: {
    readonly everyMs: number;
    readonly timeoutMs: number;
    readonly samples: number;
    readonly from: readonly string[];
  };
  readonly endpoints: Readonly<Record<string, { readonly mcp: string | null; readonly rest: string | null }>>;
  readonly objectives: readonly ObjectivePlan[];
  readonly alarms: readonly PlannedAlarm[];
  readonly composites: readonly PlannedComposite[];
  /** Thresholds of the catalog that no runner reads a metric for yet, so that no alarm pretends to guard them. */
  readonly unmeasured: readonly {
    readonly threshold: string;
    readonly metric: string;
    readonly reason: string;
  }[];
}

export type ObjectivePlan =
  | {
      readonly name: string;
      readonly sli: RatioObjective["sli"];
      /** What makes one check good, in words: `the mcp path answered`. */
      readonly good: string;
      /** The 0/1 metric of CloudWatch that it is measured by. */
      readonly metric: string;
      /** Whether a fast burn wakes somebody. */
      readonly page: boolean;
      /** The fewest failed checks in a row that can page. */
      readonly failuresToPage: number;
      /** Millionths: 999000 is 99.9 %. */
      readonly objectivePpm: number;
      readonly windowMs: number;
      /** How long the promise may be broken within the window. */
      readonly budgetMs: number;
    }
  | { readonly name: string; readonly sli: "latency"; readonly percentile: number; readonly belowMs: number };

export interface Subscription {
  readonly contact: string;
  readonly channel: "email" | "sms" | "https" | "slack" | "pagerduty";
  readonly endpoint: string;
  /** Whether SNS delivers it by itself; the others need an integration that is set up by hand. */
  readonly sns: boolean;
}

export interface LevelPlan {
  readonly level: string;
  readonly topic: string;
  readonly afterMs: number;
  readonly respondMs: number;
  readonly subscriptions: readonly Subscription[];
}

export interface EscalationPlan {
  readonly escalation: string;
  readonly levels: readonly LevelPlan[];
}

export interface LogGroupPlan {
  readonly name: string;
  readonly logClass: LogClass;
  /** One of the numbers that CloudWatch Logs takes: there is no log group without one. */
  readonly retentionDays: LogRetentionDays;
  /** Stays when the stack or its server goes. Its lines still end after their days, so nothing is kept for ever. */
  readonly protect: boolean;
}

export interface ProbePlan {
  readonly logGroup: string;
  readonly lambda: {
    readonly name: string;
    readonly everyMinutes: number;
    readonly timeoutSeconds: number;
    readonly memoryMb: number;
    /** The network of one's own that it runs in; null for AWS's own, from which only public addresses are reached. */
    readonly vpc: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] } | null;
    /** How many runs of the function share the roster each minute: each is told its part by the schedule that starts it. */
    readonly shards: number;
    /** The queue of the runs that never began. */
    readonly deadLetters: string;
    /** The DynamoDB table that keeps the circuit breakers between the function's processes. */
    readonly stateTable: string;
    /** The variable `NODE_OPTIONS`. */
    readonly nodeOptions: string;
    /** Secrets and parameters that the roster names, by name or ARN. */
    readonly secrets: readonly string[];
    readonly roster: Roster;
  };
  /** Null where the exporter alone probes from within the cluster. */
  readonly cronJob: CronJobPlan | null;
  /** Null where the CronJob alone does. */
  readonly exporter: ExporterPlan | null;
}

/** Lines of a log group that are counted into a metric (PutMetricFilter). */
export interface MetricFilterPlan {
  readonly name: string;
  readonly logGroup: string;
  readonly pattern: string;
  readonly namespace: string;
  readonly metric: string;
}

/** What belongs to all servers of an environment together. */
export interface FleetPlan {
  readonly alarms: readonly PlannedAlarm[];
  readonly composites: readonly PlannedComposite[];
  readonly metricFilters: readonly MetricFilterPlan[];
}

/** What follows when an error budget is spent. */
export interface BudgetPolicyPlan {
  readonly name: string;
  /** Millionths of the budget from which on it holds. */
  readonly spentPpm: number;
  readonly freeze: boolean;
  readonly consequence: string;
}

/** One item of what the monitoring costs a month. */
export interface CostLine {
  readonly service: string;
  readonly what: string;
  readonly quantity: number;
  /** US dollars for one, at the first tier. */
  readonly unitPrice: number;
  readonly monthly: number;
  /** How the quantity comes about; says where it is assumed. */
  readonly how: string;
}

export interface CostPlan {
  readonly currency: "USD";
  /** When and where the prices were read. */
  readonly priced: { readonly on: string; readonly region: string };
  readonly lines: readonly CostLine[];
  readonly monthly: number;
  /** What the catalog allows a month; null where it sets no limit. */
  readonly ceiling: number | null;
  /** What each server adds by its alarms, composites and metrics. */
  readonly servers: readonly { readonly server: string; readonly monthly: number }[];
  /** What is left when the servers' own are taken away. */
  readonly shared: number;
  /** Metric alarms of one server, on average. */
  readonly alarmsPerServer: number;
  readonly compositesPerServer: number;
  /** Seconds that writing all alarms takes at the rate that CloudWatch accepts. */
  readonly putSeconds: number;
}

export interface PrometheusRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PrometheusGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly PrometheusRule[];
}

export interface DashboardPlan {
  readonly name: string;
  readonly body: { readonly widgets: readonly Readonly<Record<string, unknown>>[] };
}

/** Everything that one environment is to have, as plain JSON: printed, compared, provisioned and run from. */
export interface Plan {
  readonly version: 1;
  readonly environment: string;
  readonly platform: "local" | "cloud";
  readonly catalog: string;
  readonly region: string | null;
  /** What must outlive the stack is kept when it is destroyed: backups, and the key that they are encrypted with. */
  readonly protect: boolean;
  readonly resolutionSeconds: number;
  readonly floorByServer: Readonly<Record<string, Floor>>;
  readonly servers: readonly ServerPlan[];
  readonly fleet: FleetPlan;
  readonly budgetPolicy: readonly BudgetPolicyPlan[];
  readonly escalations: readonly EscalationPlan[];
  /** The escalation of what names none. */
  readonly defaultEscalation: string;
  readonly retention: {
    /** By class of log group. */
    readonly logsDays: LogRetention;
    readonly historyDays: number;
    readonly backupsDays: number;
  };
  readonly namespaces: readonly string[];
  readonly workloads: readonly WorkloadPlan[];
  readonly probe: ProbePlan | null;
  /** What the size of the fleet asks for; null where everything runs on one machine. */
  readonly scale: ScalePlan | null;
  readonly logGroups: readonly LogGroupPlan[];
  /** How the lines of the pods reach their log groups. */
  readonly logs: LogsPlan;
  readonly backups: readonly BackupPlan[];
  /** Where the status is served; null for a local environment, whose monitor serves its own. */
  readonly status: StatusPlan | null;
  /** Mute rules of CloudWatch; a local monitor reads the catalog itself. */
  readonly maintenance: readonly MaintenancePlan[];
  readonly dashboards: readonly DashboardPlan[];
  /** Null where nothing is billed. */
  readonly cost: CostPlan | null;
  readonly prometheus: { readonly groups: readonly PrometheusGroup[] };
  /** How the Prometheus operator of the cluster is given the rules; null where there is none. */
  readonly operator: { readonly ruleLabels: Readonly<Record<string, string>> } | null;
  readonly alertmanager: AlertmanagerConfig;
  readonly grafana: readonly GrafanaDashboard[];
}
