import { RollcallError } from "../catalog/errors.ts";
import type { FailureClass } from "./result.ts";
import { CREDENTIAL_CODE } from "./secrets/source.ts";

/** How many characters of a detail reach a result. */
const DETAIL_LENGTH = 200;
/** How much of a message is looked at at all: a server may send megabytes of it. */
const READ_LENGTH = 4_000;

/** A failure whose class is already known where it was thrown. */
export class ProbeFault extends Error {
  readonly failureClass: FailureClass;

  constructor(failureClass: FailureClass, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ProbeFault";
    this.failureClass = failureClass;
  }
}

export interface Classified {
  readonly failureClass: FailureClass;
  readonly detail: string;
}

/**
 * The class of anything thrown by a path, and a printable detail without credentials. `redact` masks the
 * values that only the caller knows to be secret, before anything is cut.
 */
export function classify(error: unknown, redact: (text: string) => string = String): Classified {
  const detailOf = (link: unknown): string => printable(redact(describe(link).slice(0, READ_LENGTH)));
  const chain = [...causes(error)];
  const fault = chain.find((link) => link instanceof ProbeFault);
  if (fault !== undefined) return { failureClass: fault.failureClass, detail: detailOf(fault) };
  for (const link of chain) {
    const failureClass = classOf(link);
    if (failureClass !== null) return { failureClass, detail: detailOf(link) };
  }
  return { failureClass: "protocol", detail: detailOf(error) };
}

/**
 * A text as a result may show it: addresses without user, query and fragment, tokens masked, control and
 * format characters escaped, at most 200 characters.
 */
export function printable(text: string): string {
  const clean = text
    .slice(0, READ_LENGTH)
    .toWellFormed()
    .replace(/[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>`]+/gi, bareAddress)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, "$1 ***")
    .replace(/[\r\n\t]+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeCharacter)
    .trim();
  const characters = [...clean];
  return characters.length <= DETAIL_LENGTH ? clean : `${characters.slice(0, DETAIL_LENGTH - 1).join("")}…`;
}

/** An error and what caused it, outermost first; the SDK keeps some causes in `data.cause`. */
function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  const queue = [error];
  while (queue.length > 0 && seen.size < 20) {
    const link = queue.shift();
    if (link === undefined || link === null || seen.has(link)) continue;
    seen.add(link);
    yield link;
    if (typeof link !== "object") continue;
    if ("cause" in link) queue.push(link.cause);
    if ("data" in link && typeof link.data === "object" && link.data !== null && "cause" in link.data) {
      queue.push(link.data.cause);
    }
    if (link instanceof AggregateError) queue.push(...link.errors);
  }
}

function classOf(error: unknown): FailureClass | null {
  if (error instanceof RollcallError) return error.code === CREDENTIAL_CODE ? "auth" : null;
  if (!(error instanceof Error)) return null;
  if (error.name === "AbortError" || error.name === "TimeoutError") return "timeout";
  const code = codeOf(error);
  if (code === null) return null;
  if (code === "ENOTFOUND" || code === "ENODATA" || code.startsWith("EAI_")) return "dns";
  if (code === "ETIMEDOUT") return "timeout";
  if (isTlsCode(code)) return "tls";
  if (code.startsWith("HPE_")) return "protocol";
  return CONNECT_CODES.has(code) ? "connect" : null;
}

const CONNECT_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EPIPE",
  "ENOENT",
  "EACCES",
  "ENOTDIR",
  "EPERM",
  "EMFILE",
  "EAGAIN",
]);

/** OpenSSL's verification codes carry no common prefix; Node's own do. */
function isTlsCode(code: string): boolean {
  return (
    /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code) ||
    ["EPROTO", "HOSTNAME_MISMATCH", "INVALID_CA", "INVALID_PURPOSE", "PATH_LENGTH_EXCEEDED"].includes(code)
  );
}

function codeOf(error: Error): string | null {
  return "code" in error && typeof error.code === "string" ? error.code : null;
}

/** An AggregateError of several addresses has no message of its own. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  if (error.message === "" && first instanceof Error) return first.message;
  return error.message === "" ? (codeOf(error) ?? error.name) : error.message;
}

function bareAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null) return `${address.slice(0, address.indexOf("://"))}://…`;
  return `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
