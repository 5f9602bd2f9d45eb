import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsIdentityRef } from "../../catalog/credentials.ts";
import type { SecretRef } from "../../catalog/secrets.ts";
import type { TlsIdentity } from "../http/types.ts";
import { type SecretSource, secretName } from "../secrets/source.ts";
import { authFault } from "./fault.ts";
import { createLedger, credentialReader } from "./secret.ts";

/**
 * The private CA and the client certificate behind their references, as PEM.
 * Throws a ProbeFault of class auth when one is missing, is no PEM, or when the key is another certificate's.
 */
export async function tlsIdentityFrom(ref: TlsIdentityRef, secrets: SecretSource): Promise<TlsIdentity> {
  const read = credentialReader(secrets, createLedger());
  const { ca, certificate, key } = ref;
  const [caText, certText, keyText] = await Promise.all(
    [ca, certificate, key].map((one) => (one === undefined ? undefined : read(one))),
  );
  if (ca !== undefined && caText !== undefined) certificateOf(ca, caText);
  if (certificate !== undefined && certText !== undefined && key !== undefined && keyText !== undefined) {
    assertPair({ ref: certificate, text: certText }, { ref: key, text: keyText });
  }
  return {
    ...(caText === undefined ? {} : { ca: caText }),
    ...(certText === undefined ? {} : { cert: certText }),
    ...(keyText === undefined ? {} : { key: keyText }),
  };
}

interface Read {
  readonly ref: SecretRef;
  readonly text: string;
}

function assertPair(certificate: Read, key: Read): void {
  const shown = certificateOf(certificate.ref, certificate.text);
  if (!shown.checkPrivateKey(keyOf(key))) {
    throw authFault(
      `credential ${secretName(key.ref)}: is not the key of certificate ${secretName(certificate.ref)}`,
    );
  }
}

function certificateOf(ref: SecretRef, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw authFault(`credential ${secretName(ref)}: is no certificate in PEM; set the whole PEM text`);
  }
}

function keyOf({ ref, text }: Read): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text);
  } catch {
    throw authFault(`credential ${secretName(ref)}: is no private key in PEM without a passphrase`);
  }
}
