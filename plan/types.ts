import type { RatioObjective } from "../catalog/objective.ts";
import type { FamilyName, Severity } from "../catalog/shared.ts";
import type { Roster } from "../catalog/target.ts";
import type { Floor } from "../catalog/units.ts";
import type { AlertmanagerConfig } from "./alertmanager/types.ts";
import type { GrafanaDashboard } from "./grafana/model.ts";
import type { MaintenancePlan } from "./maintenance-cloudwatch.ts";

export type TreatMissingData = "breaching" | "notBreaching" | "ignore" | "missing";
export type Statistic = "Average" | "Sum" | "Minimum" | "Maximum" | "SampleCount";
export type ComparisonOperator =
  | "GreaterThanThreshold"
  | "GreaterThanOrEqualToThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

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
  /** Whether later levels are told while it lasts; a ticket waits for the first one's working hours. */
  readonly escalates: boolean;
  /** The topic that is told when it fires and when it is over. */
  readonly topic: string;
  readonly definition: CompositeAlarm;
}

export interface ServerPlan {
  readonly server: string;
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
  readonly retentionDays: number;
}

export interface BackupPlan {
  readonly bucket: string;
  readonly retentionDays: number;
  readonly lockDays: number;
  readonly lockMode: "GOVERNANCE";
  /** Kept when the stack is destroyed. */
  readonly protect: boolean;
}

export interface EnvVar {
  readonly name: string;
  readonly value: string | { readonly secret: string; readonly key: string };
}

export interface WorkloadPlan {
  readonly server: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly port: number;
  readonly replicas: number;
  /** Name of the headless Service that resolves to every ready pod; null where pods are not asked one by one. */
  readonly podsService: string | null;
  /** Seconds until a rollout that does not come up counts as failed. */
  readonly deployTimeoutSeconds: number;
  readonly live: string | null;
  readonly ready: string | null;
  readonly resources: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string };
}

/** A Secret of Kubernetes, and the keys of it that are read. */
export interface SecretKeys {
  readonly name: string;
  readonly keys: readonly string[];
}

export interface ProbePlan {
  readonly logGroup: string;
  readonly lambda: {
    readonly name: string;
    readonly everyMinutes: number;
    readonly timeoutSeconds: number;
    readonly memoryMb: number;
    /** The DynamoDB table that keeps the circuit breakers between the function's processes. */
    readonly stateTable: string;
    /** The variable `NODE_OPTIONS`. */
    readonly nodeOptions: string;
    /** Secrets and parameters that the roster names, by name or ARN. */
    readonly secrets: readonly string[];
    readonly roster: Roster;
  };
  readonly cronJob: {
    readonly name: string;
    readonly namespace: string;
    readonly image: string;
    readonly schedule: string;
    /** The variable `NODE_OPTIONS`. */
    readonly nodeOptions: string;
    /** Secrets that the roster names; they lie in the namespace of the job. */
    readonly secrets: readonly SecretKeys[];
    readonly roster: Roster;
  };
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
  readonly what: string;
  readonly quantity: number;
  /** US dollars for one, at the first tier. */
  readonly unitPrice: number;
  readonly monthly: number;
}

export interface CostPlan {
  readonly currency: "USD";
  readonly lines: readonly CostLine[];
  readonly monthly: number;
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
  readonly resolutionSeconds: number;
  readonly floorByServer: Readonly<Record<string, Floor>>;
  readonly servers: readonly ServerPlan[];
  readonly fleet: FleetPlan;
  readonly budgetPolicy: readonly BudgetPolicyPlan[];
  readonly escalations: readonly EscalationPlan[];
  readonly retention: {
    readonly logsDays: number;
    readonly historyDays: number;
    readonly backupsDays: number;
  };
  readonly namespaces: readonly string[];
  readonly workloads: readonly WorkloadPlan[];
  readonly probe: ProbePlan | null;
  readonly logGroups: readonly LogGroupPlan[];
  readonly backups: readonly BackupPlan[];
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
