import { ProbeFault } from "../classify.ts";

/** An event of a stream, as `text/event-stream` defines it (HTML Living Standard, 9.2). */
export interface SseEvent {
  /** "message" where the stream names none. */
  readonly type: string;
  readonly data: string;
}

export interface SseLimits {
  readonly events: number;
  readonly bytes: number;
}

/** What a stream may bring before the answer; the bytes are those of a body. */
export const SSE_LIMITS: SseLimits = { events: 1_000, bytes: 4 * 1024 * 1024 };

export interface SseParser {
  /**
   * Reads on and hands over each event as it is complete; nothing more is read once `take` returns true.
   * Throws a ProbeFault of class protocol for invalid UTF-8 and beyond the limits.
   */
  push(chunk: Uint8Array, take: (event: SseEvent) => boolean): void;
  /** The id that a resumed stream would name; null while the stream has given none. */
  lastEventId(): string | null;
  /** Milliseconds that the server asks to wait before a reconnection; null when it does not ask. */
  retryMs(): number | null;
  /** Counts events and bytes from here on. */
  restart(): void;
}

/** Reads an event stream in whatever pieces it comes. What follows the last blank line is no event. */
export function createSseParser(limits: SseLimits = SSE_LIMITS): SseParser {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let pieces: string[] = [];
  let afterCr = false;
  let data: string[] = [];
  let type = "";
  /** An id counts from the end of its event on. */
  let nextId: string | null = null;
  let id: string | null = null;
  let retry: number | null = null;
  let events = 0;
  let bytes = 0;

  function field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const rest = colon === -1 ? "" : line.slice(colon + 1);
    const value = rest.startsWith(" ") ? rest.slice(1) : rest;
    if (name === "data") data.push(value);
    else if (name === "event") type = value;
    else if (name === "id" && !value.includes("\0")) nextId = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) retry = Number(value);
  }

  function dispatch(): SseEvent | null {
    const event = data.length === 0 ? null : { type: type === "" ? "message" : type, data: data.join("\n") };
    data = [];
    type = "";
    id = nextId;
    return event;
  }

  /** The line that ends at `to`; null for a comment that came in one piece, which two million of must not cost. */
  function lineOf(text: string, from: number, to: number): string | null {
    if (pieces.length > 0) {
      const whole = pieces.join("") + text.slice(from, to);
      pieces = [];
      return whole;
    }
    return text.charCodeAt(from) === COLON && from < to ? null : text.slice(from, to);
  }

  /** Reads one line; true when it completed an event with which the reader is content. */
  function line(text: string, take: (event: SseEvent) => boolean): boolean {
    if (text !== "") {
      if (!text.startsWith(":")) field(text);
      return false;
    }
    const event = dispatch();
    if (event === null) return false;
    events += 1;
    if (events > limits.events) {
      throw new ProbeFault("protocol", `more than ${limits.events} events before the answer`);
    }
    return take(event);
  }

  return {
    push(chunk, take) {
      bytes += chunk.byteLength;
      if (bytes > limits.bytes) {
        throw new ProbeFault("protocol", `the stream exceeds ${limits.bytes} bytes before the answer`);
      }
      const text = decoded(decoder, chunk);
      if (text === "") return;
      let from = afterCr && text.charCodeAt(0) === LF ? 1 : 0;
      afterCr = false;
      let cr = text.indexOf("\r", from);
      let lf = text.indexOf("\n", from);
      while (cr !== -1 || lf !== -1) {
        const isCr = cr !== -1 && (lf === -1 || cr < lf);
        const at = isCr ? cr : lf;
        const whole = lineOf(text, from, at);
        from = at + 1;
        if (isCr && text.charCodeAt(from) === LF) from += 1;
        else if (isCr) afterCr = from === text.length;
        if (whole !== null && line(whole, take)) return;
        if (cr !== -1 && cr < from) cr = text.indexOf("\r", from);
        if (lf !== -1 && lf < from) lf = text.indexOf("\n", from);
      }
      if (from < text.length) pieces.push(text.slice(from));
    },
    lastEventId: () => (id === "" ? null : id),
    retryMs: () => retry,
    restart() {
      events = 0;
      bytes = 0;
    },
  };
}

const LF = 10;
const COLON = 58;

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new ProbeFault("protocol", "the stream is not valid UTF-8", error);
  }
}
