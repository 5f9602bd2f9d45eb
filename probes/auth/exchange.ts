import { isReachable } from "../address.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../http/types.ts";
import { authFault, quoted, unreachable } from "./fault.ts";

/** Metadata and token answers are a few kilobytes; characters. */
const MAX_DOCUMENT = 64 * 1024;

/** What every question on the way to a token needs. */
export interface Enquiry {
  readonly http: HttpClient;
  readonly signal: AbortSignal;
  /** What no message may show. Asked each time, because values are added on the way. */
  readonly secrets: () => readonly string[];
}

/** A JSON object of somebody else, read by its own properties only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface Answered {
  readonly status: number;
  /** Null when the body is no JSON object. */
  readonly object: JsonObject | null;
}

/** One exchange whose answer is JSON. Throws a ProbeFault of class auth that starts with `who`. */
export async function exchange(
  who: string,
  request: Omit<HttpRequest, "signal">,
  { http, signal, secrets }: Enquiry,
): Promise<Answered> {
  let answer: HttpAnswer | null = null;
  let text: string;
  try {
    answer = await http.send({ ...request, signal });
    text = await answer.text();
  } catch (error) {
    answer?.discard();
    throw unreachable(who, error, secrets());
  }
  if (text.length > MAX_DOCUMENT)
    throw authFault(`${who}: answers with more than ${MAX_DOCUMENT} characters`);
  return { status: answer.status, object: objectOf(text) };
}

/**
 * An address that somebody else named, judged: https, or http from one address of this machine to another.
 * Throws a ProbeFault of class auth.
 */
export function endpointOf(
  text: unknown,
  {
    what,
    namedBy,
    secrets,
  }: { readonly what: string; readonly namedBy: URL; readonly secrets: readonly string[] },
): URL {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw authFault(`${what}: is no address`);
  if (url.username !== "" || url.password !== "") throw authFault(`${what}: holds credentials`);
  const local = url.protocol === "http:" && isThisMachine(url) && isThisMachine(namedBy);
  if (url.protocol !== "https:" && !local)
    throw authFault(`${what}: ${quoted(url.href, secrets)} must be https`);
  return url;
}

/** Whether an address means this machine by its very text; a name that resolves to it does not. */
export function isThisMachine({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || (isReachable(host, "loopback") && !isReachable(host, "public"));
}

/** The text under an own property, or null. */
export function textIn(object: JsonObject, name: string): string | null {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" ? value : null;
}

/** The texts of a list under an own property; empty when it is no list. */
export function textsIn(object: JsonObject, name: string): readonly string[] {
  const value: unknown = Object.hasOwn(object, name) ? object[name] : undefined;
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** Without the parser's own error, which quotes the text. */
function objectOf(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return value instanceof Object && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
