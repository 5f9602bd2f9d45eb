import { getEventListeners, once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import { createHttpPool } from "../../../probes/http/pool.ts";
import { selfSigned } from "../../support/selfsigned.ts";
import { client, encrypted, exchangeFault, faultOf, get, plain, raw, saying } from "./support.ts";

/** Every failure has the class of the rung on which the exchange broke, and harms nothing but itself. */

const OK = "HTTP/1.1 200 OK\r\n";

describe("a connection that fails", () => {
  it("for want of the name is dns", async () => {
    using http = client();
    expect(await exchangeFault(http, get("http://rollcall.invalid/"))).toMatch(/^dns: getaddrinfo /);
  });

  it("because nobody listens is connect", async () => {
    const server = await plain(() => undefined);
    await server[Symbol.asyncDispose]();
    using http = client();
    expect(await exchangeFault(http, get(server.origin))).toMatch(/^connect: connect ECONNREFUSED 127/);
  });

  it.each([
    ["closed", (socket: Socket) => void socket.end()],
    ["reset", (socket: Socket) => void socket.resetAndDestroy()],
  ])("because it is %s before the first byte is connect", async (_, hangUp) => {
    await using server = await raw((socket) => socket.once("data", () => hangUp(socket)));
    using http = client();
    expect(await exchangeFault(http, get(server.origin))).toBe(
      "connect: the connection ended before the first byte of an answer (ECONNRESET)",
    );
    expect(server.sockets.length).toBe(1);
  });
});

describe("a TLS handshake that fails", () => {
  it.each([
    ["closed", (socket: Socket) => void socket.end()],
    ["reset", (socket: Socket) => void socket.resetAndDestroy()],
    ["answered in plain HTTP", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ])("because it is %s is tls", async (_, hangUp) => {
    await using server = await raw((socket) => socket.once("data", () => hangUp(socket)));
    using http = client();
    const fault = await exchangeFault(http, get(server.origin.replace("http", "https")));
    expect(fault).toMatch(/^tls: .*in the TLS handshake\)$/);
  });

  it("because nobody vouches for the certificate, or it is another host's, is tls", async () => {
    const identity = selfSigned();
    await using server = await encrypted(identity, (_, response) => response.end());
    using http = client();
    expect(await exchangeFault(http, get(server.origin))).toBe(
      "tls: self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT, in the TLS handshake)",
    );
    using knowing = client({ tls: { ca: identity.cert } });
    expect(await exchangeFault(knowing, get(server.origin))).toMatch(/^tls: .*ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it("because our certificate is missing or unusable is tls, though TLS 1.3 tells only afterwards", async () => {
    const identity = selfSigned();
    const asking = { ...identity, requestCert: true, ca: [identity.cert] };
    await using server = await encrypted(asking, (_, response) => response.end("in"));
    const request = get(`https://localhost:${server.port}`);
    using bare = client({ tls: { ca: identity.cert } });
    expect(await exchangeFault(bare, request)).toMatch(/^tls: /);
    using broken = client({ tls: { cert: "no PEM", key: "no PEM" } });
    expect(await exchangeFault(broken, request)).toBe(
      "tls: the CA, the client certificate or its key cannot be used",
    );
    using known = client({ tls: { ca: identity.cert, cert: identity.cert, key: identity.key } });
    expect(await (await known.send(request)).text()).toBe("in");
  });
});

describe("an answer that is none is protocol", () => {
  it.each<[string, string, RegExp]>([
    ["is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n", /not valid HTTP: .*\(reading the headers\)/],
    [
      "ends inside its headers",
      `${OK}content-ty`,
      /the connection ended \(ECONNRESET\) \(reading the headers\)/,
    ],
    [
      "has headers over 16 KiB",
      `${OK}x: ${"x".repeat(17_000)}\r\n\r\n`,
      /headers of the answer exceed 16 KiB/,
    ],
    [
      "is shorter than announced",
      `${OK}content-length: 9\r\n\r\n12`,
      /connection ended .*\(reading the body\)/,
    ],
    [
      "ends inside a chunk",
      `${OK}transfer-encoding: chunked\r\n\r\n5\r\nab`,
      /connection ended .*\(reading the body\)/,
    ],
    [
      "has a chunk without size",
      `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`,
      /not valid HTTP: .*chunk size/,
    ],
    ["has two lengths", `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n12`, /not valid HTTP: /],
    [
      "switches protocols unasked",
      "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
      /HTTP 101, but no upgrade/,
    ],
    [
      "has a status that is none",
      "HTTP/1.1 020 Fine\r\ncontent-length: 0\r\n\r\n",
      /HTTP 20 is no status of HTTP/,
    ],
    ["switches to nothing", "HTTP/1.1 101 Switching\r\n\r\n", /HTTP 101|connection ended|not valid HTTP/],
    ["never gets over 1xx", "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000), /more than 16 informational/],
    ["never gets over 100", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), /more than 16 informational/],
  ])("when it %s", async (_, text, words) => {
    await using server = await saying(text, true);
    using http = client();
    const fault = await exchangeFault(http, get(server.origin));
    expect(fault).toMatch(/^protocol: /);
    expect(fault).toMatch(words);
  });

  it("but a few informational answers before the real one are passed over", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    await using server = await saying(`${early}${OK}content-length: 2\r\n\r\nok`);
    using http = client();
    expect(await (await http.send(get(server.origin))).text()).toBe("ok");
  });
});

describe("a deadline", () => {
  const STAGES: Readonly<Record<string, string | null>> = {
    "waiting for the first byte": null,
    "reading the headers": OK,
    "reading the body": `${OK}content-length: 9\r\n\r\n1`,
  };

  it.each(Object.entries(STAGES))("names the phase: %s", async (phase, text) => {
    await using server = await raw((socket) => socket.once("data", () => void (text && socket.write(text))));
    using http = client();
    const signal = AbortSignal.timeout(400);
    expect(await exchangeFault(http, get(server.origin, { signal }))).toMatch(
      new RegExp(`^timeout: no answer within \\d+ ms \\(${phase}\\)$`),
    );
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("names the TLS handshake", async () => {
    await using server = await raw(() => undefined);
    using http = client();
    const request = get(server.origin.replace("http", "https"), { signal: AbortSignal.timeout(400) });
    expect(await exchangeFault(http, request)).toMatch(/^timeout: .*\(in the TLS handshake\)$/);
  });

  it("names the wait for a connection, and lets the next one have it", async () => {
    const pool = createHttpPool({ maxSockets: 1 });
    await using server = await plain(
      (request, response) => void (request.url === "/ok" && response.end("ok")),
    );
    using http = client({ pool });
    const held = new AbortController();
    const first = faultOf(http.send(get(server.origin, { signal: held.signal })));
    const second = faultOf(http.send(get(server.origin, { signal: AbortSignal.timeout(200) })));
    expect(await second).toMatch(/^timeout: .*\(waiting for a free connection\)$/);
    const third = http.send(get(`${server.origin}/ok`));
    held.abort();
    expect(await first).toMatch(/^timeout: /);
    expect(await (await third).text()).toBe("ok");
    pool.close();
  });

  it("keeps the words of its reason, and ends the connection at once", async () => {
    await using server = await plain(() => undefined);
    using http = client();
    const deadline = new AbortController();
    const sent = faultOf(http.send(get(server.origin, { signal: deadline.signal })));
    while (server.sockets.length === 0) await new Promise(setImmediate);
    const [socket] = server.sockets;
    if (socket === undefined) throw new Error("no connection");
    const closed = once(socket, "close");
    deadline.abort(new ProbeFault("timeout", "no answer within 1000 ms"));
    expect(await sent).toMatch(/^timeout: no answer within 1000 ms \(/);
    await closed;
  });

  it("that is over already sends nothing", async () => {
    await using server = await plain((_, response) => response.end());
    using http = client();
    const request = get(server.origin, { signal: AbortSignal.abort() });
    expect(await exchangeFault(http, request)).toMatch(/^timeout: /);
    expect(server.sockets).toEqual([]);
  });
});
