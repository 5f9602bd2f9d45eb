import { METRICS } from "../catalog/metrics.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import type { MetricAlarm, ObjectivePlan, Plan, PlannedAlarm, ServerPlan } from "../plan/types.ts";
import { paint, table } from "./output.ts";

/** The plan as a person reads it on a terminal. */
export function planTable(plan: Plan): string {
  return [
    headline(plan),
    ...plan.servers.flatMap(serverText),
    ...sections(plan).map(([title, rows]) => `${paint("bold", title)}\n${table(rows)}`),
  ].join("\n\n");
}

/** The plan as Markdown, for a pull request or a wiki. */
export function planMarkdown(plan: Plan): string {
  const servers = plan.servers.flatMap((server) => [
    `### ${server.server}`,
    `${server.description}. Owner ${server.owner}, escalation ${server.escalation}, probed ${probeText(server)}.`,
    markdownTable(
      ["objective", "promise"],
      server.objectives.map((objective) => [objective.name, objectiveText(objective)]),
    ),
    markdownTable(["alarm", "severity", "fires when", "runbook"], server.alarms.map(alarmRow)),
    markdownTable(
      ["composite", "severity", "tells", "rule"],
      server.composites.map(({ definition, severity, topic }) => [
        definition.AlarmName,
        severity,
        definition.ActionsEnabled ? topic : "nobody: counted by the fleet's page",
        `\`${definition.AlarmRule}\``,
      ]),
    ),
  ]);
  const rest = sections(plan).flatMap(([title, rows]) => [
    `## ${title}`,
    markdownTable(rows[0]?.map(() => "") ?? [], rows),
  ]);
  return [`# ${headline(plan)}`, "## servers", ...servers, ...rest].join("\n\n");
}

function headline(plan: Plan): string {
  const all = [...plan.servers, plan.fleet];
  const alarms = all.reduce((sum, one) => sum + one.alarms.length, 0);
  const composites = all.reduce((sum, one) => sum + one.composites.length, 0);
  return `${plan.environment}  ${plan.platform}  ${plan.servers.length} servers  ${alarms} alarms  ${composites} composites  catalog ${plan.catalog}`;
}

function serverText(server: ServerPlan): string[] {
  const tables = [
    server.objectives.map((objective) => ["promise ", objective.name, objectiveText(objective)]),
    server.alarms.map((alarm) => ["alarm   ", ...alarmRow(alarm).slice(0, 3)]),
    server.composites.map(({ definition, severity, topic }) => [
      definition.ActionsEnabled ? "acts    " : "part    ",
      definition.AlarmName,
      severity,
      definition.ActionsEnabled ? `tells ${topic}` : "counted by the fleet's page",
    ]),
    server.unmeasured.map(({ threshold, reason }) => ["no alarm", threshold, reason]),
  ];
  const text = tables.filter((rows) => rows.length > 0).map((rows) => table(rows));
  return [
    `${paint("bold", server.server)}  ${server.description}\n  owner ${server.owner}, escalation ${server.escalation}, probed ${probeText(server)}\n${text.join("\n")}`,
  ];
}

function probeText({ probe }: ServerPlan): string {
  const samples = probe.samples === 1 ? "" : ` with ${probe.samples} samples`;
  return `every ${formatDuration(probe.everyMs)}${samples} from ${probe.from.join(" and ")}, timeout ${formatDuration(probe.timeoutMs)}`;
}

function objectiveText(objective: ObjectivePlan): string {
  if (objective.sli === "latency")
    return `p${objective.percentile} of the MCP exchange below ${formatDuration(objective.belowMs)}`;
  const minutes = Math.round(objective.budgetMs / 600) / 100;
  const quiet = objective.page ? "" : ", never a page";
  return `${formatPercent(objective.objectivePpm)} of checks in ${formatDuration(objective.windowMs)} in which ${objective.good}, an error budget of ${minutes} min${quiet}`;
}

function alarmRow({ definition, severity, runbook }: PlannedAlarm): string[] {
  const { DatapointsToAlarm: m, EvaluationPeriods: n } = definition;
  return [
    definition.AlarmName,
    severity,
    `${sourceText(definition)} ${comparisonText(definition)}${unitText(definition)}, ${m} of ${n}`,
    runbook,
  ];
}

function sourceText(definition: MetricAlarm): string {
  if ("Metrics" in definition) return mathText(definition.Metrics);
  const statistic = "Statistic" in definition ? definition.Statistic : definition.ExtendedStatistic;
  return `${statistic} ${definition.MetricName} over ${formatDuration(definition.Period * 1_000)}`;
}

/** The expression with its metrics written out: `FILL(Sum ProbeRuns over 1m, 0)`. */
function mathText(queries: Extract<MetricAlarm, { Metrics: unknown }>["Metrics"]): string {
  const expression = queries.find(({ ReturnData }) => ReturnData)?.Expression ?? "";
  return queries.reduce((text, { Id, MetricStat }) => {
    if (MetricStat === undefined) return text;
    const metric = `${MetricStat.Stat} ${MetricStat.Metric.MetricName} over ${formatDuration(MetricStat.Period * 1_000)}`;
    return text.replaceAll(new RegExp(`\\b${Id}\\b`, "g"), () => metric);
  }, expression);
}

