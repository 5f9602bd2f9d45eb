import { setTimeout as sleep } from "node:timers/promises";

/** What an API answered. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON, or null where it is none. */
  readonly body: unknown;
}

/** Posts JSON to an API; rejects when it does not take it. The message of an error has no secret. */
export type PostJson = (request: {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}) => Promise<Answer>;

const TRIES = 3;
const TRY_MS = 5_000;
/** An answer of an API of messages is a few hundred bytes. */
const MAX_ANSWER = 65_536;
/** A limit of calls that lasts longer is left to the next delivery. */
const MAX_PAUSE_MS = 10_000;
const FIRST_PAUSE_MS = 500;

/**
 * Posts JSON and repeats it where another try may help: no answer, too many requests, an error of the API itself.
 * Redirects are not followed.
 */
export function postJson(
  post: typeof fetch = fetch,
  pause: (ms: number) => Promise<unknown> = sleep,
): PostJson {
  return async ({ url, headers = {}, body }) => {
    for (let tries = 1; ; tries++) {
      const result = await once(() =>
        post(url, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json; charset=utf-8" },
          body: JSON.stringify(body),
          redirect: "error",
          signal: AbortSignal.timeout(TRY_MS),
        }),
      );
      if (result.answer !== null && result.again === null) return result.answer;
      if (result.again === null || tries === TRIES) throw new Error(result.problem);
      await pause(Math.min(result.again ?? FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS));
    }
  };
}

interface Try {
  readonly answer: Answer | null;
  readonly problem: string;
  /** Milliseconds after which another try may help; undefined where the API names none, null where it would not. */
  readonly again: number | undefined | null;
}

async function once(send: () => Promise<Response>): Promise<Try> {
  let response: Response;
  try {
    response = await send();
  } catch (error) {
    // the name alone: what fetch says may repeat the address
    const name = error instanceof Error ? error.name : "unknown error";
    return { answer: null, problem: `it could not be reached (${name})`, again: undefined };
  }
  const text = await bounded(response);
  const { status } = response;
  const problem = `it answered ${status}`;
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    return { answer: null, problem, again: Number.isNaN(seconds) ? undefined : seconds * 1_000 };
  }
  if (!response.ok) return { answer: null, problem, again: null };
  return { answer: { status, body: parsed(text) }, problem: "", again: null };
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER) break;
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
