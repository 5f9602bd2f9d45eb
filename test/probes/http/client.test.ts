import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import type { Authorizer, HttpRequest } from "../../../probes/http/types.ts";
import { client, exchangeFault, faultOf, get, plain, post, saying } from "./support.ts";

/** What may be asked of whom, and who is shown the credentials. */

describe("an address", () => {
  it.each([
    ["http://127.0.0.1:1/", /^connect: refused to connect to 127\.0\.0\.1: a loopback address/],
    ["http://2130706433:1/", /^connect: refused to connect to 127\.0\.0\.1/],
    ["http://[::1]:1/", /^connect: refused to connect to ::1/],
    ["http://[::ffff:10.0.0.1]/", /^connect: refused to connect to .*a private address/],
    ["http://169.254.169.254/", /^connect: refused to connect to .*a linkLocal address/],
    ["http://localhost:1/", /^connect: refused to connect to .*a loopback address/],
    ["ftp://localhost/", /^connect: only http and https addresses are checked, not ftp:/],
    ["http://user:hunter2@8.8.8.8/", /^auth: credentials do not belong in an address/],
  ])("%s is refused from outside", async (address, words) => {
    using http = client({ reach: "public" });
    const fault = await exchangeFault(http, get(address));
    expect(fault).toMatch(words);
    expect(fault).not.toContain("hunter2");
  });

  it("of IPv6 is connected to", async () => {
    using http = client();
    expect(await exchangeFault(http, get("http://[::1]:1/"))).toMatch(/^connect: connect E\w+ ::1:1/);
  });
});

describe("a redirect", () => {
  it("within the origin is followed with its method and body, three times at most", async () => {
    await using server = await plain(async (request, response) => {
      const hops = Number(new URL(request.url ?? "/", "http://x").searchParams.get("left"));
      if (hops > 0) return response.writeHead(308, { location: `?left=${hops - 1}` }).end("moved");
      let text = "";
      for await (const chunk of request) text += String(chunk);
      return response.end(`${request.method} ${text} ${request.headers.host}`);
    });
    using http = client();
    const sent = await http.send(post(`${server.origin}/?left=3`, "hello"));
    expect(await sent.text()).toBe(`POST hello 127.0.0.1:${server.port}`);
    expect(await exchangeFault(http, post(`${server.origin}/?left=4`, "hello"))).toBe(
      "http: more than 3 redirects",
    );
    expect(server.sockets.length).toBe(1);
  });

  it.each([
    [307, "http://localhost:1/", "GET", /^http: HTTP 307 to another origin: http:\/\/localhost:1$/],
    [302, "//user:hunter2@host/", "GET", /^http: HTTP 302 to another origin: http:\/\/host$/],
    [308, "https://[", "GET", /^http: HTTP 308 to an invalid address$/],
    [301, "/", "POST", /^http: HTTP 301 would turn a POST into a GET$/],
    [302, "/", "POST", /^http: HTTP 302 would turn a POST into a GET$/],
    [303, "/", "POST", /^http: HTTP 303 would turn a POST into a GET$/],
    [303, "/", "DELETE", /^http: HTTP 303 would turn a DELETE into a GET$/],
    [301, "/", "GET", /^http: more than 3 redirects$/],
  ] as const)("of %i to %s after a %s is judged", async (status, location, method, words) => {
    await using server = await plain((_, response) => response.writeHead(status, { location }).end());
    using http = client();
    expect(await exchangeFault(http, get(server.origin, { method }))).toMatch(words);
  });

  it("with credentials in it is refused", async () => {
    await using server = await plain((request, response) => {
      const location = `http://user:hunter2@${request.headers.host}/`;
      response.writeHead(307, { location }).end();
    });
    using http = client();
    expect(await exchangeFault(http, get(server.origin))).toMatch(/^auth: credentials do not belong/);
  });

  it("to nowhere is an answer like any other", async () => {
    await using server = await plain((_, response) => response.writeHead(307).end());
    using http = client();
    const answer = await http.send(get(server.origin));
    expect(answer.status).toBe(307);
    answer.discard();
  });
});

