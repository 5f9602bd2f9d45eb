import type { RestTarget } from "../../catalog/target.ts";
import { ProbeFault } from "../classify.ts";
import type { HttpClient } from "../http/types.ts";

/** One page as it answered, once. */
export interface Page {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly statusText: string;
  /** Null when it was not wanted or did not arrive whole. */
  readonly text: string | null;
  /** Why the page or its text is missing; null when all that was wanted came. */
  readonly fault: unknown;
  /** From asking to the end of what was read. */
  readonly ms: number;
}

export interface PagesRequest {
  readonly target: RestTarget;
  readonly http: HttpClient;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** What is read of a page; one that serves several ends is read for the first of them in this order. */
const ACCEPT = {
  json: "application/json, */*;q=0.5",
  prometheus: "application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4;q=0.5, */*;q=0.1",
  status: "*/*",
} as const;
type Use = keyof typeof ACCEPT;

/** Asks every page that a target names, at once and each a single time. Never throws. */
export async function loadPages(request: PagesRequest): Promise<ReadonlyMap<string, Page>> {
  const uses = usesOf(request.target);
  const pages = [...uses].map(async ([url, use]): Promise<[string, Page]> => {
    return [url, await load({ ...request, url, use })];
  });
  return new Map(await Promise.all(pages));
}

export function isSuccess({ status }: Page): boolean {
  return status !== null && status >= 200 && status < 300;
}

function usesOf({ url, numbers = [], live, ready }: RestTarget): ReadonlyMap<string, Use> {
  const wanted: [string, Use][] = [
    [url, "json"],
    ...numbers.map((source): [string, Use] => [source.url, source.kind]),
  ];
  for (const page of [live, ready]) if (page !== undefined) wanted.push([page, "status"]);
  const rank = Object.keys(ACCEPT);
  // The last entry of a key stands: the most demanding use goes last.
  return new Map(wanted.toSorted(([, a], [, b]) => rank.indexOf(b) - rank.indexOf(a)));
}

async function load(request: PagesRequest & { readonly url: string; readonly use: Use }): Promise<Page> {
  const { http, signal, now, url, use } = request;
  const startedAt = now();
  let answered = { status: null as number | null, statusText: "" };
  const page = (text: string | null, fault: unknown): Page => ({
    ...answered,
    text,
    fault,
    ms: Math.max(0, Math.round(now() - startedAt)),
  });
  try {
    if (!URL.canParse(url)) throw new ProbeFault("connect", "the address is none");
    const headers = { accept: ACCEPT[use] };
    const answer = await http.send({ url: new URL(url), method: "GET", headers, signal });
    answered = { status: answer.status, statusText: answer.statusText };
    if (use !== "status") return page(await answer.text(), null);
    answer.discard();
    return page(null, null);
  } catch (error) {
    // The deadline says more than an abort does.
    const aborted = signal.aborted && !(error instanceof ProbeFault);
    return page(null, aborted ? signal.reason : error);
  }
}