function comparisonText({ ComparisonOperator, Threshold }: MetricAlarm): string {
  const sign = {
    GreaterThanThreshold: ">",
    GreaterThanOrEqualToThreshold: ">=",
    LessThanThreshold: "<",
    LessThanOrEqualToThreshold: "<=",
  }[ComparisonOperator];
  return `${sign} ${Threshold}`;
}

/** The unit of a limit, where the metric has one that a bare number leaves open. */
function unitText(definition: MetricAlarm): string {
  const metric = "MetricName" in definition ? definition.MetricName : "";
  if (metric === "HoursToExpiry") return " h";
  const units: ReadonlyMap<string, { readonly unit: string }> = new Map(Object.entries(METRICS));
  return { Milliseconds: " ms", Bytes: " bytes" }[units.get(metric)?.unit ?? ""] ?? "";
}

/** What belongs to the environment and not to one server: title and rows, left out where there is nothing. */
function sections(plan: Plan): [string, string[][]][] {
  const all: [string, string[][]][] = [
    [
      "all servers together",
      [
        ...plan.fleet.alarms.map((alarm) => ["alarm", ...alarmRow(alarm).slice(0, 3)]),
        ...plan.fleet.composites
          .filter(({ definition }) => definition.ActionsEnabled)
          .map(({ definition, severity, topic }) => [
            "acts",
            definition.AlarmName,
            severity,
            `tells ${topic}: ${definition.AlarmDescription.split(". ")[0] ?? ""}`,
          ]),
      ],
    ],
    ["maintenance, in which alarms tell nobody", maintenanceRows(plan)],
    [
      "error budget policy",
      plan.budgetPolicy.map(({ name, spentPpm, freeze, consequence }) => [
        name,
        `from ${formatPercent(spentPpm)} spent`,
        freeze ? "no rollouts" : "",
        consequence,
      ]),
    ],
    [
      "escalation",
      plan.escalations.flatMap(({ escalation, levels }) =>
        levels.map((level) => [
          escalation,
          level.level,
          `after ${formatDuration(level.afterMs)}`,
          `answers within ${formatDuration(level.respondMs)}`,
          level.subscriptions
            .map(({ channel, endpoint, sns }) => `${channel} ${endpoint}${sns ? "" : " (by hand)"}`)
            .join(", "),
        ]),
      ),
    ],
    [
      "deployments",
      plan.workloads.map(({ namespace, deployment, replicas, image }) => [
        namespace,
        deployment,
        `${replicas} ${replicas === 1 ? "replica" : "replicas"}`,
        image,
      ]),
    ],
    ["log groups", plan.logGroups.map(({ name, retentionDays }) => [name, `${retentionDays} days`])],
    [
      "backups",
      plan.backups.map(({ bucket, retentionDays, lockMode, lockDays, protect }) => [
        bucket,
        `${retentionDays} days`,
        `${lockMode} lock ${lockDays} days`,
        protect ? "kept on destroy" : "goes with the stack",
      ]),
    ],
    ["dashboards", plan.dashboards.map(({ name, body }) => [name, `${body.widgets.length} widgets`])],
    ["cost a month", costRows(plan)],
    [
      "prometheus",
      [
        [
          "rules",
          `${plan.prometheus.groups.reduce((sum, { rules }) => sum + rules.length, 0)} in ${plan.prometheus.groups.length} groups`,
        ],
      ],
    ],
    [
      "retention",
      [
        ["history", `${plan.retention.historyDays} days`],
        ["logs", `${plan.retention.logsDays} days`],
        ["backups", `${plan.retention.backupsDays} days`],
      ],
    ],
  ];
  return all.filter(([, rows]) => rows.length > 0);
}

/** Each maintenance once, also where it takes several rules of CloudWatch. */
function maintenanceRows({ maintenance, servers: all }: Plan): string[][] {
  const once = new Map(maintenance.map((one) => [one.maintenance, one]));
  return [...once.values()].map(({ maintenance: name, servers, rule }) => {
    const { Expression, Duration, Timezone } = rule.Rule.Schedule;
    return [
      name,
      `${Expression} ${Timezone}`,
      `for ${Duration}`,
      rule.ExpireDate === undefined ? "once" : `rule expires ${rule.ExpireDate}`,
      servers.length === all.length ? "all servers" : servers.join(", "),
      rule.Description,
    ];
  });
}

function costRows({ cost }: Plan): string[][] {
  if (cost === null) return [];
  return [
    ...cost.lines.map(({ what, quantity, monthly }) => [what, String(quantity), `${monthly.toFixed(2)} USD`]),
    ["in all", "", `${cost.monthly.toFixed(2)} USD`],
    [
      "alarms per server",
      `${cost.alarmsPerServer} and ${cost.compositesPerServer} composites`,
      `written in ${cost.putSeconds} s, at 3 a second`,
    ],
  ];
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "None.";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
