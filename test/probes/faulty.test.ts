import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { FailureClass } from "../../probes/result.ts";
import {
  answer,
  behindTls,
  body,
  bodyless,
  bomb,
  brokenGzip,
  brotliBomb,
  bytes,
  cutAfterChunk,
  cutInChunk,
  cutInHeaders,
  cutOff,
  drip,
  dripHeaders,
  encoded,
  endInHandshake,
  endless,
  endlessHeader,
  endlessHeaders,
  endlessHints,
  hangUp,
  type LocalServer,
  movedWithin,
  nested,
  nestedBomb,
  noiseInHandshake,
  olderHandler,
  oldTls,
  plainOnTlsPort,
  redirectLoop,
  redirectMaze,
  redirectTo,
  reset,
  resetInBody,
  resetInHandshake,
  resetInHeaders,
  rpc,
  serve,
  shortOfBytes,
  silent,
  silentInHandshake,
  status,
  type TlsServer,
  tool,
  untrusted,
  wantsClientCertificate,
} from "../support/faulty.ts";
import { expectVerdict, judge } from "../support/judge.ts";
import { over } from "../support/servers.ts";

/**
 * Each way to be broken has one class, and none can hold a check longer than its timeout and two seconds. Here
 * is everything below JSON-RPC; what stands in a well-formed answer is in faulty-rpc.test.ts.
 */

type Verdict = FailureClass | null;
type Case = readonly [name: string, start: () => Promise<LocalServer>, verdict: Verdict];

const right = olderHandler();
const challenge = { "www-authenticate": 'Bearer resource_metadata="http://127.0.0.1:9/.well-known/x"' };
const elsewhere = "http://127.0.0.1:9/mcp";

async function expectMcp(url: string, verdict: Verdict): Promise<void> {
  const { mcp } = await judge({ mcp: over(url) });
  expectVerdict(mcp, verdict);
  expect(mcp.tools).toBe(verdict === null ? 1 : null);
}

describe("a status", () => {
  it.each([400, 402, 404, 405, 406, 407, 408, 409, 410, 415, 418, 421, 426, 429, 431, 451])(
    "%i",
    async (code) => {
      await using server = await status(code);
      await expectMcp(server.url, "http");
    },
  );

  it.each([500, 501, 502, 503, 504, 511, 520, 599])("%i, whatever its body", async (code) => {
    await using empty = await status(code, { "retry-after": "3600" });
    await expectMcp(empty.url, "http");
    await using page = await body("<html>Bad gateway</html>", "text/html", code);
    await expectMcp(page.url, "http");
    await using shaped = await body(
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}',
      undefined,
      code,
    );
    await expectMcp(shaped.url, "http");
  });

  it.each<Case>([
    ["401 without a challenge", () => status(401), "auth"],
    ["401 with a challenge", () => status(401, challenge), "auth"],
    [
      "401 with a malformed challenge",
      () => status(401, { "www-authenticate": 'Bearer ",=,"\t"scope=' }),
      "auth",
    ],
    ["401 with a challenge of 8 KiB", () => status(401, { "www-authenticate": "B ".repeat(4_000) }), "auth"],
    [
      "401 that leads to a file",
      () =>
        status(401, {
          "www-authenticate": 'Bearer resource_metadata="file:///etc/passwd"',
        }),
      "auth",
    ],
    ["403", () => status(403), "auth"],
    [
      "403 for want of a scope",
      () =>
        status(403, {
          "www-authenticate": 'Bearer error="insufficient_scope"',
        }),
      "auth",
    ],
    ["202 to a request", () => status(202), "protocol"],
    ["204 to a request", () => status(204), "protocol"],
    ["205 to a request", () => status(205), "protocol"],
    ["304", () => status(304), "http"],
    ["300 without an address", () => status(300), "http"],
    ["302 without an address", () => status(302), "http"],
    ["307 to an address that is none", () => redirectTo("http://["), "http"],
    ["a 301 that would turn the request into a GET", () => redirectLoop(301), "http"],
    ["a 302 to another origin", () => redirectTo(elsewhere, 302), "http"],
    ["a 307 to another origin", () => redirectTo(elsewhere), "http"],
    [
      "a 307 to the same port under another name",
      () =>
        serve((request, response) => {
          const port = request.headers.host?.split(":")[1];
          response.writeHead(307, { location: `http://localhost:${port}/mcp` }).end();
        }),
      "http",
    ],
    ["a 308 to a file", () => redirectTo("file:///etc/passwd", 308), "http"],
    ["a 307 to data", () => redirectTo("data:application/json,{}"), "http"],
    ["a 307 loop", redirectLoop, "http"],
    ["a 307 maze", redirectMaze, "http"],
    ["one 307 within the origin", () => movedWithin(right), null],
    ["one 308 within the origin", () => movedWithin(right, 308), null],
  ])("%s", async (_, start, verdict) => {
    await using server = await start();
    await expectMcp(server.url, verdict);
  });
});

