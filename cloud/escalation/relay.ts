import { awsSecrets } from "../../probes/secrets/aws.ts";
import { shortLived } from "../../probes/secrets/cache.ts";
import { dynamoIncidents } from "./incidents.ts";
import { PAGERDUTY_API, tellPagerDuty } from "./pagerduty.ts";
import { postJson } from "./post.ts";
import { type ReadSecret, type RelayInput, relay, relayPlan, type TellTarget } from "./relay-rules.ts";
import { beside, tableSettings } from "./settings.ts";
import { SLACK_API, tellSlack } from "./slack.ts";
import { deliveriesOf } from "./sns-event.ts";

const read = shortLived(awsSecrets(), Date.now);
const secret: ReadSecret = async (name) => {
  const value = await read(name);
  if (value === undefined || value === "") throw new Error(`the parameter ${name} is not set`);
  return value;
};
const post = postJson();
const slack = { api: process.env.ROLLCALL_SLACK_API ?? SLACK_API, post, secret };
const pagerDuty = { api: process.env.ROLLCALL_PAGERDUTY_API ?? PAGERDUTY_API, post, secret };

const tell: TellTarget = ({ channel, endpoint }, notice) =>
  channel === "slack"
    ? tellSlack({ channel: endpoint, notice }, slack)
    : tellPagerDuty({ service: endpoint, notice }, pagerDuty);

const input: RelayInput = {
  plan: relayPlan.parse(beside("relay.json")),
  incidents: dynamoIncidents(tableSettings()),
  tell,
  now: Date.now,
};

/** The Lambda function that tells Slack and PagerDuty: subscribed to the topics of the levels. */
export async function handler(event: unknown): Promise<void> {
  for (const delivery of deliveriesOf(event)) await relay(delivery, input);
}
