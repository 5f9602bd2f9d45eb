import { fileURLToPath } from "node:url";
import { type RosterSummary, readRoster, runRoster } from "./roster.ts";

/** The probe Lambda: checks every server of its roster and writes one EMF line for each. */
export async function handler(): Promise<RosterSummary> {
  const beside = fileURLToPath(new URL("roster.json", import.meta.url));
  const roster = await readRoster(process.env.ROLLCALL_ROSTER ?? beside);
  return runRoster(roster, { write: (line) => process.stdout.write(line) });
}