describe("a connection", () => {
  it.each<Case>([
    ["closed before the first byte", hangUp, "connect"],
    ["reset before the first byte", reset, "connect"],
    ["closed in the headers", cutInHeaders, "protocol"],
    ["reset in the headers", resetInHeaders, "protocol"],
    ["closed in the body", cutOff, "protocol"],
    ["reset in the body", resetInBody, "protocol"],
    ["closed in a chunk", cutInChunk, "protocol"],
    ["closed before the last chunk", cutAfterChunk, "protocol"],
    ["endless headers", endlessHeaders, "protocol"],
    ["an endless header", endlessHeader, "protocol"],
    ["endless hints", endlessHints, "protocol"],
    ["a greeting of SSH", () => bytes("SSH-2.0-OpenSSH_9.9\r\n"), "protocol"],
    ["a frame of HTTP/2", () => bytes(Buffer.from("000012040000000000000300000064", "hex")), "protocol"],
    ["HTTP/0.9", () => bytes("<html>hello</html>"), "protocol"],
    ["a status that is no number", () => bytes("HTTP/1.1 OK 200\r\n\r\n"), "protocol"],
    ["a header with a line feed inside", () => bytes("HTTP/1.1 200 OK\r\nx\n y: z\r\n\r\n"), "protocol"],
    ["two lengths", () => bytes(answer(["Content-Length: 2", "Content-Length: 3"], "{}")), "protocol"],
    [
      "a length and chunks",
      () => bytes(answer(["Content-Length: 2", "Transfer-Encoding: chunked"], "{}")),
      "protocol",
    ],
    ["a length that is none", () => bytes(answer(["Content-Length: 2x"], "{}")), "protocol"],
    ["a length of -1", () => bytes(answer(["Content-Length: -1"], "{}")), "protocol"],
    [
      "a length beyond every number",
      () => bytes(answer([`Content-Length: ${"9".repeat(40)}`], "{}")),
      "protocol",
    ],
    [
      "a length that is too short",
      () => bytes(answer(["Content-Length: 5"], '{"jsonrpc":"2.0"}')),
      "protocol",
    ],
    [
      "a chunk whose size is none",
      () => bytes(answer(["Transfer-Encoding: chunked"], "zz\r\n{}")),
      "protocol",
    ],
    [
      "other protocols than asked for",
      () => bytes("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
      "protocol",
    ],
  ])("%s", async (_, start, verdict) => {
    await using server = await start();
    await expectMcp(server.url, verdict);
  });

  describe.concurrent("that takes too long", () => {
    it.for<Case>([
      ["never answers", silent, "timeout"],
      ["answers headers only", bodyless, "timeout"],
      ["drips a body", drip, "timeout"],
      ["waits for the rest of a body", shortOfBytes, "timeout"],
      ["drips headers", dripHeaders, "timeout"],
      ["says nothing in the TLS handshake", silentInHandshake, "timeout"],
    ])("%s", async ([_, start, verdict]) => {
      await using server = await start();
      await expectMcp(server.url, verdict);
    });
  });

  it("that is never lent ends with the time all the same", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    expectVerdict((await judge({ mcp: over(elsewhere) }, { acquire: never })).mcp, "timeout");
    expectVerdict((await judge({ mcp: over(elsewhere) }, { openSession: never })).mcp, "timeout");
  });

  it.each<[string, string, FailureClass]>([
    ["a refused port", elsewhere, "connect"],
    ["a name that does not resolve", "http://rollcall-test.invalid/mcp", "dns"],
    ["an address that is none", "not an address", "connect"],
    ["another scheme", "file:///etc/passwd", "connect"],
    ["credentials in the address", "http://user:hunter2@127.0.0.1:9/mcp", "auth"],
    ["a private address", "http://10.255.255.1/mcp", "connect"],
    ["a link-local address", "http://169.254.169.254/latest/meta-data", "connect"],
    ["a private address in IPv6 clothes", "http://[::ffff:10.0.0.1]/mcp", "connect"],
    ["a private address as one number", "http://167772161/mcp", "connect"],
  ])("%s", async (_, url, verdict) => {
    await expectMcp(url, verdict);
  });

  it("this machine is out of reach unless the caller opens it", async () => {
    await using server = await serve(right);
    for (const host of ["127.0.0.1", "localhost", "127.1", "2130706433"]) {
      const { mcp } = await judge(
        { mcp: over(server.url.replace("127.0.0.1", host)) },
        { allowLoopback: false },
      );
      expect(mcp).toMatchObject({ outcome: "fail", failureClass: "connect" });
    }
  });
});

