import { PROBE_LABEL } from "../../plan/network.ts";
import type {
  BackupPlan,
  CronJobPlan,
  EscalationPlan,
  ExporterPlan,
  ProbePlan,
  ServerPlan,
  WorkloadPlan,
} from "../../plan/types.ts";

/** Small pieces of a plan, made by hand: each shows one shape of what a component has to spell out. */

export const workload: WorkloadPlan = {
  server: "library",
  namespace: "shelf",
  deployment: "library-http",
  image: `registry.example.com/library@sha256:${"a".repeat(64)}`,
  args: ["--verbose"],
  env: [
    { name: "LOG_LEVEL", value: "info" },
    { name: "TOKEN", value: { secret: "library", key: "token" } },
  ],
  port: 8080,
  replicas: { min: 3, max: 3 },
  scaleAtPercent: null,
  sticky: false,
  podsService: null,
  deployTimeoutSeconds: 300,
  live: "/live",
  ready: "/ready",
  monitor: null,
  network: {
    ingress: [
      { peers: [{ namespace: "rollcall", labels: PROBE_LABEL }], ports: [{ port: 8080, protocol: "TCP" }] },
    ],
    egress: [],
  },
  resources: { cpu: "100m", memory: "128Mi", memoryLimit: "256Mi" },
};

const dimensions = [
  { Name: "Environment", Value: "test" },
  { Name: "Server", Value: "library" },
];

const common = {
  ActionsEnabled: false,
  EvaluationPeriods: 5,
  DatapointsToAlarm: 2,
  TreatMissingData: "notBreaching",
} as const;

const about = { server: "library", runbook: "docs/runbooks/library.md", guards: null } as const;

/** Its alarms have one each of the three shapes: a statistic, a percentile, metric math; one guards an objective. */
export const server: ServerPlan = {
  server: "library",
  formerly: null,
  description: "Lends books",
  owner: "readers",
  escalation: "standard",
  probe: { everyMs: 60_000, timeoutMs: 5_000, samples: 1, from: ["aws"] },
  endpoints: {},
  objectives: [],
  unmeasured: [],
  alarms: [
    {
      ...about,
      family: "server-down",
      severity: "critical",
      definition: {
        ...common,
        AlarmName: "test-library-down",
        AlarmDescription: "It is down.",
        Namespace: "Rollcall",
        MetricName: "Unhealthy",
        Dimensions: dimensions,
        Period: 60,
        Statistic: "Average",
        Threshold: 0.5,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
      },
    },
    {
      ...about,
      family: "latency",
      severity: "high",
      guards: "latency-p95",
      definition: {
        ...common,
        AlarmName: "test-library-slow",
        AlarmDescription: "It is slow.",
        Namespace: "Rollcall",
        MetricName: "McpLatency",
        Dimensions: dimensions,
        Period: 900,
        ExtendedStatistic: "p95",
        Threshold: 200,
        ComparisonOperator: "GreaterThanThreshold",
      },
    },
    {
      ...about,
      family: "heartbeat",
      severity: "high",
      definition: {
        ...common,
        AlarmName: "test-library-heartbeat",
        AlarmDescription: "Nobody looks.",
        TreatMissingData: "breaching",
        Metrics: [
          { Id: "filled", Expression: "FILL(raw, 0)", ReturnData: true },
          {
            Id: "raw",
            MetricStat: {
              Metric: { Namespace: "Rollcall", MetricName: "ProbeRuns", Dimensions: dimensions },
              Period: 60,
              Stat: "Sum",
            },
            ReturnData: false,
          },
        ],
        Threshold: 1,
        ComparisonOperator: "LessThanThreshold",
        WarmUpConfiguration: {
          WarmUpPeriodDurationInMinutes: 5,
          OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
        },
      },
    },
  ],
  composites: [
    {
      server: "library",
      kind: "page",
      severity: "critical",
      runbook: "docs/runbooks/library.md",
      escalation: "standard",
      escalates: true,
      delivery: "escalated",
      topic: "test-standard-L1",
      definition: {
        AlarmName: "test-library-page",
        AlarmDescription: "Somebody has to look.",
        AlarmRule: 'ALARM("test-library-down") AND NOT ALARM("test-library-heartbeat")',
        ActionsEnabled: true,
      },
    },
  ],
};

