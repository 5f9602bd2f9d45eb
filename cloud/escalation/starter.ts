import { dynamoIncidents } from "./incidents.ts";
import { starterPlan } from "./intake.ts";
import { beside, setting, tableSettings } from "./settings.ts";
import { deliveriesOf } from "./sns-event.ts";
import { startMachine, takeMessage } from "./start.ts";
import { wakeByToken } from "./wake.ts";

const input = {
  plan: starterPlan.parse(beside("starter.json")),
  incidents: dynamoIncidents(tableSettings()),
  start: startMachine(setting("ROLLCALL_MACHINE")),
  wake: wakeByToken(),
  tell: (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`),
};

/** The Lambda function that begins and ends incidents: subscribed to the intake topic. */
export async function handler(event: unknown): Promise<void> {
  for (const { message } of deliveriesOf(event)) await takeMessage(message, input);
}
