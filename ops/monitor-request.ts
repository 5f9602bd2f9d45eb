import { messageOf, unavailableError } from "../catalog/errors.ts";
import { DRILL_TOKEN } from "../monitor/api.ts";
import type { RunningMonitor } from "../monitor/state-folder.ts";

const TIMEOUT_MS = 60_000;
/** Where a monitor keeps its state unless it is told otherwise. */
export const STATE_FOLDER = ".rollcall";

/** What a command that is suggested must say to reach the same monitor: nothing for the usual folder. */
export function stateFlag(folder: string): string {
  if (folder === STATE_FOLDER) return "";
  return ` --state ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`;
}

/**
 * Asks the running monitor of a state folder, with the token that the folder holds.
 * @throws RollcallError (unavailable) when it does not answer.
 */
export async function askMonitor(
  monitor: RunningMonitor,
  path: string,
  { method = "GET", query = {} }: { readonly method?: string; readonly query?: Record<string, string> } = {},
): Promise<{ readonly ok: boolean; readonly body: Record<string, unknown> }> {
  const url = new URL(path, monitor.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  try {
    const response = await fetch(url, {
      method,
      headers: { [DRILL_TOKEN]: monitor.token },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { ok: response.ok, body: (await response.json()) as Record<string, unknown> };
  } catch (error) {
    throw unavailableError(
      {
        place: monitor.url,
        rule: `the monitor does not answer (${messageOf(error)})`,
        cure: "see whether `npm start` still runs",
      },
      error,
    );
  }
}
