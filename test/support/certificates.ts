import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its private key, as PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface Subject {
  readonly name: string;
  /** Host names and IPv4 addresses that the certificate is good for. */
  readonly hosts?: readonly string[];
  /** Days until it runs out. @default 1 */
  readonly days?: number;
}

/** A certificate authority made anew, so that no private key lies in the repository. */
export interface CertificateAuthority {
  /** Its own certificate, as PEM. */
  readonly cert: string;
  issue(subject: Subject): KeyPair;
}

export function certificateAuthority(name = "Rollcall test authority"): CertificateAuthority {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certify = (subject: Subject, publicKey: KeyObject, isAuthority: boolean): string =>
    certificate({ subject, publicKey, isAuthority, issuer: name, issuerKey: own.privateKey });
  return {
    cert: certify({ name }, own.publicKey, true),
    issue(subject) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return {
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        cert: certify(subject, publicKey, false),
      };
    },
  };
}

interface Certification {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly isAuthority: boolean;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
}

/** X.509 version 3 (RFC 5280) with the two extensions that matter here. */
function certificate({ subject, publicKey, isAuthority, issuer, issuerKey }: Certification): string {
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1, ...Buffer.from(subject.name).subarray(0, 8)])),
    algorithm,
    distinguished(issuer),
    sequence(utcTime(-1), utcTime(subject.days ?? 1)),
    distinguished(subject.name),
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(...extensions(subject.hosts ?? [], isAuthority))),
  );
  const signature = sign("sha256", body, { key: issuerKey, dsaEncoding: "der" });
  const whole = sequence(body, algorithm, element(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function extensions(hosts: readonly string[], isAuthority: boolean): Buffer[] {
  const yes = element(0x01, Buffer.from([0xff]));
  const basic = sequence(oid("551d13"), yes, element(0x04, sequence(...(isAuthority ? [yes] : []))));
  const names = hosts.map((host) =>
    isIPv4(host) ? element(0x87, Buffer.from(host.split(".").map(Number))) : element(0x82, Buffer.from(host)),
  );
  return hosts.length === 0 ? [basic] : [basic, sequence(oid("551d11"), element(0x04, sequence(...names)))];
}

function distinguished(name: string): Buffer {
  return sequence(element(0x31, sequence(oid("550403"), element(0x0c, Buffer.from(name)))));
}

/** One DER element: tag, length, content. */
function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, "hex"));
}

function utcTime(days: number): Buffer {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return element(0x17, Buffer.from(`${iso.slice(2, 19).replace(/[-:T]/g, "")}Z`));
}
