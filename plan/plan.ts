import { catalogError, type Problem } from "../catalog/errors.ts";
import type { Environment, ResolvedObjective, Server } from "../catalog/types.ts";
import { isMeasured, successMetric } from "./alarm-specs.ts";
import { planAlarms } from "./alarms.ts";
import { planAlertmanager } from "./alertmanager/config.ts";
import { backupProblems, planBackups } from "./backups.ts";
import { burnInput, burnWindows, failuresToPage } from "./burn.ts";
import { planComposites } from "./composites.ts";
import { planCost } from "./cost.ts";
import { planDashboards } from "./dashboard.ts";
import { planEscalations } from "./escalation.ts";
import { infeasible } from "./feasible.ts";
import { planFleet } from "./fleet.ts";
import { planGrafana } from "./grafana/dashboards.ts";
import { alarmProblems } from "./limits.ts";
import { planLogs } from "./logs.ts";
import { planMaintenance } from "./maintenance-cloudwatch.ts";
import { PROBE_NAMESPACE, planProbe } from "./probe.ts";
import { secretProblems } from "./probe-secret-problems.ts";
import { planPrometheus } from "./prometheus/groups.ts";
import { publishedMetrics } from "./published.ts";
import { planScale } from "./scale.ts";
import { errorBudgetMs, goodCheck } from "./slo.ts";
import { planStatus, statusProblems } from "./status.ts";
import { planLogGroups } from "./storage.ts";
import type { FleetPlan, ObjectivePlan, Plan, ServerPlan } from "./types.ts";
import { planNamespaces, planWorkloads } from "./workloads.ts";

/**
 * Decides everything that an environment is to have, as plain JSON. Pure: no clock, no network, no credentials.
 * @throws RollcallError (catalog, exit 65) when a promise cannot be kept by its sampling, when CloudWatch
 * would refuse an alarm, or when a runner cannot read a secret that its checks need.
 */
export function buildPlan(environment: Environment): Plan {
  const servers = environment.servers.map((server) => planServer(environment, server));
  const fleet = planFleet(environment, servers);
  const problems = problemsOf(environment, servers, fleet);
  if (problems.length > 0) throw catalogError(problems);
  const dashboards = planDashboards(environment);
  const published = publishedMetrics(servers, dashboards);
  const probe = planProbe(environment, published);
  return {
    version: 1,
    environment: environment.name,
    platform: environment.platform,
    catalog: environment.digest,
    region: environment.aws?.region ?? null,
    protect: environment.aws?.protect ?? false,
    resolutionSeconds: environment.resolutionSeconds,
    floorByServer: Object.fromEntries(environment.servers.map(({ name, floor }) => [name, floor])),
    servers,
    fleet,
    budgetPolicy: environment.budgetPolicy.map(({ name, spent, freeze, consequence }) => ({
      name,
      spentPpm: spent,
      freeze,
      consequence,
    })),
    escalations: planEscalations(environment),
    defaultEscalation: environment.defaultEscalation,
    retention: {
      logsDays: environment.retention.logs,
      historyDays: environment.retention.history,
      backupsDays: environment.retention.backups,
    },
    namespaces: probe === null ? [] : planNamespaces(environment, PROBE_NAMESPACE),
    workloads: planWorkloads(environment),
    probe,
    scale: probe === null ? null : planScale(environment, probe.lambda.roster),
    logGroups: planLogGroups(environment),
    logs: planLogs(environment, probe),
    backups: planBackups(environment),
    status: planStatus(environment, probe),
    maintenance: planMaintenance(
      environment,
      [...servers, fleet].flatMap(({ composites }) => composites),
    ),
    dashboards,
    cost: planCost({ environment, servers, fleet, dashboards, published, probe }),
    prometheus: { groups: planPrometheus(environment) },
    operator: operatorOf(environment),
    alertmanager: planAlertmanager(environment),
    grafana: planGrafana(environment),
  };
}

function operatorOf({ kubernetes }: Environment): Plan["operator"] {
  if (kubernetes === null || !kubernetes.prometheus.operator) return null;
  return { ruleLabels: kubernetes.prometheus.ruleLabels };
}

/** Everything for which {@link buildPlan} would refuse an environment; empty when it would not. */
export function planProblems(environment: Environment): readonly Problem[] {
  const servers = environment.servers.map((server) => planServer(environment, server));
  return problemsOf(environment, servers, planFleet(environment, servers));
}

function problemsOf(
  environment: Environment,
  servers: readonly ServerPlan[],
  fleet: FleetPlan,
): readonly Problem[] {
  return [
    ...objectiveProblems(environment),
    ...servers.flatMap((server) => alarmProblems(server, `stacks/servers/${server.server}.yaml`)),
    ...alarmProblems(fleet, `stacks/${environment.name}.yaml`),
    ...secretProblems(environment),
    ...backupProblems(environment),
    ...statusProblems(environment),
  ];
}

function planServer(environment: Environment, server: Server): ServerPlan {
  const alarms = planAlarms(environment, server);
  return {
    server: server.name,
    formerly: server.formerly,
    description: server.description,
    owner: server.owner,
    escalation: server.escalation,
    probe: {
      everyMs: server.probe.every,
      timeoutMs: server.probe.timeout,
      samples: server.probe.samples,
      from: environment.platform === "local" ? ["local"] : server.probe.from,
    },
    endpoints: Object.fromEntries(
      Object.entries(server.endpoints).map(([runner, { mcp, rest }]) => [
        runner,
        { mcp, rest: rest?.url ?? null },
      ]),
    ),
    objectives: server.objectives.map((objective) => planObjective(environment, server, objective)),
    alarms,
    composites: planComposites(environment, server, alarms),
    unmeasured: server.thresholds
      .filter((threshold) => !isMeasured(environment, server, threshold))
      .map(({ name, metric }) => ({
        threshold: name,
        metric,
        reason: `no runner of ${environment.name} reads ${metric} yet`,
      })),
  };
}

function planObjective(
  environment: Environment,
  server: Server,
  objective: ResolvedObjective,
): ObjectivePlan {
  if (objective.sli === "latency") {
    return {
      name: objective.name,
      sli: "latency",
      percentile: objective.percentile,
      belowMs: objective.below,
    };
  }
  return {
    name: objective.name,
    sli: objective.sli,
    good: goodCheck(objective),
    metric: successMetric(objective),
    page: objective.page,
    failuresToPage: failuresToPage(burnWindows(environment, server, objective), server.floor),
    objectivePpm: objective.objective,
    windowMs: objective.window,
    budgetMs: errorBudgetMs(objective.objective, objective.window),
  };
}

/** Every objective that its sampling cannot carry, with what would. */
function objectiveProblems(environment: Environment): Problem[] {
  return environment.servers.flatMap((server) =>
    server.objectives.flatMap((objective): Problem[] => {
      if (objective.sli === "latency") return [];
      const found = infeasible({
        ...burnInput(environment, server, objective),
        windowMs: objective.window,
        leastEveryMs: environment.platform === "cloud" ? 60_000 : 1_000,
      });
      if (found === undefined) return [];
      return [
        {
          place: objective.place,
          path: `objectives.${objective.name}`,
          rule: `${found.rule} (${environment.name})`,
          cure: found.cure,
        },
      ];
    }),
  );
}