describe("headers", () => {
  it("go out as given, with a host, a name and no packing asked for", async () => {
    await using server = await plain((request, response) => response.end(JSON.stringify(request.rawHeaders)));
    using http = client();
    const headers = Object.fromEntries([
      ["Accept", "text/plain"],
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    const answer = await http.send(get(server.origin, { headers }));
    expect(JSON.parse(await answer.text())).toEqual([
      ...["Accept", "text/plain", "__proto__", "x", "constructor", "y"],
      ...["host", `127.0.0.1:${server.port}`, "user-agent", "rollcall", "accept-encoding", "identity"],
      ...["Connection", "keep-alive"],
    ]);
    const own = { "User-Agent": "other", "ACCEPT-ENCODING": "gzip", Host: "virtual" };
    const named = JSON.parse(await (await http.send(get(server.origin, { headers: own }))).text());
    expect(named).toEqual([...Object.entries(own).flat(), "Connection", "keep-alive"]);
  });

  it.each([
    ["x", "a\r\nb: c", /Invalid character in header content/],
    ["x", "\u20ac", /Invalid character in header content/],
    ["x y", "1", /Header name must be a valid HTTP token/],
    ["", "1", /Header name must be a valid HTTP token/],
    ["Content-Length", "1", /content-length is set by the HTTP client alone/],
    ["transfer-encoding", "chunked", /transfer-encoding is set by the HTTP client alone/],
    ["expect", "100-continue", /expect is set by the HTTP client alone/],
  ])("that cannot be sent are a fault: %j: %j", async (name, value, words) => {
    await using server = await plain((_, response) => response.end());
    using http = client();
    const fault = await exchangeFault(http, post(server.origin, "x", { headers: { [name]: value } }));
    expect(fault).toMatch(/^protocol: /);
    expect(fault).toMatch(words);
    expect(server.sockets).toEqual([]);
  });

  it("of an answer may be double or have any name, and harm nothing", async () => {
    const lines = [
      "__proto__: polluted",
      "__proto__: twice",
      "constructor: x",
      "toString: y",
      "x: 1",
      "x: 2",
    ];
    const more = ["content-type: a/b", "content-type: c/d", "set-cookie: a", "set-cookie: b"];
    const text = ["HTTP/1.1 200 OK", ...lines, ...more, "content-length: 2", "", "ok"].join("\r\n");
    await using server = await saying(text);
    using http = client();
    const answer = await http.send(get(server.origin));
    expect(await answer.text()).toBe("ok");
    expect(answer.headers).toMatchObject({ x: "1, 2", "content-type": "a/b", "set-cookie": ["a", "b"] });
    expect(Object.getPrototypeOf(answer.headers)).toBe(Object.prototype);
    expect(JSON.stringify(Object.entries({}))).toBe("[]");
    expect("polluted" in {}).toBe(false);
  });
});

describe("an authorizer", () => {
  /** Hands out numbered tokens, and takes a refusal for a reason to go on to the next. */
  function numbered({ isRenewed = true } = {}) {
    let token = 1;
    const refusals: (string | null)[] = [];
    const asked: string[] = [];
    const authorizer: Authorizer = {
      headers: ({ url }: HttpRequest) => {
        asked.push(url.pathname);
        return Promise.resolve({ Authorization: `Bearer ${token}` });
      },
      refused: (challenge) => {
        refusals.push(challenge);
        token += 1;
        return Promise.resolve(isRenewed);
      },
    };
    return { authorizer, refusals, asked };
  }

  const gate = (token: number) =>
    plain((request, response) => {
      if (request.headers.authorization === `Bearer ${token}`) return response.end(request.rawHeaders.join());
      return response.writeHead(401, { "www-authenticate": "Bearer realm=x" }).end("no");
    });

  it("puts its headers to each request, in place of what the caller gave", async () => {
    await using server = await gate(1);
    const { authorizer, refusals } = numbered();
    using http = client({ authorizer });
    const answer = await http.send(get(server.origin, { headers: { authorization: "Basic x", a: "b" } }));
    expect(await answer.text()).toMatch(/^a,b,Authorization,Bearer 1,host,/);
    expect(refusals).toEqual([]);
  });

  it("gets one more try when it says that it is worth it, over the same connection", async () => {
    await using server = await gate(2);
    const { authorizer, refusals } = numbered();
    using http = client({ authorizer });
    expect((await http.send(get(server.origin))).status).toBe(200);
    expect(refusals).toEqual(["Bearer realm=x"]);
    expect(server.sockets.length).toBe(1);
  });

  it("gets no second one: the refusal is the answer", async () => {
    await using server = await gate(3);
    const { authorizer, refusals } = numbered();
    using http = client({ authorizer });
    const answer = await http.send(get(server.origin));
    expect([answer.status, await answer.text()]).toEqual([401, "no"]);
    expect(refusals.length).toBe(1);
  });

  it("that has no better credential leaves the refusal to the caller, body and all", async () => {
    await using server = await gate(2);
    const { authorizer } = numbered({ isRenewed: false });
    using http = client({ authorizer });
    const answer = await http.send(get(server.origin));
    expect([answer.status, await answer.text()]).toEqual([401, "no"]);
  });

  it("is asked anew after a redirect, and never for another origin or a refused address", async () => {
    let elsewhere = 0;
    await using other = await plain((_, response) => {
      elsewhere += 1;
      response.end();
    });
    await using server = await plain((request, response) => {
      const location = request.url === "/a" ? "/b" : other.origin;
      response.writeHead(307, { location }).end();
    });
    const { authorizer, asked } = numbered();
    using http = client({ authorizer });
    expect(await exchangeFault(http, get(`${server.origin}/a`))).toMatch(/^http: HTTP 307 to another origin/);
    expect(asked).toEqual(["/a", "/b"]);
    expect(elsewhere).toBe(0);
    expect(await exchangeFault(http, get("http://10.0.0.1/"))).toMatch(/^connect: refused/);
    expect(asked).toEqual(["/a", "/b"]);
  });

  it("that fails, or never answers, is a fault of its own", async () => {
    await using server = await gate(2);
    const failing = (authorizer: Authorizer, signal = new AbortController().signal): Promise<string> => {
      using http = client({ authorizer });
      return faultOf(http.send(get(server.origin, { signal })));
    };
    const { authorizer } = numbered();
    const missing = new ProbeFault("auth", "TOKEN is not set");
    expect(await failing({ ...authorizer, headers: () => Promise.reject(missing) })).toBe(
      "auth: TOKEN is not set",
    );
    const never = (): Promise<never> => new Promise(() => undefined);
    expect(await failing({ ...authorizer, headers: never }, AbortSignal.timeout(100))).toMatch(
      /^auth: no credentials within \d+ ms$/,
    );
  });
});
