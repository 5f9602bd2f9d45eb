import { isDeepStrictEqual } from "node:util";
import type { CanaryTarget } from "../catalog/target.ts";
import { classify, ProbeFault, printable } from "./classify.ts";
import { valueAt } from "./rest/json-pointer.ts";
import type { CanaryReading, FailureClass, StreamFault } from "./result.ts";
import type { McpSession, StreamTimings, ToolAnswer } from "./session.ts";

/** A proxy holds an answer back when its first event comes this late in the whole time of the call. */
const HELD_BACK = 0.8;
/** Below this many milliseconds nobody can tell a proxy's buffer from a fast server. */
const SHORTEST_MS = 200;

/** How the canary call ended, and the class that its failure has on the MCP path; null when all is well. */
export interface CanaryVerdict {
  readonly reading: CanaryReading;
  readonly failureClass: FailureClass | null;
}

/**
 * Calls the one tool that the catalog allows, with its fixed arguments. A JSON-RPC error, an error of the tool and
 * a wrong answer are kept apart. Throws only the ProbeFaults that are no answer: connections, deadlines.
 */
export async function runCanary(input: {
  readonly session: McpSession;
  readonly canary: CanaryTarget;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly redact: (text: string) => string;
}): Promise<CanaryVerdict> {
  const { session, canary, signal, now, redact } = input;
  const started = now();
  try {
    const answer = await session.callTool({ name: canary.call, arguments: canary.arguments }, signal);
    return judgeAnswer(canary, answer, now() - started);
  } catch (error) {
    const { failureClass, detail } = classify(error, redact);
    if (failureClass !== "rpc" && failureClass !== "protocol") throw error;
    const truncated = truncatedStream(error);
    return {
      failureClass,
      reading: {
        outcome: "protocol-error",
        ms: null,
        detail: `${canary.call}: ${detail}`,
        stream:
          canary.stream === undefined || truncated === null
            ? null
            : { ...truncated, fault: "truncated", detail: "the stream ended before the answer" },
      },
    };
  }
}

/** What an answer means; pure. */
export function judgeAnswer(canary: CanaryTarget, answer: ToolAnswer, ms: number): CanaryVerdict {
  const stream = streamReading(canary, answer.stream, ms);
  const whole = Math.round(ms);
  if (answer.isError) {
    const detail = printable(`${canary.call} reports an error: ${answer.text}`);
    return { failureClass: "tool", reading: { outcome: "tool-error", ms: whole, detail, stream } };
  }
  const wrong = wrongAnswer(canary, answer);
  if (wrong !== null) {
    const detail = printable(`${canary.call}: ${wrong}`);
    return { failureClass: "tool", reading: { outcome: "wrong-answer", ms: whole, detail, stream } };
  }
  const failureClass = stream?.fault == null ? null : stream.fault === "truncated" ? "protocol" : "tool";
  return { failureClass, reading: { outcome: "ok", ms: whole, detail: stream?.detail ?? "", stream } };
}

function wrongAnswer({ expect }: CanaryTarget, answer: ToolAnswer): string | null {
  if (expect.text !== undefined && !answer.text.includes(expect.text)) {
    return `the answer does not contain "${expect.text}"`;
  }
  for (const [pointer, wanted] of Object.entries(expect.values ?? {})) {
    const found = valueAt(answer.structured, pointer);
    if (isDeepStrictEqual(found, wanted)) continue;
    const shown = found === undefined ? "nothing" : JSON.stringify(found).slice(0, 60);
    return `${pointer === "" ? "the structured content" : pointer} is ${shown}, not ${JSON.stringify(wanted)}`;
  }
  return null;
}

function streamReading(
  canary: CanaryTarget,
  timings: StreamTimings | null,
  ms: number,
): CanaryReading["stream"] {
  if (canary.stream === undefined) return null;
  const none = { events: 0, firstEventMs: null, longestGapMs: null, lastEventMs: null, truncated: false };
  const found = timings ?? none;
  const [fault, detail] = streamFault(canary.stream, timings, ms);
  return { ...found, fault, detail };
}

function streamFault(
  promised: NonNullable<CanaryTarget["stream"]>,
  timings: StreamTimings | null,
  ms: number,
): [StreamFault | null, string] {
  if (timings === null) return ["no-stream", "the answer came as one document, not as a stream"];
  const { events, firstEventMs, longestGapMs, truncated } = timings;
  if (truncated) return ["truncated", "the stream ended before the answer"];
  const first = firstEventMs ?? ms;
  // all at once at the end: somebody on the way collected what the server sent piece by piece
  if (events >= promised.events && events > 1 && ms >= SHORTEST_MS && first >= ms * HELD_BACK) {
    return [
      "buffered",
      `${events} events came together after ${Math.round(first)} ms: a proxy holds them back`,
    ];
  }
  if (events < promised.events) return ["no-stream", `${events} of ${promised.events} events came`];
  if (first > promised.firstMs)
    return ["late", `the first event came after ${Math.round(first)} ms, not within ${promised.firstMs} ms`];
  if (longestGapMs !== null && longestGapMs > promised.gapMs)
    return ["gap", `${Math.round(longestGapMs)} ms passed between two events, not ${promised.gapMs} ms`];
  return [null, ""];
}

function truncatedStream(error: unknown): StreamTimings | null {
  if (!(error instanceof ProbeFault) || !("stream" in error)) return null;
  const { stream } = error as { stream?: StreamTimings | null };
  return stream?.truncated === true ? stream : null;
}
