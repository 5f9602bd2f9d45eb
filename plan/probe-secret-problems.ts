import type { Problem } from "../catalog/errors.ts";
import type { SecretRef } from "../catalog/secrets.ts";
import type { CheckTarget } from "../catalog/target.ts";
import type { Environment } from "../catalog/types.ts";
import { lambdaSecrets, referencesOf } from "./probe-secrets.ts";
import { planRoster } from "./roster.ts";

/** Each runner of a cloud environment reads one kind of secrets: those of the place where it runs. */
const RUNNERS = {
  aws: { called: "the Lambda", reads: "aws", form: "{ aws: name }" },
  cluster: { called: "the CronJob", reads: "kubernetes", form: "{ kubernetes: name/key }" },
} as const;

type CloudRunner = keyof typeof RUNNERS;
const NAMES = ["aws", "cluster"] as const satisfies readonly CloudRunner[];

/** A whole ARN; without the six characters that Secrets Manager adds, a role that names it may not read it. */
const WHOLE_ARN =
  /^arn:aws[\w-]*:(secretsmanager:[\w-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}|ssm:[\w-]+:\d{12}:parameter\/.+)$/;

/** Characters of all inline policies of one role together (quotas of IAM). */
const MAX_ROLE_POLICIES = 10_240;
/** What a name costs beyond itself, its ARN in quotes, and what the role's other policies take. */
const POLICY = { perSecret: 90, rest: 1_000 } as const;

/**
 * Every secret that a runner needs and cannot read. Each runner is judged for itself: one that lacks a
 * credential would report `auth` each minute and see nothing of the server, however well the other one does.
 */
export function secretProblems(environment: Environment): Problem[] {
  if (environment.platform === "local") return [];
  const rosters = {
    aws: planRoster(environment, "aws"),
    cluster: planRoster(environment, "cluster"),
  };
  const targets = NAMES.flatMap((runner) => rosters[runner].targets.map((target) => ({ runner, target })));
  const byServer = Map.groupBy(targets, ({ target }) => target.server);
  return [
    ...[...byServer.values()].flatMap((checks) => serverProblems(environment.name, checks)),
    ...sizeProblems(environment.name, lambdaSecrets(rosters.aws)),
  ];
}

interface Check {
  readonly runner: CloudRunner;
  readonly target: CheckTarget;
}

function serverProblems(environment: string, checks: readonly Check[]): Problem[] {
  const needs = checks.flatMap(({ runner, target }) =>
    referencesOf(target).map((reference) => ({ ...reference, runner, server: target.server })),
  );
  return [...Map.groupBy(needs, ({ path }) => path).values()].flatMap((group): Problem[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { server, path, ref } = first;
    const found = flawOf(
      ref,
      group.map(({ runner }) => runner),
    );
    if (found === undefined) return [];
    const rule = `${found.rule} (${environment})`;
    return [{ place: `stacks/servers/${server}.yaml`, path, rule, cure: found.cure }];
  });
}

/** What keeps one of the runners that need a reference from reading it. */
function flawOf(
  ref: SecretRef,
  needed: readonly CloudRunner[],
): { readonly rule: string; readonly cure: string } | undefined {
  const name = "aws" in ref ? ref.aws.replace(/#.*$/, "") : "";
  if (name.startsWith("arn:") && !WHOLE_ARN.test(name)) {
    return {
      rule: `${shown(ref)} is no whole ARN of a secret or a parameter`,
      cure: "write its name, or the ARN as AWS shows it, with the six characters at the end of a secret's",
    };
  }
  const blind = needed.filter((runner) => !(RUNNERS[runner].reads in ref));
  const [first, second] = blind.map((runner) => RUNNERS[runner].called);
  if (first === undefined) return undefined;
  const who = second === undefined ? `${first} cannot` : `neither ${first} nor ${second} can`;
  return { rule: `${who} read ${shown(ref)}`, cure: cureOf(ref, needed) };
}

/** No reference is read by both, so that a server whose secret both would need is checked by one of them. */
function cureOf(ref: SecretRef, needed: readonly CloudRunner[]): string {
  const readable = NAMES.filter((runner) => RUNNERS[runner].reads in ref);
  const from = readable.map((runner) => `probe.from: [${runner}]`);
  const others = NAMES.filter((runner) => !readable.includes(runner)).flatMap((runner) => {
    const { form } = RUNNERS[runner];
    if (needed.length > 1) return [`${form} with probe.from: [${runner}]`];
    return needed.includes(runner) ? [form] : [];
  });
  return `write ${[...from, ...others].join(", or ")}`;
}

function shown(ref: SecretRef): string {
  return `{ ${Object.entries(ref)
    .map(([kind, name]) => `${kind}: ${name}`)
    .join()} }`;
}

function sizeProblems(environment: string, secrets: readonly string[]): Problem[] {
  const size = POLICY.rest + POLICY.perSecret * secrets.length + secrets.join("").length;
  if (size <= MAX_ROLE_POLICIES) return [];
  return [
    {
      place: `stacks/${environment}.yaml`,
      path: "",
      rule: `its servers name ${secrets.length} secrets of AWS, about ${size} characters of policy; a role takes ${MAX_ROLE_POLICIES}`,
      cure: "keep several values in one secret of JSON ({ aws: name#key }), or check some servers from [cluster] alone",
    },
  ];
}
