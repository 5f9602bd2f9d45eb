import { EXIT, type Problem, RollcallError } from "../catalog/errors.ts";
import { ProbeFault } from "./classify.ts";
import type { HttpClient, HttpRequest } from "./http/types.ts";
import { type FailureClass, isFailed, type Observation, type PathVerdict } from "./result.ts";

/** How long an answer about our own network is kept, in milliseconds. */
const FRESH_MS = 10_000;
/** How long a control address may take, in milliseconds; they are asked at once. */
const TIMEOUT_MS = 3_000;

/** Whether our own network is up. */
export interface Control {
  /** Never throws. True when there is no address to ask: without evidence nothing is excused. */
  reachable(): Promise<boolean>;
}

export interface ControlInput {
  /** HTTP addresses outside of the fleet. */
  readonly addresses: readonly string[];
  readonly http: HttpClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long an answer is kept, in milliseconds. @default 10 000 */
  readonly freshMs?: number;
  /** @default 3 000 */
  readonly timeoutMs?: number;
}

/**
 * A control that asks every address at once and is content with any HTTP answer of any of them, whatever its
 * status. However many servers fail at a time, one question is under way, and its answer is kept for
 * `freshMs`. Throws a RollcallError that names every address that is none: one that can never answer would
 * excuse every outage.
 */
export function createControl({
  addresses,
  http,
  now,
  freshMs = FRESH_MS,
  timeoutMs = TIMEOUT_MS,
}: ControlInput): Control {
  const urls = urlsOf(addresses);
  let kept: { readonly reachable: boolean; readonly at: number } | null = null;
  let flight: Promise<boolean> | null = null;
  const ask = async (): Promise<boolean> => {
    const reachable = await anyAnswers({ urls, http, timeoutMs });
    kept = { reachable, at: now() };
    flight = null;
    return reachable;
  };
  return {
    reachable: async () => {
      if (urls.length === 0) return true;
      const age = kept === null ? Number.NaN : now() - kept.at;
      if (kept !== null && age >= 0 && age < freshMs) return kept.reachable;
      flight ??= ask();
      return flight;
    },
  };
}

/**
 * The observation as it counts. A failure that may be our own network's, while that is down, is doubt: the
 * status becomes `unknown`, the readings stay as they are. Two kinds are never excused: a server on this
 * machine is not behind our network, and a server of which any path was answered was reached through it. The
 * control is asked only when it matters.
 */
export async function judged(
  observation: Observation,
  { control, local }: { readonly control: Control; readonly local: boolean },
): Promise<Observation> {
  const { status, mcp, rest } = observation.result;
  const isExcusable =
    !local && status !== "unknown" && [mcp, rest].some(isFailed) && ![mcp, rest].some(wasAnswered);
  if (!isExcusable || (await control.reachable())) return observation;
  return {
    ...observation,
    result: { ...observation.result, status: "unknown", finding: "our own network is down" },
  };
}

/**
 * Classes of failures that only an answer of the server can have. A refusal may be a credential of ours not
 * found.
 */
const ANSWERED: ReadonlySet<FailureClass | null> = new Set(["http", "rpc", "tool", "capability"]);

function wasAnswered({ outcome, failureClass }: PathVerdict): boolean {
  return outcome === "ok" || (outcome === "fail" && ANSWERED.has(failureClass));
}

async function anyAnswers({
  urls,
  http,
  timeoutMs,
}: {
  readonly urls: readonly URL[];
  readonly http: HttpClient;
  readonly timeoutMs: number;
}): Promise<boolean> {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    await Promise.any(urls.map((url) => answer(http, { url, signal })));
    return true;
  } catch {
    return false;
  } finally {
    enough.abort();
  }
}

/** Resolves when an address has answered; throws what `send` throws when it has not. */
async function answer(http: HttpClient, asked: Pick<HttpRequest, "url" | "signal">): Promise<void> {
  try {
    const answered = await http.send({ ...asked, method: "HEAD", headers: {} });
    answered.discard();
  } catch (error) {
    // a redirect that is not followed, say: refused by us, but answered by somebody
    if (error instanceof ProbeFault && error.failureClass === "http") return;
    throw error;
  }
}

function urlsOf(addresses: readonly string[]): URL[] {
  const problems: Problem[] = [];
  const urls: URL[] = [];
  for (const address of addresses) {
    const url = URL.parse(address);
    if (url !== null && /^https?:$/.test(url.protocol)) urls.push(url);
    else problems.push({ place: address, path: "control", rule: RULE, cure: CURE });
  }
  if (problems.length > 0) throw new RollcallError({ code: "CONTROL", exitCode: EXIT.catalog, problems });
  return urls;
}

const RULE = "a control address must be an HTTP address";
const CURE = "write one that begins with http:// or https://";
