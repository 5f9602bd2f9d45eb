import type { SNSClientConfig } from "@aws-sdk/client-sns";
import { messageOf, type RollcallError, unavailableError } from "../catalog/errors.ts";
import type { DrillMessage } from "../cloud/escalation/intake.ts";
import type { EscalatorPlan } from "../plan/escalator.ts";
import { printable } from "../probes/classify.ts";
import type { DrillState } from "./escalation-drill.ts";
import { type Listed, type Listeners, listenersOf, plannedListeners } from "./escalation-listeners.ts";
import { lacksCredentials, noCredentials } from "./series-cloudwatch.ts";

/** A topic of an environment with who listens to it, and who should. */
export interface TopicStatus extends Listeners {
  readonly topic: string;
  /** False where the stack has not been brought up, or the topic was deleted by hand. */
  readonly exists: boolean;
}

/** The escalation of an environment in somebody's AWS account. Every call throws a RollcallError (unavailable). */
export interface EscalationAccount {
  /** The topic that the alarms publish to, then those of the levels in the order of the plan, each once. */
  topics(): Promise<readonly TopicStatus[]>;
  publish(message: DrillMessage): Promise<void>;
  drillState(incident: string): Promise<DrillState>;
}

/** Opens it with the credentials and the endpoint that the SDK finds by itself; `config` overrides what it finds. */
export async function openEscalation(input: {
  readonly plan: EscalatorPlan;
  readonly region: string;
  /** @default nothing */
  readonly config?: Pick<SNSClientConfig, "endpoint" | "credentials">;
}): Promise<EscalationAccount> {
  const { plan, region, config = {} } = input;
  const { ListSubscriptionsByTopicCommand, ListTopicsCommand, PublishCommand, SNSClient } = await import(
    "@aws-sdk/client-sns"
  );
  const { dynamoIncidents } = await import("../cloud/escalation/incidents.ts");
  const client = new SNSClient({ region, maxAttempts: 3, ...config });
  const { table, keepDays } = plan;
  const incidents = dynamoIncidents({ table, keepDays, client: { region, maxAttempts: 3, ...config } });
  const asked = <T>(place: string, what: Promise<T>): Promise<T> =>
    what.catch((error: unknown) => {
      throw refused(place, error);
    });

  /** Topics have ARNs that hold the account, which nobody has to know here. */
  const arns = async (): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>();
    let NextToken: string | undefined;
    do {
      const page = await client.send(new ListTopicsCommand(NextToken === undefined ? {} : { NextToken }));
      for (const { TopicArn = "" } of page.Topics ?? [])
        found.set(TopicArn.split(":").at(-1) ?? "", TopicArn);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return found;
  };
  const statusOf = async (topic: string, TopicArn: string | undefined): Promise<TopicStatus> => {
    const planned = plannedListeners(plan, topic);
    if (TopicArn === undefined) return { topic, exists: false, ...listenersOf([], planned) };
    const listed: Listed[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new ListSubscriptionsByTopicCommand({ TopicArn, ...(NextToken === undefined ? {} : { NextToken }) }),
      );
      listed.push(...(page.Subscriptions ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return { topic, exists: true, ...listenersOf(listed, planned) };
  };
  return {
    topics: () =>
      asked(
        `SNS of ${plan.environment}`,
        arns().then(async (known) => {
          const names = plan.escalations.flatMap(({ levels }) => levels.map(({ topic }) => topic));
          const statuses: TopicStatus[] = [];
          // one after the other: SNS answers 30 of these a second
          for (const name of new Set([plan.intake, ...names]))
            statuses.push(await statusOf(name, known.get(name)));
          return statuses;
        }),
      ),
    async publish(message) {
      const place = `topic ${plan.intake}`;
      const TopicArn = (await asked(place, arns())).get(plan.intake);
      if (TopicArn === undefined) {
        const cure = `bring the stack up first: pulumi up --stack ${plan.environment}`;
        throw unavailableError({ place, rule: `there is none in ${region}`, cure });
      }
      await asked(place, client.send(new PublishCommand({ TopicArn, Message: JSON.stringify(message) })));
    },
    drillState: (incident) =>
      asked(
        `DynamoDB table ${table}`,
        (async () => {
          const record = await incidents.find(incident);
          const ids = record?.sent.map(({ messageId }) => messageId) ?? [];
          const arrivals = await Promise.all(
            ids.map(async (id) => [id, await incidents.arrivals(id)] as const),
          );
          return { record, arrivals: new Map(arrivals) };
        })(),
      ),
  };
}

function refused(place: string, error: unknown): RollcallError {
  if (lacksCredentials(error)) return noCredentials(place, error);
  return unavailableError(
    {
      place,
      rule: `the call was refused (${printable(messageOf(error))})`,
      cure: "see that the stack is up, and that who you are may list and publish to its topics and read its table",
    },
    error,
  );
}
