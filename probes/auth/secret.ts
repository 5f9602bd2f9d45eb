import { messageOf } from "../../catalog/errors.ts";
import type { SecretRef } from "../../catalog/secrets.ts";
import { readSecret, type SecretSource, secretName } from "../secrets/source.ts";
import { authFault } from "./fault.ts";

/** A credential shorter than this cannot be masked in a text without shredding it, and is none worth the name. */
const SHORTEST_CREDENTIAL = 4;
/** How many values are remembered: tokens come and go in a process that stays. */
const REMEMBERED = 32;

/** The secret values that an authorizer has handled: what no text may show. */
export interface Ledger {
  /** Notes a value and gives it back. */
  note(value: string): string;
  /** The latest values. */
  values(): readonly string[];
}

export function createLedger(): Ledger {
  const values = new Set<string>();
  return {
    note(value) {
      // Noted again, it is the latest again.
      values.delete(value);
      values.add(value);
      const [oldest] = values;
      if (values.size > REMEMBERED && oldest !== undefined) values.delete(oldest);
      return value;
    },
    values: () => [...values],
  };
}

/** Reads credentials by reference. Throws a ProbeFault of class auth that names the reference. */
export type ReadCredential = (ref: SecretRef) => Promise<string>;

/** A reader that notes every value it hands out. */
export function credentialReader(source: SecretSource, ledger: Ledger): ReadCredential {
  return async (ref) => {
    const value = await readSecret(ref, source).catch((error: unknown) => {
      // Our own error, which names the reference and never a value.
      throw authFault(messageOf(error));
    });
    if (value.length < SHORTEST_CREDENTIAL) {
      throw authFault(
        `credential ${secretName(ref)}: has fewer than ${SHORTEST_CREDENTIAL} characters; set the whole value`,
      );
    }
    return ledger.note(value);
  };
}

/** Throws unless the value can stand in a header as it is. */
export function assertHeaderText(value: string, what: string): void {
  if (/^[\x21-\x7e]+$/.test(value)) return;
  throw authFault(`${what}: holds blanks or characters that no header can carry; set the bare value`);
}
