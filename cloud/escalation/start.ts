import {
  ExecutionAlreadyExists,
  SFNClient,
  type SFNClientConfig,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Incident } from "./incident.ts";
import type { Incidents } from "./incidents.ts";
import { readIntake, type StarterPlan } from "./intake.ts";
import type { Wake } from "./wake.ts";

/** Starts the execution of an incident; one that has been started is left alone. */
export type Start = (incident: Incident) => Promise<void>;

export interface StarterInput {
  readonly plan: StarterPlan;
  readonly incidents: Incidents;
  readonly start: Start;
  readonly wake: Wake;
  /** Takes one line about what was done. */
  readonly tell: (line: object) => void;
}

/** Takes one message of the intake topic, as often as it is delivered. */
export async function takeMessage(message: string, input: StarterInput): Promise<void> {
  const { plan, incidents, start, wake, tell } = input;
  const intake = readIntake(message, plan);
  if (intake.what === "nothing") return;
  if (intake.what === "end") {
    const record = await incidents.recover(intake.alarm, intake.at);
    tell({ event: "over", alarm: intake.alarm, incident: record?.incident.id ?? null });
    if (record !== undefined) await wake(record.task, { kind: "recovered" });
    return;
  }
  const { incident } = intake;
  // before the pointer, so that whoever follows it finds the incident
  await incidents.open(incident);
  const place = incident.drill ? "newest" : await incidents.point(incident);
  tell({ event: "begin", alarm: incident.alarm, incident: incident.id, place });
  // deliveries overtake each other: an alarm that is over, or has fired again since, is not told any more
  if (place === "newest") await start(incident);
}

/** Starts executions of a state machine under the name of the incident, so that a second one is refused. */
export function startMachine(machineArn: string, config: SFNClientConfig = {}): Start {
  const client = new SFNClient({ maxAttempts: 4, ...config });
  return async (incident) => {
    const input = JSON.stringify(incident);
    try {
      await client.send(new StartExecutionCommand({ stateMachineArn: machineArn, name: incident.id, input }));
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  };
}
