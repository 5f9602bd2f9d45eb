import { dynamoIncidents } from "./incidents.ts";
import { signByKey } from "./link.ts";
import { mutedByRule } from "./mutes.ts";
import { type NotifierAnswer, notifierEvent, notify, publishTo } from "./notify.ts";
import { setting, tableSettings } from "./settings.ts";

const tell = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const input = {
  incidents: dynamoIncidents(tableSettings()),
  publish: publishTo(setting("ROLLCALL_TOPICS")),
  isMuted: mutedByRule(tell),
  sign: signByKey(setting("ROLLCALL_LINK_KEY")),
  door: setting("ROLLCALL_DOOR"),
  now: Date.now,
  tell,
};

/** The Lambda function that tells levels: called by the state machine. */
export async function handler(event: unknown): Promise<NotifierAnswer> {
  return notify(notifierEvent.parse(event), input);
}
