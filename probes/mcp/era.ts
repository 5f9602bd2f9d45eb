import { ProbeFault } from "../classify.ts";
import type { RememberedEra } from "../session.ts";
import { bound } from "./bound.ts";
import type { Channel } from "./channel.ts";
import {
  HEADER_MISMATCH,
  HttpFault,
  MISSING_CLIENT_CAPABILITY,
  RpcFault,
  UNSUPPORTED_VERSION,
} from "./faults.ts";
import { type Agreement, discover, initialize, type Refusal, supportedIn, unsupported } from "./handshake.ts";
import { MODERN_VERSION } from "./headers.ts";

export interface Question {
  readonly channel: Channel;
  readonly remembered: RememberedEra | undefined;
  readonly traceparent: string | undefined;
  /** Milliseconds of silence after which a server counts as legacy; null where silence is an outage. */
  readonly silenceMs: number | null;
}

/**
 * Finds out which generation a server belongs to, and does what it wants before the first request: the
 * modern question first, `initialize` when the answer is not a modern one. Throws the ProbeFault that says
 * most; timeouts, refused credentials and statuses from 500 on are answered at once, they prove no era.
 */
export async function agree(question: Question, signal: AbortSignal): Promise<Agreement> {
  const { channel, remembered } = question;
  if (remembered?.era === "legacy") {
    try {
      return await initialize(channel, signal);
    } catch (error) {
      // What was remembered may have been replaced by a modern server: ask anew, once.
      if (!provesOtherEra(error)) throw error;
    }
  }
  return question.silenceMs === null
    ? settle(channel, await askModern(question, signal), signal)
    : agreeOrSilence(question, question.silenceMs, signal);
}

/** Whether what a request was answered with speaks for a server of the other generation. */
export function provesOtherEra(error: unknown): boolean {
  if (error instanceof RpcFault) return true;
  if (!(error instanceof HttpFault)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && !VERDICTS.has(status);
}

/** Statuses of the 4xx that say something else than "I do not know this". */
const VERDICTS: ReadonlySet<number> = new Set([401, 403, 407, 429]);

async function askModern(
  { channel, traceparent }: Question,
  signal: AbortSignal,
): Promise<Agreement | Refusal> {
  try {
    return await discover(channel, traceparent, signal);
  } catch (error) {
    if (!provesOtherEra(error)) throw error;
    if (error instanceof RpcFault) {
      // These two only a modern server knows, and it has said what is wrong.
      if (error.code === HEADER_MISMATCH || error.code === MISSING_CLIENT_CAPABILITY) throw error;
      const supported = supportedIn(error);
      if (error.code === UNSUPPORTED_VERSION && supported.length > 0) {
        // Refusing the very version that it names: there is no other one to pick.
        if (supported.includes(MODERN_VERSION)) throw error;
        return unsupported(supported);
      }
    }
    return {
      era: "unknown",
      why: error instanceof ProbeFault ? error : new ProbeFault("protocol", String(error)),
    };
  }
}

async function settle(
  channel: Channel,
  answer: Agreement | Refusal,
  signal: AbortSignal,
): Promise<Agreement> {
  if (answer.era !== "unknown") return answer;
  try {
    return await initialize(channel, signal);
  } catch (error) {
    // A modern server after all, so what it said to the modern question is what is wrong with it.
    const { why } = answer;
    const isModern = why instanceof RpcFault && why.code === UNSUPPORTED_VERSION;
    if (isModern || supportedIn(error).includes(MODERN_VERSION)) throw why;
    throw error;
  }
}

/** On a pipe, an older server may not answer what it does not know; a slow modern one may answer late. */
async function agreeOrSilence(
  question: Question,
  silenceMs: number,
  signal: AbortSignal,
): Promise<Agreement> {
  const { channel } = question;
  const asking = bound(signal, null, () => new ProbeFault("timeout", "no answer in time"));
  const late: { answer: Agreement | Refusal | null } = { answer: null };
  const asked = askModern(question, asking.signal).then((answer) => {
    late.answer = answer;
    return answer;
  });
  asked.catch(() => undefined);
  try {
    const answer = await orNull(asked, silenceMs);
    if (answer !== null) return await settle(channel, answer, signal);
    return await initialize(channel, signal);
  } catch (error) {
    if (provesOtherEra(error) && late.answer?.era === "modern") return late.answer;
    throw error;
  } finally {
    asking.abort(new ProbeFault("timeout", "the question was given up"));
    asking.release();
  }
}

function orNull<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  return Promise.race([work, silence]).finally(() => clearTimeout(timer));
}
