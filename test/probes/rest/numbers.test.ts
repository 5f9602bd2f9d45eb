import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NumberSource } from "../../../catalog/target.ts";
import { valueAt } from "../../../probes/rest/json-pointer.ts";
import { readNumbers } from "../../../probes/rest/numbers.ts";
import type { Page } from "../../../probes/rest/pages.ts";

/** Which values of a page are numbers, and where a JSON Pointer leads. */

const URL_OF_PAGE = "http://127.0.0.1/page";

function numberAt(text: string, pointer: string): number | undefined {
  const source: NumberSource = { metric: "it", url: URL_OF_PAGE, kind: "json", pointer };
  const page: Page = { status: 200, statusText: "", text, fault: null, ms: 0 };
  return readNumbers([source], new Map([[URL_OF_PAGE, page]])).it;
}

describe("a JSON Pointer", () => {
  // The document and the answers of RFC 6901, section 5.
  const document = {
    foo: ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
  };
  it.each([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%j leads where RFC 6901 says", (pointer, value) => {
    expect(valueAt(document, pointer)).toEqual(value);
  });

  it.each([
    "foo",
    "/foo/2",
    "/foo/-",
    "/foo/01",
    "/foo/length",
    "/foo/0/0",
    "/~2",
    "/a~",
    "/constructor",
    "/toString",
  ])("%j leads nowhere", (pointer) => {
    expect(valueAt(document, pointer)).toBeUndefined();
  });

  it("unescapes ~01 to ~1, and not to a slash", () => {
    expect(valueAt({ "~1": "tilde", "/": "slash" }, "/~01")).toBe("tilde");
  });

  it("finds every value of every document by the path that was walked to it", () => {
    const token = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.jsonValue(), (outer, inner, value) => {
        const built: unknown = JSON.parse(
          `{${JSON.stringify(outer)}:[0,{${JSON.stringify(inner)}:${JSON.stringify(value)}}]}`,
        );
        expect(valueAt(built, `/${token(outer)}/1/${token(inner)}`)).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
    );
  });
});

describe("a number", () => {
  it.each([
    ["42", "", 42],
    ['{"a":-1.5e3}', "/a", -1500],
    ['{"a":"12.75"}', "/a", 12.75],
    ['{"a":"-3"}', "/a", -3],
    ['{"a":true}', "/a", 1],
    ['{"a":[false]}', "/a/0", 0],
  ])("is shown by %s", (text, pointer, value) => {
    expect(numberAt(text, pointer)).toBe(value);
  });

  it.each([
    '{"a":1e999}',
    '{"a":"1e3"}',
    '{"a":"0x10"}',
    '{"a":" 1"}',
    '{"a":"1 ms"}',
    '{"a":""}',
    '{"a":"NaN"}',
    '{"a":null}',
    '{"a":{}}',
    '{"a":[1]}',
    "{}",
    "no JSON",
  ])("is not shown by %s, and is left out", (text) => {
    expect(numberAt(text, "/a")).toBeUndefined();
  });

  it("is finite or not there, whatever the page", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        fc.constantFrom("", "/0", "/a", "//"),
        (text, pointer) => {
          const value = numberAt(text, pointer);
          expect(value === undefined || Number.isFinite(value)).toBe(true);
        },
      ),
    );
  });

  it("keeps a metric apart from what an object inherits", () => {
    const source: NumberSource = { metric: "__proto__", url: URL_OF_PAGE, kind: "json", pointer: "" };
    const page: Page = { status: 200, statusText: "", text: "7", fault: null, ms: 0 };
    expect(Object.entries(readNumbers([source], new Map([[URL_OF_PAGE, page]])))).toEqual([["__proto__", 7]]);
  });
});
