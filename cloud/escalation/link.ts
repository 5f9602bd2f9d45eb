import {
  GenerateMacCommand,
  KMSClient,
  type KMSClientConfig,
  KMSInvalidMacException,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { LIMITS } from "./limits.ts";

/** What a link lets somebody do: acknowledge one incident for one level, until a moment. */
export interface Permit {
  /** Id of the incident. */
  readonly incident: string;
  readonly level: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** A permit with the code that proves that we gave it. */
export interface SignedPermit extends Permit {
  /** Base64url of 32 bytes. */
  readonly mac: string;
}

/** Makes the code of a text (HMAC). The key stays where it is: KMS lets nobody read it. */
export type Sign = (text: string) => Promise<Uint8Array>;
/** Whether a code is that of the text. */
export type Verify = (text: string, mac: Uint8Array) => Promise<boolean>;

const MAC_ALGORITHM = "HMAC_SHA_256";

/** The link that acknowledges. `base` is the address of the function, which ends with a slash. */
export async function signedLink(base: string, permit: Permit, sign: Sign): Promise<string> {
  const mac = Buffer.from(await sign(textOf(permit))).toString("base64url");
  const { incident, level, expires } = permit;
  const query = new URLSearchParams({ incident, level, expires: String(expires), mac });
  return `${base}?${query.toString()}`;
}

/**
 * The permit of a query, where it is one of ours and has not expired. What has another form is refused before the key
 * is asked: each question costs.
 */
export async function permitFrom(
  query: string,
  { verify, now }: { readonly verify: Verify; readonly now: number },
): Promise<Permit | undefined> {
  const signed = parseLink(query);
  if (signed === undefined || signed.expires * 1_000 <= now) return undefined;
  const { mac, ...permit } = signed;
  return (await verify(textOf(permit), Buffer.from(mac, "base64url"))) ? permit : undefined;
}

function parseLink(query: string): SignedPermit | undefined {
  const given = new URLSearchParams(query);
  const incident = matching(given, "incident", /^[0-9a-f]{32}$/);
  const level = matching(given, "level", /^[a-zA-Z0-9_-]{1,48}$/);
  const expires = matching(given, "expires", /^\d{10}$/);
  const mac = matching(given, "mac", /^[a-zA-Z0-9_-]{43}$/);
  if (incident === undefined || level === undefined || expires === undefined || mac === undefined)
    return undefined;
  return { incident, level, expires: Number(expires), mac };
}

/** A parameter that is there once and has the form. */
function matching(query: URLSearchParams, name: string, form: RegExp): string | undefined {
  const [value, ...more] = query.getAll(name);
  return value !== undefined && more.length === 0 && form.test(value) ? value : undefined;
}

/** What is signed: the purpose, so that the key's codes say nothing else, and every field on a line of its own. */
function textOf({ incident, level, expires }: Permit): string {
  return `rollcall acknowledge\n${incident}\n${level}\n${expires}`;
}

/** Signs by a key of KMS (kms:GenerateMac). */
export function signByKey(KeyId: string, config: KMSClientConfig = {}): Sign {
  const client = new KMSClient({ ...LIMITS, ...config });
  return async (text) => {
    const Message = Buffer.from(text);
    const { Mac } = await client.send(
      new GenerateMacCommand({ KeyId, Message, MacAlgorithm: MAC_ALGORITHM }),
    );
    if (Mac === undefined) throw new Error("KMS answered without a code");
    return Mac;
  };
}

/** Verifies by a key of KMS (kms:VerifyMac), which compares in constant time. */
export function verifyByKey(KeyId: string, config: KMSClientConfig = {}): Verify {
  const client = new KMSClient({ ...LIMITS, ...config });
  return async (text, Mac) => {
    const Message = Buffer.from(text);
    try {
      const { MacValid } = await client.send(
        new VerifyMacCommand({ KeyId, Message, Mac, MacAlgorithm: MAC_ALGORITHM }),
      );
      return MacValid === true;
    } catch (error) {
      if (error instanceof KMSInvalidMacException) return false;
      throw error;
    }
  };
}
