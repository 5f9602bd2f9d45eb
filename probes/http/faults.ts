import { classify, ProbeFault, printable } from "../classify.ts";

/** What an exchange was doing when it broke. */
export type Phase = "queue" | "dns" | "connect" | "tls" | "wait" | "headers" | "body";

const DOING: Readonly<Record<Phase, string>> = {
  queue: "waiting for a free connection",
  dns: "resolving the name",
  connect: "connecting",
  tls: "in the TLS handshake",
  wait: "waiting for the first byte",
  headers: "reading the headers",
  body: "reading the body",
};

/** The fault of an error that a socket, a request or a parser reported: its class is the rung that broke. */
export function brokenIn(phase: Phase, error: unknown): ProbeFault {
  if (error instanceof ProbeFault) return error;
  const code = codeOf(error);
  if (code === "ETIMEDOUT") return new ProbeFault("timeout", `${textOf(error)} (${DOING[phase]})`, error);
  switch (phase) {
    case "queue":
    case "dns":
    case "connect":
      return unconnected(error);
    case "tls":
      return new ProbeFault("tls", `${textOf(error)} (${codeOr(code, "")}${DOING.tls})`, error);
    case "wait":
      return unanswered(error, code);
    case "headers":
    case "body":
      return invalid(phase, error, code);
  }
}

/** The fault of an exchange whose signal aborted; a ProbeFault as the signal's reason keeps its own words. */
export function abortedIn(phase: Phase, reason: unknown, elapsedMs: number): ProbeFault {
  if (reason instanceof ProbeFault) {
    return new ProbeFault(reason.failureClass, `${reason.message} (${DOING[phase]})`, reason);
  }
  return new ProbeFault("timeout", `no answer within ${Math.round(elapsedMs)} ms (${DOING[phase]})`, reason);
}

/** The fault of a request that Node refuses to send, such as one with a line break in a header. */
export function unsendable(error: unknown): ProbeFault {
  if (error instanceof ProbeFault) return error;
  return new ProbeFault("protocol", `the request cannot be sent: ${textOf(error)}`, error);
}

/** The code of a Node error, or none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function unconnected(error: unknown): ProbeFault {
  const { failureClass, detail } = classify(error);
  const known = failureClass === "dns" || failureClass === "tls" || failureClass === "timeout";
  if (known) return new ProbeFault(failureClass, detail, error);
  const lookup = error instanceof Error && "syscall" in error && error.syscall === "getaddrinfo";
  return new ProbeFault(lookup ? "dns" : "connect", detail, error);
}

/** Of TLS 1.3 a client learns only after its own end of the handshake that its certificate was refused. */
function unanswered(error: unknown, code: string): ProbeFault {
  if (code.startsWith("HPE_")) return invalid("headers", error, code);
  const { failureClass } = classify(error);
  if (failureClass === "tls") {
    return new ProbeFault("tls", `${textOf(error)} (${codeOr(code, "")}${DOING.wait})`, error);
  }
  return new ProbeFault(
    "connect",
    `the connection ended before the first byte of an answer (${code})`,
    error,
  );
}

function invalid(phase: "headers" | "body", error: unknown, code: string): ProbeFault {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new ProbeFault("protocol", "the headers of the answer exceed 16 KiB", error);
  }
  const ended = code.startsWith("HPE_")
    ? `not valid HTTP: ${textOf(error)}`
    : `the connection ended (${code})`;
  return new ProbeFault("protocol", `${ended} (${DOING[phase]})`, error);
}

function codeOr(code: string, other: string): string {
  return code === "" ? other : `${code}, `;
}

/** OpenSSL's messages carry file names and numbers; its reason says the same in words. */
function textOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  if (typeof reason === "string" && reason !== "") return printable(reason);
  // Node adds advice about its own command line.
  return classify(error).detail.replace(/; if the root CA is installed locally.*/s, "");
}
