import { classify, ProbeFault, printable } from "../classify.ts";
import { redactor } from "../secrets/redact.ts";

/** How much of one text of somebody else stands in a message. */
const QUOTED_LENGTH = 80;

/**
 * A fault of class auth. Deliberately without a cause: parsers and signers quote what they were given, and
 * what they are given here is secret.
 */
export function authFault(message: string): ProbeFault {
  return new ProbeFault("auth", message);
}

/** What went wrong between the probe and somebody it asks for a token, in words that hold no secret. */
export function unreachable(who: string, error: unknown, secrets: readonly string[]): ProbeFault {
  const { failureClass, detail } = classify(error, redactor(secrets));
  if (failureClass === "auth") return authFault(`${who}: ${detail}`);
  return authFault(`${who}: ${failureClass}: ${detail}`);
}

/**
 * A text of somebody else as a message may show it: redacted before it is cut, printable, short, and in
 * quotes, which also keep what follows apart from an address.
 */
export function quoted(text: string, secrets: readonly string[]): string {
  const shown = [...printable(redactor(secrets)(text))];
  const short = shown.length <= QUOTED_LENGTH ? shown : [...shown.slice(0, QUOTED_LENGTH - 1), "…"];
  return `"${short.join("")}"`;
}
