import {
  ExecutionAlreadyExists,
  SFNClient,
  type SFNClientConfig,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Incident } from "./incident.ts";
import type { Incidents, Pointed } from "./incidents.ts";
import { readIntake, type StarterPlan } from "./intake.ts";
import { LIMITS } from "./limits.ts";
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
  const { place, replaced } = incident.drill ? DRILL : await incidents.point(incident);
  tell({ event: "begin", alarm: incident.alarm, incident: incident.id, place, replaced });
  // deliveries overtake each other: an alarm that is over, or has fired again since, is not told any more
  if (place !== "newest") return;
  await start(incident);
  if (replaced !== null) await end(replaced, incident, input);
}

const DRILL: Pointed = { place: "newest", replaced: null };

/**
 * Ends the incident before of an alarm that has fired anew and whose OK was not heard. One alarm has one ladder, so that
 * one acknowledgement stops it; and that is the new one, from its first level: whether the old one still runs is not
 * known here, and who has acknowledged it may believe that it is mended. Nobody is told that the old one is over: the
 * new one tells those, too, when it is.
 */
async function end(
  replaced: string,
  by: Incident,
  { incidents, wake, tell }: Pick<StarterInput, "incidents" | "wake" | "tell">,
): Promise<void> {
  const record = await incidents.supersede(replaced, by);
  tell({ event: "superseded", alarm: by.alarm, incident: record?.incident.id ?? null, by: by.id });
  if (record !== undefined) await wake(record.task, { kind: "recovered" });
}

/** Starts executions of a state machine under the name of the incident, so that a second one is refused. */
export function startMachine(machineArn: string, config: SFNClientConfig = {}): Start {
  const client = new SFNClient({ ...LIMITS, ...config });
  return async (incident) => {
    const input = JSON.stringify(incident);
    try {
      await client.send(new StartExecutionCommand({ stateMachineArn: machineArn, name: incident.id, input }));
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  };
}