describe("a body", () => {
  const valid = { "tools/list": () => ({ result: { tools: [tool("a")] } }) };
  it.each<Case>([
    ["an HTML page with status 200", () => body("<html>", "text/html"), "protocol"],
    ["nothing with status 200", () => body(""), "protocol"],
    ["text", () => body("hello", "text/plain"), "protocol"],
    ["JSON that says to be text", () => body('{"jsonrpc":"2.0"}', "text/plain"), "protocol"],
    ["no content type", () => body("{}", ""), "protocol"],
    ["a content type that is none", () => body("{}", ";;;"), "protocol"],
    ["truncated JSON", () => body('{"jsonrpc":"2.0","id":'), "protocol"],
    ["two documents", () => body("{}{}"), "protocol"],
    ["JSON with comments", () => body("{} // fine"), "protocol"],
    ["NaN", () => body('{"jsonrpc":"2.0","id":NaN}'), "protocol"],
    ["null", () => body("null"), "protocol"],
    ["a number", () => body("42"), "protocol"],
    ["an empty list", () => body("[]"), "protocol"],
    ["JSON that is no JSON-RPC", () => body('{"hello":"world"}'), "protocol"],
    ["100,000 lists within each other", () => body(nested(100_000)), "protocol"],
    ["2,000,000 opening brackets", () => body("[".repeat(2_000_000)), "protocol"],
    ["UTF-16", () => body(Buffer.from('\ufeff{"jsonrpc":"2.0"}', "utf16le"), "application/json"), "protocol"],
    ["invalid UTF-8", () => body(Buffer.from([0x22, 0xff, 0xfe, 0x22])), "protocol"],
    ["an endless one", endless, "protocol"],
    ["a gzip bomb", bomb, "protocol"],
    ["a Brotli bomb", brotliBomb, "protocol"],
    ["bombs within bombs", nestedBomb, "protocol"],
    ["gzip that breaks off", brokenGzip, "protocol"],
    ["plain text that says to be gzip", () => encoded("{}", "gzip"), "protocol"],
    ["plain text that says to be Brotli", () => encoded("{}", "br"), "protocol"],
    ["an encoding that nobody knows", () => encoded("{}", "rot13"), "protocol"],
    ["an encoding named as a member of every object", () => encoded("{}", "constructor"), "protocol"],
    [
      "gzip with noise behind it",
      () => encoded(Buffer.concat([gzipSync("{}"), Buffer.alloc(64, 7)]), "gzip"),
      "protocol",
    ],
    ["right JSON", () => rpc(valid), null],
  ])("%s", async (_, start, verdict) => {
    await using server = await start();
    await expectMcp(server.url, verdict);
  });
});

