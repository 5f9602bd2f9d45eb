import { classify, ProbeFault } from "../classify.ts";
import type { FailureClass } from "../result.ts";
import type { StreamTimings } from "../session.ts";

/** A status that is no success, and why. */
export class HttpFault extends ProbeFault {
  readonly status: number;

  constructor(status: number, message: string) {
    super(status === 401 || status === 403 ? "auth" : "http", message);
    this.status = status;
  }
}

/** The JSON-RPC errors that the revision 2026-07-28 adds. */
export const HEADER_MISMATCH = -32020;
export const MISSING_CLIENT_CAPABILITY = -32021;
export const UNSUPPORTED_VERSION = -32022;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

/** A JSON-RPC error that answers a request. */
export class RpcFault extends ProbeFault {
  readonly code: number;
  readonly data: unknown;
  /** Null over stdio and on streams. */
  readonly status: number | null;

  constructor(method: string, error: RpcError, status: number | null = null) {
    super(classOfCode(error.code), `${method}: JSON-RPC error ${error.code}: ${error.message}`);
    this.code = error.code;
    this.data = error.data;
    this.status = status;
  }
}

/** A stream that ended or broke before it brought the answer. */
export class StreamFault extends ProbeFault {
  readonly stream: StreamTimings;

  constructor(message: string, stream: StreamTimings, cause?: unknown) {
    super("protocol", message, cause);
    this.stream = stream;
  }
}

/** Anything thrown, as a ProbeFault; what an abort threw is the fault of that abort. */
export function asFault(error: unknown, signal: AbortSignal, waitingFor: string): ProbeFault {
  if (error instanceof ProbeFault) return error;
  if (signal.aborted) return abortFault(signal, waitingFor);
  const { failureClass, detail } = classify(error);
  return new ProbeFault(failureClass, detail, error);
}

/** What an aborted signal stands for: the fault it was aborted with, or a deadline that ran out. */
export function abortFault(signal: AbortSignal, waitingFor: string): ProbeFault {
  const reason: unknown = signal.reason;
  if (reason instanceof ProbeFault && reason.failureClass !== "timeout") return reason;
  const what = reason instanceof ProbeFault ? reason.message : abortText(reason);
  return new ProbeFault("timeout", `${what} (waiting for ${waitingFor})`, reason);
}

function abortText(reason: unknown): string {
  return reason instanceof Error && reason.name === "TimeoutError"
    ? "no answer in time"
    : "the check was ended";
}

function classOfCode(code: number): FailureClass {
  if (code === MISSING_CLIENT_CAPABILITY) return "capability";
  return code === HEADER_MISMATCH || code === UNSUPPORTED_VERSION ? "protocol" : "rpc";
}
