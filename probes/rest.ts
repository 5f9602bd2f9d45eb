import type { Reach } from "./address.ts";
import { classify, ProbeFault, printable } from "./classify.ts";
import { createFetcher } from "./fetch.ts";
import type { RestReading } from "./result.ts";

/** Words by which a health document says that its service is down, whatever the HTTP status. */
const SICK_WORDS: ReadonlySet<string> = new Set(["unhealthy", "down", "error", "fail", "failed"]);

export interface RestRequest {
  readonly url: string;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** Asks the REST path once: 2xx is ok unless its JSON document says otherwise. Never throws. */
export async function readRest({ url, reach, signal }: RestRequest): Promise<RestReading> {
  const fetcher = createFetcher({ reach });
  let httpStatus: number | null = null;
  try {
    const response = await fetcher.fetch(url, { signal, headers: { accept: "application/json, */*;q=0.5" } });
    httpStatus = response.status;
    const word = response.ok ? sickWord(await response.text()) : null;
    if (word !== null) throw new ProbeFault("http", `HTTP ${httpStatus}, but its status says ${word}`);
    if (!response.ok) throw statusFault(response);
    return { outcome: "ok", failureClass: null, httpStatus, detail: "" };
  } catch (error) {
    const { failureClass, detail } = classify(error);
    return { outcome: "fail", failureClass, httpStatus, detail };
  } finally {
    fetcher.close();
  }
}

function statusFault({ status, statusText }: Response): ProbeFault {
  const refused = status === 401 || status === 403;
  return new ProbeFault(refused ? "auth" : "http", `HTTP ${status} ${statusText}`);
}

function sickWord(text: string): string | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null || !("status" in document)) return null;
    const word = typeof document.status === "string" ? document.status.trim().toLowerCase() : "";
    return SICK_WORDS.has(word) ? printable(word) : null;
  } catch {
    return null;
  }
}
