import type { TlsOptions } from "node:tls";
import { type CertificateWish, selfSigned } from "../selfsigned.ts";
import { type Handler, type LocalServer, serve } from "./http.ts";
import { reset, tcp } from "./socket.ts";

/** A server behind TLS, and its certificate for a client that is to trust it. */
export interface TlsServer extends LocalServer {
  readonly certificate: string;
}

/** Serves a handler behind a certificate of one's wish. */
export async function behindTls(
  handler: Handler,
  { wish = {}, options = {} }: { readonly wish?: CertificateWish; readonly options?: TlsOptions } = {},
): Promise<TlsServer> {
  const pair = selfSigned(wish);
  const server = await serve(handler, { ...pair, ...options });
  return { ...server, certificate: pair.cert };
}

/** Answers correctly, behind a certificate that nobody vouches for. */
export function untrusted(): Promise<LocalServer> {
  return behindTls((_, response) => response.writeHead(200).end());
}

/** Resets each connection inside the TLS handshake. */
export function resetInHandshake(): Promise<LocalServer> {
  return reset("https");
}

/** Ends each connection inside the TLS handshake, politely. */
export function endInHandshake(): Promise<LocalServer> {
  return tcp((socket) => socket.end(), "https");
}

/** Takes the first words of the handshake and says nothing. */
export function silentInHandshake(): Promise<LocalServer> {
  return tcp(() => undefined, "https");
}

/** Speaks plain HTTP where TLS is expected. */
export function plainOnTlsPort(): Promise<LocalServer> {
  return tcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), "https");
}

/** Answers the handshake with noise. */
export function noiseInHandshake(): Promise<LocalServer> {
  return tcp((socket) => socket.end(Buffer.alloc(512, 0xa5)), "https");
}

/** Speaks no version of TLS newer than 1.1. */
export function oldTls(handler: Handler): Promise<TlsServer> {
  const options = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  return behindTls(handler, { options });
}

/** Wants a client certificate that the probe does not have. */
export function wantsClientCertificate(
  handler: Handler,
  maxVersion: "TLSv1.2" | "TLSv1.3",
): Promise<TlsServer> {
  return behindTls(handler, { options: { requestCert: true, rejectUnauthorized: true, maxVersion } });
}
