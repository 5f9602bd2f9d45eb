import { describe, expect, it } from "vitest";
import type { CheckTarget } from "../../probes/target.ts";
import {
  body,
  bytes,
  child,
  event,
  json,
  type LocalServer,
  modern,
  older,
  oldSse,
  redirectTo,
  scripted,
  stream,
} from "../support/faulty.ts";
import { judge } from "../support/judge.ts";
import { over } from "../support/servers.ts";

/**
 * Whatever words a server puts anywhere, none reaches a result raw: no terminal escape, no line feed, no mark that
 * turns text round, no lone surrogate, no secret of an address. `judge` holds every result to that; here the words
 * are put wherever a server has a say, and it is shown that they did arrive.
 */

/** An escape that clears the screen, a bell, a bidi override, a zero width joiner, a line separator, half a character. */
const EVIL =
  "\u001b[2J\u0007\u202e\u200d\u2028\r\n\ud800evil https://user:hunter2@host.example/?token=hunter2";
/** The same as a header can carry it. */
const EVIL_HEADER = "\t\u001b evil \u0085\u009b";
const evil = JSON.stringify(EVIL);
const TOOL = '{"name":"a","inputSchema":{"type":"object"}}';

type Place = readonly [name: string, start: () => Promise<LocalServer>];

async function expectHarmless(given: Partial<CheckTarget>): Promise<string> {
  const result = JSON.stringify(await judge(given));
  expect(result).not.toContain("hunter2");
  return result;
}

describe("a word of a server", () => {
  it.each<Place>([
    [
      "in the error to initialize",
      () =>
        older({
          initialize: json(
            `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":${evil},"data":${evil}}}`,
          ),
        }),
    ],
    [
      "in the error to tools/list",
      () =>
        older({ "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":${evil}}}`) }),
    ],
    [
      "in the error of a modern server",
      () =>
        modern({
          "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32020,"message":${evil}}}`, {}, 400),
        }),
    ],
    [
      "as the version of a handshake",
      () =>
        older({
          initialize: json(
            `{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":${evil},"capabilities":{}}}`,
          ),
        }),
    ],
    [
      "as the versions that are offered",
      () =>
        modern({
          "server/discover": json(
            `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32022,"message":"no","data":{"supported":[${evil}]}}}`,
            {},
            400,
          ),
        }),
    ],
    [
      "in its name",
      () =>
        older({
          initialize: json(
            `{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":${evil},"version":${evil}}}}`,
          ),
        }),
    ],
    [
      "as the name of a tool",
      () =>
        older({
          "tools/list": json(
            `{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":${evil},"description":${evil},"inputSchema":{"type":"object"}},${TOOL},${TOOL}]}}`,
          ),
        }),
    ],
    [
      "as the name of a bad tool",
      () => older({ "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":${evil}}]}}`) }),
    ],
    [
      "as a cursor that repeats",
      () =>
        older({
          "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"result":{"tools":[],"nextCursor":${evil}}}`),
        }),
    ],
    [
      "as the type of a result",
      () =>
        modern({
          "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"result":{"resultType":${evil},"tools":[]}}`),
        }),
    ],
    ["as an id", () => older({ initialize: json(`{"jsonrpc":"2.0","id":${evil},"result":{}}`) })],
    ["instead of JSON", () => body(EVIL)],
    ["in an event", () => older({ "tools/list": stream(event("\u001b[2J\u202e")) })],
    [
      "as the endpoint of an event stream",
      () =>
        oldSse({
          endpoint: (response) =>
            response.write(event(`http://\u001b\u202ehost/${EVIL.replaceAll(/\s/g, "")}`, "endpoint")),
        }),
    ],
    ["as a status", () => bytes(`HTTP/1.1 500 ${EVIL_HEADER}\r\nContent-Length: 0\r\n\r\n`)],
    [
      "as a content type",
      () =>
        bytes(
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Type: ${EVIL_HEADER}\r\nContent-Length: 2\r\n\r\n{}`,
            "latin1",
          ),
        ),
    ],
    [
      "as an encoding",
      () =>
        bytes(
          Buffer.from(
            "HTTP/1.1 200 OK\r\nContent-Encoding: \u009b\u0085evil\r\nContent-Length: 2\r\n\r\n{}",
            "latin1",
          ),
        ),
    ],
    [
      "as a challenge",
      () =>
        bytes(
          Buffer.from(
            'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error="\u009bevil"\r\nContent-Length: 0\r\n\r\n',
            "latin1",
          ),
        ),
    ],
    [
      "as the address of a redirect",
      () => redirectTo("http://user:hunter2@host.example/\u009b?token=hunter2"),
    ],
    ["in an HTTP that is none", () => bytes(EVIL)],
  ])("%s", async (_, start) => {
    await using server = await start();
    await expectHarmless({ mcp: over(server.url), requiredTools: ["absent"] });
    await expectHarmless({ rest: { url: server.health } });
  });

  it.each([
    ["in its last words", scripted(`console.error(${evil}); process.exit(1);`)],
    ["in what it says instead of JSON", child({ first: `say(${evil});`, each: "process.exit(1);" })],
    ["in its name", child({ first: `results.initialize.serverInfo = { name: ${evil}, version: ${evil} };` })],
  ])("of a child, %s", async (_, mcp) => {
    await expectHarmless({ mcp, timeoutMs: 5_000 });
  });

  it.each([
    ["as its status", `{"status":${evil}}`],
    ["behind the word for down", `{"status":"down","detail":${evil}}`],
    ["as a component", `{"status":"UP","components":{${evil}:{"status":${evil}},"db":{"status":${evil}}}}`],
  ])("of a health page, %s", async (_, text) => {
    await using server = await body(text);
    await expectHarmless({
      rest: { url: server.health, components: { db: "UP", absent: "UP" } },
    });
  });

  it("is shown escaped, so that a person can see what was said", async () => {
    await using server = await older({
      initialize: json(`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":${evil}}}`),
    });
    const { mcp } = await judge({ mcp: over(server.url) });
    expect(mcp.failureClass).toBe("rpc");
    expect(mcp.detail).toContain("\\u001b[2J\\u0007\\u202e\\u200d\\u2028");
    expect(mcp.detail).toContain("evil https://host.example");
  });
});
