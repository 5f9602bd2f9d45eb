import type { RestTarget } from "../catalog/target.ts";
import { classify, ProbeFault, printable } from "./classify.ts";
import type { HttpClient } from "./http/types.ts";
import { jsonOf, readComponents, sickWord } from "./rest/health-document.ts";
import { readNumbers } from "./rest/numbers.ts";
import { isSuccess, loadPages, type Page } from "./rest/pages.ts";
import type { ComponentReading, RestReading } from "./result.ts";

export interface RestRequest {
  readonly target: RestTarget;
  readonly http: HttpClient;
  readonly signal: AbortSignal;
  /** Masks what only the caller knows to be secret. @default nothing is masked */
  readonly redact?: (text: string) => string;
  /** Milliseconds since some fixed point. @default Date.now */
  readonly now?: () => number;
}

export interface RestPath {
  readonly reading: RestReading;
  /** Milliseconds of the health page alone, when it said yes. */
  readonly ms: number | null;
}

/**
 * Asks every page of the REST side at once, each address a single time. The health page decides: 2xx is ok
 * unless its document says otherwise. Never throws, and settles right after the signal aborts: what had come
 * by then is in the reading, so it must not be raced against the same signal.
 */
export async function readRest(request: RestRequest): Promise<RestPath> {
  const { target, http, signal, redact = String, now = Date.now } = request;
  const deadline = pathDeadline(signal, target.timeoutMs);
  try {
    const pages = await loadPages({ target, http, signal: deadline.signal, now });
    const health = pages.get(target.url);
    if (health === undefined) throw new ProbeFault("protocol", "the health page was not asked");
    const document = jsonOf(health.text);
    const fault = faultOf(health, document);
    const show = (text: string): string => printable(redact(text));
    const components = readComponents({ document, expected: target.components ?? {}, show });
    const reading: RestReading = {
      outcome: fault === null ? "ok" : "fail",
      ...(fault === null ? { failureClass: null, detail: "" } : classify(fault, redact)),
      httpStatus: health.status,
      components: fault === null || components.some(isNamed) ? components : [],
      live: answersYes(pages, target.live),
      ready: answersYes(pages, target.ready),
      numbers: readNumbers(target.numbers ?? [], pages),
    };
    return { reading, ms: fault === null ? health.ms : null };
  } catch (error) {
    return { reading: emptyRest({ outcome: "fail", ...classify(error, redact) }), ms: null };
  } finally {
    deadline.cancel();
  }
}

/** A reading of a path that was not asked, or of which nothing came. */
export function emptyRest(init: Pick<RestReading, "outcome" | "failureClass" | "detail">): RestReading {
  return { ...init, httpStatus: null, components: [], live: null, ready: null, numbers: {} };
}

/** What the health page does wrong, in the words of its first failure; null when it is well. */
function faultOf(page: Page, document: unknown): unknown {
  const { status, statusText } = page;
  if (status === null) return page.fault;
  if (status === 401 || status === 403) return new ProbeFault("auth", `HTTP ${status} ${statusText}`);
  if (!isSuccess(page)) return new ProbeFault("http", `HTTP ${status} ${statusText}`);
  const word = sickWord(document);
  if (word !== null) return new ProbeFault("http", `HTTP ${status}, but its status says ${word}`);
  return page.fault;
}

/** A page that failed as a whole says nothing about the components that it does not name. */
function isNamed({ value }: ComponentReading): boolean {
  return value !== null;
}

function answersYes(pages: ReadonlyMap<string, Page>, url: string | undefined): boolean | null {
  if (url === undefined) return null;
  const page = pages.get(url);
  return page !== undefined && isSuccess(page);
}

/** The signal of the check, or an earlier one where the path has a deadline of its own. */
function pathDeadline(
  outer: AbortSignal,
  ms: number | undefined,
): { readonly signal: AbortSignal; cancel(): void } {
  if (ms === undefined) return { signal: outer, cancel: () => undefined };
  const own = new AbortController();
  const fault = new ProbeFault("timeout", `no answer within ${ms} ms`);
  const timer = setTimeout(() => own.abort(fault), ms);
  return { signal: AbortSignal.any([outer, own.signal]), cancel: () => clearTimeout(timer) };
}
