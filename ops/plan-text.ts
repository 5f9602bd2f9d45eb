import { METRICS } from "../catalog/metrics.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { prerequisitesOf, UNRESERVED } from "../plan/prerequisites.ts";
import { renameText } from "../plan/rename.ts";
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
    ["renamed servers", renameRows(plan)],
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
        replicas.min < replicas.max
          ? `${replicas.min} to ${replicas.max} replicas`
          : `${replicas.min} ${replicas.min === 1 ? "replica" : "replicas"}`,
        image,
      ]),
    ],
    ["to be there before `up` ends: nobody makes them but you", neededRows(plan)],
    [
      "log groups",
      plan.logGroups.map(({ name, logClass, retentionDays }) => [name, `${retentionDays} days`, logClass]),
    ],
    ["logs of the cluster's pods", logRows(plan)],
    ["backups", backupRows(plan)],
    ["dashboards", plan.dashboards.map(({ name, body }) => [name, `${body.widgets.length} widgets`])],
    ["size of the fleet", scaleRows(plan)],
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
        ...Object.entries(plan.retention.logsDays).map(([name, days]) => [`${name} logs`, `${days} days`]),
        ["backups", `${plan.retention.backupsDays} days`],
      ],
    ],
  ];
  return all.filter(([, rows]) => rows.length > 0);
}

/** The bucket, its jobs, and loudly what is not backed up because the catalog leaves it open. */
function backupRows({ backups }: Plan): string[][] {
  return backups.flatMap(({ bucket, retentionDays, lockMode, lockDays, protect, ...backup }) => {
    const kept = protect ? "kept on destroy" : "goes with the stack";
    const { daily, drill, replica, job, cluster } = backup;
    return [
      [bucket, `${retentionDays} days`, `${lockMode} lock ${lockDays} days`, kept],
      [daily.name, daily.schedule, daily.zone, "daily backup"],
      [drill.name, drill.schedule, drill.zone, "restore drill"],
      ...(replica === null
        ? []
        : [["second copy", replica.region, replica.existing?.bucket ?? replica.bucket, ""]]),
      ...(job.state === null
        ? [["Pulumi's state", "NOT BACKED UP", "backup.stateBucket is not set", ""]]
        : []),
      ...(cluster === null ? [["live ConfigMaps", "NOT BACKED UP", "kubernetes.issuer is not set", ""]] : []),
    ];
  });
}

/** The Secrets that pods read, the secrets of AWS that the probe reads, and what the account must allow. */
function neededRows(plan: Plan): string[][] {
  const { secrets, awsSecrets, concurrency } = prerequisitesOf(plan);
  return [
    ...secrets.map(({ namespace, name, keys }) => ["Secret", `${namespace}/${name}`, keys.join(", ")]),
    ...awsSecrets.map((name) => ["AWS", name, ""]),
    ...(concurrency === 0
      ? []
      : [
          [
            "Lambda",
            `${concurrency} concurrent runs to reserve`,
            `beside the ${UNRESERVED} that AWS keeps free`,
          ],
        ]),
  ];
}

function renameRows(plan: Plan): string[][] {
  return plan.servers.flatMap((server) =>
    server.formerly === null
      ? []
      : [[server.server, `formerly ${server.formerly}`, renameText(plan, server)]],
  );
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

/** Who ships the lines of which namespaces, or that nobody does, and what waits for them. */
function logRows({ logs: { shipping, unshipped } }: Plan): string[][] {
  if (shipping !== null)
    return [
      ["shipped", `from ${shipping.namespaces.join(", ")}`, `by ${shipping.namespace}/${shipping.name}`],
    ];
  if (unshipped === null) return [];
  const { reason, cure, apps, alarms } = unshipped;
  return [
    ["not shipped", reason],
    ["cure", cure],
    ["stay in the cluster", apps.join(", ")],
    ...(alarms.length === 0 ? [] : [["alarms that wait for them", alarms.join(", ")]]),
  ];
}

function scaleRows({ scale }: Plan): string[][] {
  if (scale === null) return [];
  const { servers, band, advice, shards, couldWait } = scale;
  return [
    [`${servers} servers`, `${band}: ${advice}`],
    [
      "probe in AWS",
      shards === 1
        ? "one run a minute checks all"
        : `${shards} runs of one function a minute, each with its part`,
    ],
    ...couldWait.map(({ everyMs, servers: names }) => [
      `every ${formatDuration(everyMs)}`,
      `would do for ${names.join(", ")}: found out later, and paid for less`,
    ]),
  ];
}

function costRows(plan: Plan): string[][] {
  const { cost } = plan;
  if (cost === null) return [];
  return [
    ...cost.lines.map(({ service, what, quantity, unitPrice, monthly, how }) => [
      service,
      what,
      `${quantity.toLocaleString("en")} x ${unitPrice.toLocaleString("en", { maximumFractionDigits: 8 })}`,
      usd(monthly),
      how,
    ]),
    ["in all", "", "", usd(cost.monthly), ceilingText(cost)],
    ...cost.servers.map(({ server, monthly }) => ["of it", server, "", usd(monthly), ""]),
    ["of it", "shared by all", "", usd(cost.shared), pricesText(plan, cost)],
    [
      "alarms per server",
      `${cost.alarmsPerServer} and ${cost.compositesPerServer} composites`,
      "",
      "",
      `written in ${cost.putSeconds} s, at 3 a second`,
    ],
  ];
}

function ceilingText({ monthly, ceiling, priced }: NonNullable<Plan["cost"]>): string {
  if (ceiling === null) return "no ceiling in the catalog";
  const text = monthly > ceiling ? `OVER the ceiling of ${usd(ceiling)}` : `ceiling ${usd(ceiling)}`;
  return `${text}, at prices of ${priced.region}`;
}

/** Which prices these are, and that an environment elsewhere pays others. */
function pricesText({ region }: Plan, { priced }: NonNullable<Plan["cost"]>): string {
  const text = `prices of ${priced.region}, ${priced.on}`;
  return region === null || region === priced.region
    ? text
    : `${text}: ${region} asks its own, often some percent more`;
}

const usd = (amount: number): string => `${amount.toFixed(2)} USD`;

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "None.";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
