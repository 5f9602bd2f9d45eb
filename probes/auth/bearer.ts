import type { BearerCredentials } from "../../catalog/credentials.ts";
import { secretName } from "../secrets/source.ts";
import { tokenExpiry } from "./expiry.ts";
import { assertHeaderText, type Ledger, type ReadCredential } from "./secret.ts";
import type { CredentialAuthorizer } from "./types.ts";

export interface BearerDeps {
  readonly read: ReadCredential;
  readonly ledger: Ledger;
}

/** A token that somebody else obtained, sent as it is and read anew each time: it may have been rotated. */
export function bearerAuthorizer(
  { token: ref, expires }: BearerCredentials,
  { read, ledger }: BearerDeps,
): CredentialAuthorizer {
  let given: string | null = null;
  const token = async (): Promise<string> => {
    const value = await read(ref);
    assertHeaderText(value, `credential ${secretName(ref)}`);
    return value;
  };
  return {
    async headers() {
      given = await token();
      return { authorization: `Bearer ${given}` };
    },
    refused: async () => (await token()) !== given,
    expiry: async () => tokenExpiry(await token(), expires),
    secrets: ledger.values,
  };
}
