import type { MetricName } from "../catalog/metrics.ts";
import type { FamilyName } from "../catalog/shared.ts";
import type { Environment, Server } from "../catalog/types.ts";
import type { AlarmSpec } from "./alarm-specs.ts";
import { blockSeconds, pointSeconds } from "./points.ts";

/** Half of the samples of a point; a point with several samples fails when at least half of them do. */
const HALF = 0.5;
/** Hours before a credential or a certificate runs out in which somebody should know. */
export const EXPIRY_HOURS = 72;

/** The families of alarms that a condition can raise. */
export type ConditionFamily = Extract<
  FamilyName,
  | "degraded"
  | "auth"
  | "tools-missing"
  | "tools-breaking"
  | "tools-wording"
  | "tools-additive"
  | "dependency"
  | "expiry"
>;

/** One condition of a server besides up and down: which metric says so, and from which value on. */
interface Condition {
  readonly family: ConditionFamily;
  readonly metric: MetricName;
  readonly detail: string;
  /** Judged by the average of a 0/1 metric, by the largest count, or by the hours that are left. */
  readonly kind: "share" | "count" | "hours";
  readonly applies: boolean;
}

/** What the paths, the tools, the credentials and the dependencies of a server can say besides up and down. */
export function conditionSpecs(environment: Environment, server: Server): AlarmSpec[] {
  const point = {
    guards: null,
    period: pointSeconds(environment, server),
    ...server.floor,
    comparison: "GreaterThanOrEqualToThreshold",
    missing: "notBreaching",
  } as const;
  return conditionsOf(server).map(({ family, metric, detail, kind }): AlarmSpec => {
    const common = { ...point, family, suffix: family, detail, metric };
    return { ...common, ...judgement(environment, server, kind) };
  });
}

/** The conditions that a server can be in, as its file describes it. */
export function conditionsOf(server: Server): Condition[] {
  return everyCondition(server).filter(({ applies }) => applies);
}

function everyCondition(server: Server): Condition[] {
  const rests = Object.values(server.endpoints).flatMap(({ rest }) => (rest === null ? [] : [rest]));
  const replicas = Object.values(server.endpoints).some((endpoint) => endpoint.replicas !== null);
  const components = new Set(rests.flatMap((rest) => Object.keys(rest.components ?? {})));
  const { requiredTools, contract, dependencies } = server;
  const promised = new Set([...requiredTools, ...(contract?.tools.map(({ tool }) => tool) ?? [])]);
  const locked = contract !== null;
  const degraders = [
    ...(rests.length === 0 ? [] : ["the MCP and REST paths"]),
    ...(components.size === 0 ? [] : [`${components.size} components`]),
    ...(replicas ? ["the replicas"] : []),
    ...(dependencies.length === 0 ? [] : ["what it depends on"]),
  ];
  return [
    {
      family: "degraded",
      metric: "Degraded",
      detail: `one of ${degraders.join(", ")} is not well`,
      kind: "share",
      applies: degraders.length > 0,
    },
    {
      family: "auth",
      metric: "AuthRefused",
      detail: "a path is refused with 401 or 403",
      kind: "share",
      applies: true,
    },
    {
      family: "tools-missing",
      metric: "ToolsMissing",
      detail: `one or more of ${promised.size} promised tools are not listed`,
      kind: "count",
      applies: promised.size > 0,
    },
    {
      family: "tools-breaking",
      metric: "ToolsBreaking",
      detail: "a tool takes or gives something else than its contract says, and callers may break",
      kind: "count",
      applies: locked,
    },
    {
      family: "tools-wording",
      metric: "ToolsWording",
      detail: "a tool describes itself otherwise than reviewed",
      kind: "count",
      applies: locked,
    },
    {
      family: "tools-additive",
      metric: "ToolsAdditive",
      detail: "there are tools or options that the contract does not know",
      kind: "count",
      applies: locked,
    },
    {
      family: "dependency",
      metric: "DependenciesFailed",
      detail: `one or more of ${dependencies.map(({ name }) => name).join(", ")} fail`,
      kind: "count",
      applies: dependencies.length > 0,
    },
    {
      family: "expiry",
      metric: "HoursToExpiry",
      detail: `the credential or the certificate runs out within ${EXPIRY_HOURS} hours`,
      kind: "hours",
      applies: expires(server),
    },
  ];
}

/** Whether anything that a check sees of this server has an end of its own. */
function expires({ credentials, tls, endpoints }: Server): boolean {
  const https = Object.values(endpoints).some(({ mcp }) => mcp?.startsWith("https:") === true);
  const ends = credentials?.kind === "bearer" || credentials?.kind === "client-credentials";
  return https || ends || tls?.certificate !== undefined;
}

type Judgement = Pick<AlarmSpec, "statistic" | "threshold"> &
  Partial<Pick<AlarmSpec, "period" | "m" | "n" | "comparison" | "missing">>;

function judgement(environment: Environment, server: Server, kind: Condition["kind"]): Judgement {
  if (kind === "share") return { statistic: "Average", threshold: HALF };
  if (kind === "count") return { statistic: "Maximum", threshold: 1 };
  // an end comes slowly, and one odd answer moves nothing
  return {
    statistic: "Minimum",
    threshold: EXPIRY_HOURS,
    period: blockSeconds(environment, server),
    m: 2,
    n: 3,
    comparison: "LessThanThreshold",
    // a server that fails shows no certificate, and that makes an old one no younger
    missing: "ignore",
  };
}
