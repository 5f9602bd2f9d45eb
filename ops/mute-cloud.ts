import type { CloudWatchClient, GetAlarmMuteRuleOutput } from "@aws-sdk/client-cloudwatch";
import { messageOf, unavailableError, usageError } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import { mutedAlarms, muteRules, scheduleAt } from "../plan/maintenance-cloudwatch.ts";
import { owned } from "../plan/names.ts";
import type { PlannedComposite } from "../plan/types.ts";
import { printable } from "../probes/classify.ts";
import type { MuteLine, MutePlace } from "./mute-place.ts";
import { lacksCredentials, noCredentials } from "./series-cloudwatch.ts";

const MINUTE_MS = 60_000;
/** P15D of PutAlarmMuteRule. */
const MAX_MS = 15 * 86_400_000;
/** `20261205T221500Z`, and the number of a further part. */
const STAMP = /^\d{8}T\d{6}Z(-\d+)?$/;

export interface CloudPlaceInput {
  readonly environment: Environment;
  /** Every composite of the environment's plan, those of the fleet too. */
  readonly composites: readonly PlannedComposite[];
  readonly client: Pick<CloudWatchClient, "send">;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** The alarm mute rules of CloudWatch, of those that belong to one environment. */
export async function cloudPlace(input: CloudPlaceInput): Promise<MutePlace> {
  const { environment, composites, client, now = Date.now } = input;
  const { DeleteAlarmMuteRuleCommand, PutAlarmMuteRuleCommand } = await import("@aws-sdk/client-cloudwatch");
  const prefix = (target: string): string => `${owned(environment.name, "mute")}-${target}-`;
  const asked = <T>(what: Promise<T>): Promise<T> =>
    what.catch((error: unknown) => refuse(environment, error));
  return {
    async begin({ target, reason, forMs }) {
      assertTarget(environment, target);
      const at = now();
      // rules begin on whole minutes: this one began with the minute that is running
      const from = Math.floor(at / MINUTE_MS) * MINUTE_MS;
      const length = Math.min(Math.ceil((at + forMs - from) / MINUTE_MS) * MINUTE_MS, MAX_MS);
      const servers = target === FLEET ? environment.servers.map(({ name }) => name) : [target];
      const rules = muteRules({
        name: prefix(target) + stampOf(at),
        description: printable(reason),
        alarms: mutedAlarms({ environment, servers, composites }),
        schedule: scheduleAt(from, length),
      });
      for (const { MuteTargets, Name, Description, Rule } of rules) {
        const AlarmNames = [...MuteTargets.AlarmNames];
        await asked(
          client.send(new PutAlarmMuteRuleCommand({ Name, Description, Rule, MuteTargets: { AlarmNames } })),
        );
      }
      return { until: new Date(from + length).toISOString() };
    },
    async end(target) {
      assertTarget(environment, target);
      const names = (await asked(ruleNames(client))).filter(
        (name) => name.startsWith(prefix(target)) && STAMP.test(name.slice(prefix(target).length)),
      );
      for (const AlarmMuteRuleName of names)
        await asked(client.send(new DeleteAlarmMuteRuleCommand({ AlarmMuteRuleName })));
      return names.length;
    },
    async list() {
      const mine = (await asked(ruleNames(client))).filter((name) => kindOf(environment, name) !== undefined);
      return asked(Promise.all(mine.map((name) => lineOf(client, environment, name))));
    },
  };
}

/** Names of the mute rules of the region that are on or will be: a summary has only the ARN. */
async function ruleNames(client: CloudPlaceInput["client"]): Promise<string[]> {
  const { ListAlarmMuteRulesCommand } = await import("@aws-sdk/client-cloudwatch");
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new ListAlarmMuteRulesCommand({
        Statuses: ["ACTIVE", "SCHEDULED"],
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const { AlarmMuteRuleArn } of page.AlarmMuteRuleSummaries ?? [])
      names.push(AlarmMuteRuleArn?.split(":alarm-mute-rule:")[1] ?? "");
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return names;
}

async function lineOf(
  client: CloudPlaceInput["client"],
  environment: Environment,
  name: string,
): Promise<MuteLine> {
  const { GetAlarmMuteRuleCommand } = await import("@aws-sdk/client-cloudwatch");
  const rule = await client.send(new GetAlarmMuteRuleCommand({ AlarmMuteRuleName: name }));
  return {
    kind: kindOf(environment, name) ?? "mute",
    name: name.slice(owned(environment.name, "").length),
    reason: printable(rule.Description ?? ""),
    until: endOf(rule),
  };
}

/** Whether a rule is a mute or a maintenance of this environment. */
function kindOf({ name: environment }: Environment, rule: string): MuteLine["kind"] | undefined {
  return (["mute", "maintenance"] as const).find((kind) => rule.startsWith(`${owned(environment, kind)}-`));
}

/** The end of a rule of ours, which begins at a time of UTC; null for every other one. */
function endOf({ Rule }: GetAlarmMuteRuleOutput): string | null {
  const { Expression = "", Duration = "", Timezone = "UTC" } = Rule?.Schedule ?? {};
  const [, at] = /^at\((.*)\)$/.exec(Expression) ?? [];
  const [, days = 0, hours = 0, minutes = 0] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(Duration) ?? [];
  const length = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * MINUTE_MS;
  const from = Date.parse(`${at}Z`);
  return Timezone !== "UTC" || Number.isNaN(from) ? null : new Date(from + length).toISOString();
}

const stampOf = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");

function assertTarget({ name, servers }: Environment, target: string): void {
  if (target === FLEET || servers.some((server) => server.name === target)) return;
  throw usageError({
    place: target,
    rule: `there is no server of this name in ${name}`,
    cure: `name one of ${servers.map((server) => server.name).join(", ")}, or ${FLEET}`,
  });
}

function refuse({ name }: Environment, error: unknown): never {
  if (lacksCredentials(error)) throw noCredentials(`CloudWatch of ${name}`, error);
  throw unavailableError(
    {
      place: `CloudWatch of ${name}`,
      rule: `the call was refused (${printable(messageOf(error))})`,
      cure: "see that the alarms are there and that the credentials may use cloudwatch:*AlarmMuteRule*",
    },
    error,
  );
}