/** The first level is told twice by the same address, and by a channel that SNS does not deliver. */
export const escalation: EscalationPlan = {
  escalation: "standard",
  levels: [
    {
      level: "L1",
      topic: "test-standard-L1",
      afterMs: 0,
      respondMs: 900_000,
      subscriptions: [
        { contact: "reader", channel: "email", endpoint: "reader@example.com", sns: true },
        { contact: "lender", channel: "email", endpoint: "reader@example.com", sns: true },
        { contact: "reader", channel: "pagerduty", endpoint: "library", sns: false },
      ],
    },
    { level: "L2", topic: "test-standard-L2", afterMs: 1_800_000, respondMs: 900_000, subscriptions: [] },
  ],
};

/** Where the bundles of the functions would lie. */
export const FUNCTION_BUNDLES = {
  starter: "/bundle/starter",
  notifier: "/bundle/notifier",
  acknowledge: "/bundle/acknowledge",
  relay: "/bundle/relay",
  backup: "/bundle/backup",
  restoreDrill: "/bundle/restoreDrill",
  status: "/bundle/status",
};

const roster = { environment: "test", targets: [] };

const inCluster = {
  namespace: "rollcall",
  image: `registry.example.com/probe@sha256:${"b".repeat(64)}`,
  nodeOptions: "--max-semi-space-size=2",
  secrets: [],
  network: { ingress: [], egress: [] },
  roster,
};

export const cronJob: CronJobPlan = {
  ...inCluster,
  name: "rollcall-test-probe",
  sink: "emf",
  schedule: "* * * * *",
  timeZone: "Etc/UTC",
  jobSeconds: 57,
  graceSeconds: 3,
  runSeconds: 52,
};

export const exporter: ExporterPlan = {
  ...inCluster,
  name: "rollcall-test-exporter",
  sink: "prometheus",
  port: 9464,
  monitor: null,
};

export const probe: ProbePlan = {
  logGroup: "/rollcall/test/probe",
  lambda: {
    name: "rollcall-test-probe",
    everyMinutes: 1,
    timeoutSeconds: 55,
    memoryMb: 256,
    vpc: null,
    shards: 1,
    deadLetters: "rollcall-test-probe-dead-letters",
    stateTable: "rollcall-test-probe-state",
    nodeOptions: "--max-semi-space-size=2",
    secrets: [],
    roster,
  },
  cronJob,
  exporter,
};

export const backup: BackupPlan = {
  bucket: "rollcall-test-backups",
  retentionDays: 30,
  lockDays: 30,
  lockMode: "GOVERNANCE",
  protect: true,
  administrators: [],
  replica: null,
  scratch: { bucket: "rollcall-test-scratch", restoredDays: 1, recordDays: 400 },
  failures: "rollcall-test-backup-failures",
  logGroup: "/rollcall/test/backup",
  daily: {
    name: "rollcall-test-backup",
    schedule: "cron(0 2 * * ? *)",
    zone: "UTC",
    timeoutSeconds: 900,
    memoryMb: 512,
  },
  drill: {
    name: "rollcall-test-restore-drill",
    schedule: "cron(0 3 ? * SUN *)",
    zone: "UTC",
    timeoutSeconds: 900,
    memoryMb: 1_024,
    on: "sun",
  },
  job: {
    environment: "test",
    prefix: "test/",
    clusterPrefix: "test-cluster/",
    restored: "restored/",
    records: "verified/",
    incidentsTable: "rollcall-test-incidents",
    historyHours: 26,
    history: [{ server: "library", metrics: ["McpLatency"] }],
    state: { bucket: "pulumi-state", prefix: "team/.pulumi/stacks/rollcall/test.", keyArn: null },
  },
  cluster: null,
};
