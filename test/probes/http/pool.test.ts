import { getEventListeners, once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createHttpPool } from "../../../probes/http/pool.ts";
import { selfSigned } from "../../support/selfsigned.ts";
import { client, encrypted, exchangeFault, faultOf, get, plain, post, raw } from "./support.ts";

/** Connections are kept and shared, and never stand in the way of a true result. */

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Answers the first request of each connection, and does with each further one as told. */
function tiring(onSecond: (socket: Socket) => void) {
  return raw((socket) => {
    let requests = 0;
    socket.on("data", () => {
      requests += 1;
      if (requests === 1) socket.write(ANSWER);
      else onSecond(socket);
    });
  });
}

describe("a pool", () => {
  it("carries 300 requests of many clients over few connections, and leaves none after its close", async () => {
    await using server = await plain((request, response) => request.pipe(response));
    const pool = createHttpPool();
    const { signal } = new AbortController();
    const worker = async (name: number): Promise<void> => {
      for (let turn = 0; turn < 15; turn += 1) {
        using http = client({ pool });
        const answer = await http.send(post(server.origin, `${name}.${turn}`, { signal }));
        expect(await answer.text()).toBe(`${name}.${turn}`);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, name) => worker(name)));
    expect(server.sockets.length).toBeLessThanOrEqual(20);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const closed = server.sockets.filter((socket) => !socket.closed).map((socket) => once(socket, "close"));
    pool.close();
    await Promise.all(closed);
    using late = client({ pool });
    expect(await exchangeFault(late, get(server.origin))).toBe("connect: the HTTP client was closed");
  });

  it("never shares a connection between reaches or TLS identities", async () => {
    const identity = selfSigned();
    await using server = await encrypted(identity, (_, response) => response.end("ok"));
    const pool = createHttpPool();
    const ca = identity.cert;
    const known = { ca, cert: identity.cert, key: identity.key };
    const use = async (options: Parameters<typeof client>[0]): Promise<number> => {
      using http = client({ pool, ...options });
      await (await http.send(get(`https://localhost:${server.port}`))).text();
      return server.sockets.length;
    };
    expect(await use({ tls: { ca } })).toBe(1);
    expect(await use({ tls: { ca: `${ca}` } })).toBe(1);
    expect(await use({ tls: known })).toBe(2);
    expect(await use({ tls: { ca }, reach: "private" })).toBe(3);
    expect(await use({ tls: known })).toBe(3);
    expect(await use({ tls: { ca: ca + ca } })).toBe(4);
    expect(await use({ tls: { ...known, cert: ca + ca } })).toBe(5);
    pool.close();
  });

  it("outlives its clients, whose close ends only what they have under way", async () => {
    await using server = await plain(
      (request, response) => void (request.url === "/ok" && response.end("ok")),
    );
    const pool = createHttpPool();
    using other = client({ pool });
    using leaving = client({ pool });
    const waiting = faultOf(leaving.send(get(server.origin)));
    const staying = other.send(get(server.origin, { signal: AbortSignal.timeout(500) }));
    const stayed = faultOf(staying);
    leaving.close();
    expect(await waiting).toBe("connect: the HTTP client was closed");
    expect(await exchangeFault(leaving, get(server.origin))).toBe("connect: the HTTP client was closed");
    expect(await (await other.send(get(`${server.origin}/ok`))).text()).toBe("ok");
    expect(await stayed).toMatch(/^timeout: /);
    pool.close();
  });

  it("measures the phases of a new connection only", async () => {
    await using server = await plain((_, response) => response.end("ok"));
    using http = client();
    const request = get(`http://localhost:${server.port}`);
    const first = await http.send(request);
    await first.text();
    const second = await http.send(request);
    await second.text();
    expect(first.timings).toEqual({
      dnsMs: expect.any(Number),
      connectMs: expect.any(Number),
      tlsMs: null,
      firstByteMs: expect.any(Number),
    });
    expect(second.timings).toEqual({
      dnsMs: null,
      connectMs: null,
      tlsMs: null,
      firstByteMs: expect.any(Number),
    });
    for (const phase of Object.values(first.timings)) if (phase !== null) expect(phase).toBeGreaterThan(0);
    expect(server.sockets.length).toBe(1);
  });

  it("measures the first byte, not the last header", async () => {
    await using server = await raw((socket) =>
      socket.once("data", async () => {
        socket.write("HTTP/1.1 200 OK\r\n");
        await sleep(300);
        socket.write("content-length: 0\r\n\r\n");
      }),
    );
    using http = client();
    const started = performance.now();
    const { timings } = await http.send(get(server.origin));
    const { connectMs, firstByteMs } = timings;
    expect((connectMs ?? 0) + (firstByteMs ?? 0)).toBeLessThan(performance.now() - started - 250);
  });
});

