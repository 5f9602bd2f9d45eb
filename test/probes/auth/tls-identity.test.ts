/** Client certificates against a real TLS server that asks for one. */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { describe, expect, it } from "vitest";
import { tlsIdentity as schema } from "../../../catalog/credentials.ts";
import { certificateExpiry, hoursLeft } from "../../../probes/auth/expiry.ts";
import { tlsIdentityFrom } from "../../../probes/auth/tls-identity.ts";
import type { TlsIdentity } from "../../../probes/http/types.ts";
import { certificateAuthority } from "../../support/certificates.ts";
import { listen, variables } from "./parties.ts";

const authority = certificateAuthority();
const probe = authority.issue({ name: "probe", days: 10 });
const other = authority.issue({ name: "other" });
const secrets = variables({
  CA: authority.cert,
  CERT: probe.cert,
  KEY: probe.key,
  OTHER_KEY: other.key,
  GARBAGE: "-----BEGIN nothing",
});
const ref = { ca: { env: "CA" }, certificate: { env: "CERT" }, key: { env: "KEY" } };

async function statusWith(origin: string, identity: TlsIdentity): Promise<number | undefined> {
  const [answer] = (await once(https.get(origin, { ...identity, agent: false }), "response")) as [
    IncomingMessage,
  ];
  answer.resume();
  return answer.statusCode;
}

describe("a client certificate", () => {
  it("opens a server that takes only those of its authority", async () => {
    const tls = { ...authority.issue({ name: "server", hosts: ["127.0.0.1"] }), ca: authority.cert };
    await using server = await listen((_, response) => response.end(), {
      ...tls,
      requestCert: true,
      rejectUnauthorized: true,
    });
    expect(await statusWith(server.origin, await tlsIdentityFrom(ref, secrets))).toBe(200);
    const anonymous = await tlsIdentityFrom({ ca: ref.ca }, secrets);
    await expect(statusWith(server.origin, anonymous)).rejects.toThrow();
    const trusting = await tlsIdentityFrom({ certificate: ref.certificate, key: ref.key }, secrets);
    await expect(statusWith(server.origin, trusting)).rejects.toMatchObject({
      code: "SELF_SIGNED_CERT_IN_CHAIN",
    });
  });

  it("says when it runs out", async () => {
    const identity = await tlsIdentityFrom(ref, secrets);
    expect(hoursLeft(certificateExpiry(identity), Date.now())).toBeOneOf([239, 240]);
    expect(certificateExpiry({ ca: authority.cert })).toBeNull();
  });

  it.each([
    [{ ...ref, key: { env: "OTHER_KEY" } }, "credential OTHER_KEY: is not the key of certificate CERT"],
    [{ ...ref, key: { env: "GARBAGE" } }, "credential GARBAGE: is no private key"],
    [{ ...ref, certificate: { env: "GARBAGE" } }, "credential GARBAGE: is no certificate"],
    [{ ca: { env: "KEY" } }, "credential KEY: is no certificate"],
    [{ ca: { env: "NONE" } }, "credential NONE: is not set"],
  ])("that cannot be used is a failure of class auth: %j", async (wrong, message) => {
    await expect(tlsIdentityFrom(wrong, secrets)).rejects.toMatchObject({
      failureClass: "auth",
      message: expect.stringContaining(message),
    });
  });

  it("stands in the catalog with its key or not at all", () => {
    expect(schema.safeParse(ref).success).toBe(true);
    expect(schema.safeParse({ ca: ref.ca }).success).toBe(true);
    expect(schema.safeParse({ certificate: ref.certificate }).success).toBe(false);
  });
});
