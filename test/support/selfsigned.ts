import { generateKeyPairSync, sign } from "node:crypto";

export interface CertificateWish {
  /** The host that the certificate is for. @default localhost */
  readonly host?: string;
  /** Days from now at which it begins and ends to be valid. @default -1 and 1 */
  readonly from?: number;
  readonly to?: number;
}

/**
 * A key and a certificate that nobody vouches for, made anew so that no private key lies in the repository.
 * A client that is given the certificate as its own authority trusts it.
 */
export function selfSigned({ host = "localhost", from = -1, to = 1 }: CertificateWish = {}): {
  readonly key: string;
  readonly cert: string;
} {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const name = sequence(tagged(0x31, sequence(oid("550403"), tagged(0x0c, Buffer.from(host)))));
  const validity = sequence(utcTime(from), utcTime(to));
  const subjectKey = publicKey.export({ type: "spki", format: "der" });
  const body = sequence(tagged(0x02, Buffer.from([1])), algorithm, name, validity, name, subjectKey);
  const signature = sign("sha256", body, { key: privateKey, dsaEncoding: "der" });
  const certificate = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}

/** One DER element: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function utcTime(days: number): Buffer {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return tagged(0x17, Buffer.from(`${iso.slice(2, 19).replace(/[-:T]/g, "")}Z`));
}