describe("a kept connection that the server gave up", () => {
  it.each([
    ["reset", (socket: Socket) => void socket.resetAndDestroy()],
    ["closed", (socket: Socket) => void socket.end()],
  ])("and %s is no outage: the request is sent anew, once, on a new one", async (_, hangUp) => {
    await using server = await tiring(hangUp);
    using http = client();
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await http.send(post(server.origin, "{}"));
      expect(await answer.text()).toBe("ok");
      expect(answer.timings.connectMs).not.toBeNull();
    }
    expect(server.sockets.length).toBe(2);
  });

  it("is an outage when the new one is reset too", async () => {
    await using server = await raw((socket, index) => {
      socket.once("data", () => {
        if (index > 0) return socket.resetAndDestroy();
        socket.once("data", () => socket.resetAndDestroy());
        return socket.write(ANSWER);
      });
    });
    using http = client();
    await (await http.send(get(server.origin))).text();
    expect(await exchangeFault(http, get(server.origin))).toMatch(/^connect: .*first byte/);
    expect(server.sockets.length).toBe(2);
  });

  it("inside an answer is a fault of the answer", async () => {
    await using server = await tiring((socket) => void socket.end("HTTP/1.1 200"));
    using http = client();
    await (await http.send(get(server.origin))).text();
    expect(await exchangeFault(http, get(server.origin))).toMatch(/^protocol: .*\(reading the headers\)$/);
    expect(server.sockets.length).toBe(1);
  });

  it("or that it is about to give up is not used again", async () => {
    await using server = await plain((_, response) =>
      response.setHeader("keep-alive", "timeout=1").end("ok"),
    );
    using http = client();
    for (let turn = 0; turn < 2; turn += 1) await (await http.send(get(server.origin))).text();
    expect(server.sockets.length).toBe(2);
  });
});

describe("an idle connection", () => {
  it("is closed a second before the server would, without being used again", async () => {
    const answer = ANSWER.replace("\r\n\r\n", "\r\nkeep-alive: timeout=2, max=9\r\n\r\n");
    await using server = await raw((socket) => socket.on("data", () => socket.write(answer)));
    using http = client();
    await (await http.send(get(server.origin))).text();
    const [socket] = server.sockets;
    if (socket === undefined) throw new Error("no connection");
    await once(socket, "close");
  });
});

describe("bytes that nobody asked for", () => {
  it("are never taken for the answer to the next request", async () => {
    await using server = await raw((socket, index) => {
      socket.on("data", () => {
        if (index > 0) return socket.write(ANSWER);
        socket.write(ANSWER);
        return setTimeout(() => socket.write(ANSWER.replace(/ok$/, "no")), 50);
      });
    });
    using http = client();
    expect(await (await http.send(get(server.origin))).text()).toBe("ok");
    const [socket] = server.sockets;
    if (socket === undefined) throw new Error("no connection");
    await once(socket, "close");
    expect(await (await http.send(get(server.origin))).text()).toBe("ok");
  });

  it("behind a complete answer do not spoil it", async () => {
    await using server = await raw((socket) =>
      socket.once("data", () => socket.write(`${ANSWER}${ANSWER}junk`)),
    );
    using http = client();
    expect(await (await http.send(get(server.origin))).text()).toBe("ok");
    expect(await (await http.send(get(server.origin))).text()).toBe("ok");
  });
});

describe("a certificate", () => {
  it("is shown with every answer, also of a kept connection, and counted in whole days", async () => {
    const identity = selfSigned();
    await using server = await encrypted(identity, (_, response) => response.end("ok"));
    let days = 0;
    using http = client({ tls: { ca: identity.cert }, now: () => Date.now() + days * 86_400_000 });
    const request = get(`https://localhost:${server.port}`);
    const first = await http.send(request);
    await first.text();
    days = 3;
    const second = await http.send(request);
    await second.text();
    expect(first.certificate?.daysLeft).toBe(0);
    expect(second.certificate?.daysLeft).toBe(-3);
    expect(first.certificate?.validTo).toBe(second.certificate?.validTo);
    const left = Date.parse(first.certificate?.validTo ?? "") - Date.now();
    expect(left).toBeGreaterThan(80_000_000);
    expect(left).toBeLessThanOrEqual(86_400_000);
    expect(first.timings.tlsMs).toBeGreaterThan(0);
    expect(second.timings).toMatchObject({ connectMs: null, tlsMs: null });
    expect(server.sockets.length).toBe(1);
  });
});