describe("TLS", () => {
  it.each<Case>([
    ["reset in the handshake", resetInHandshake, "tls"],
    ["closed in the handshake", endInHandshake, "tls"],
    ["plain HTTP in the handshake", plainOnTlsPort, "tls"],
    ["noise in the handshake", noiseInHandshake, "tls"],
    ["a certificate nobody vouches for", untrusted, "tls"],
  ])("%s", async (_, start, verdict) => {
    await using server = await start();
    await expectMcp(server.url, verdict);
  });

  // each is trusted but for one thing, so that nothing else can be what is refused
  it.each<[string, () => Promise<TlsServer>, Verdict]>([
    ["a certificate of an authority of one's own", () => behindTls(right), null],
    ["an expired certificate", () => behindTls(right, { wish: { from: -9, to: -1 } }), "tls"],
    ["a certificate that is not valid yet", () => behindTls(right, { wish: { from: 1, to: 9 } }), "tls"],
    ["a certificate for another host", () => behindTls(right, { wish: { host: "other.example" } }), "tls"],
    ["TLS 1.1", () => oldTls(right), "tls"],
    ["a client certificate wanted by TLS 1.2", () => wantsClientCertificate(right, "TLSv1.2"), "tls"],
    ["a client certificate wanted by TLS 1.3", () => wantsClientCertificate(right, "TLSv1.3"), "tls"],
  ])("%s", async (_, start, verdict) => {
    await using server = await start();
    const secrets = {
      variable: () => server.certificate,
      file: () => Promise.reject(new Error("no file is read")),
    };
    const given = { mcp: over(server.url), tls: { ca: { env: "CA" } } };
    const { mcp } = await judge(given, { secrets });
    expectVerdict(mcp, verdict);
  });
});

describe("over REST", () => {
  const health = async (start: () => Promise<LocalServer>, verdict: Verdict): Promise<void> => {
    await using server = await start();
    const { rest } = await judge({ rest: { url: server.health } });
    expectVerdict(rest, verdict);
  };

  it.each<Case>([
    ["closed before the first byte", hangUp, "connect"],
    ["closed in the body", cutOff, "protocol"],
    ["closed in a chunk", cutInChunk, "protocol"],
    ["endless headers", endlessHeaders, "protocol"],
    ["a greeting of SSH", () => bytes("SSH-2.0-OpenSSH_9.9\r\n"), "protocol"],
    ["an endless body", endless, "protocol"],
    ["a gzip bomb", bomb, "protocol"],
    ["a Brotli bomb", brotliBomb, "protocol"],
    ["gzip that breaks off", brokenGzip, "protocol"],
    ["a redirect loop", redirectLoop, "http"],
    ["a redirect to another origin", () => redirectTo(elsewhere, 302), "http"],
    ["a redirect to a file", () => redirectTo("file:///etc/passwd"), "http"],
    ["401", () => status(401, challenge), "auth"],
    ["404", () => status(404), "http"],
    ["503 that says UP", () => body('{"status":"UP"}', undefined, 503), "http"],
    ["200 that says DOWN", () => body('{"status":"DOWN"}'), "http"],
    ["200 that says UP and then DOWN", () => body('{"status":"UP","status":"DOWN"}'), "http"],
    ["200 whose prototype says DOWN", () => body('{"status":"UP","__proto__":{"status":"DOWN"}}'), null],
    ["a certificate nobody vouches for", untrusted, "tls"],
    ["reset in the TLS handshake", resetInHandshake, "tls"],
    ["204", () => status(204), null],
  ])("%s", (_, start, verdict) => health(start, verdict));

  describe.concurrent("that takes too long", () => {
    it.for<Case>([
      ["never answers", silent, "timeout"],
      ["drips a body", drip, "timeout"],
      ["drips headers", dripHeaders, "timeout"],
      ["says nothing in the TLS handshake", silentInHandshake, "timeout"],
    ])("%s", ([_, start, verdict]) => health(start, verdict));
  });
});
