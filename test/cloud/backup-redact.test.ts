import { describe, expect, it, test } from "vitest";
import { redact } from "../../cloud/backup/redact.ts";

// What is masked in a backup, and what has to stay so that the rest can be restored. Every secret here is `hunter2`.

const VARIABLE = ["$", "{DB_PASSWORD}"].join("");
const lines = (...all: readonly string[]): string => all.join("\n");
const masked = (text: string): unknown => redact(text).value;

describe("a value by its name", () => {
  it.each(["API_TOKEN", "clientSecret", "dbpassword", "client-secret", "aws.access.key", "credentials.json"])(
    "is masked: %s",
    (name) => expect(redact({ [name]: "hunter2" })).toEqual({ value: { [name]: "…" }, redacted: true }),
  );

  it.each([
    ["max_tokens", "4096"],
    ["maxTokens", 4_096],
    ["requirePassword", "true"],
    ["token", ""],
    ["password", VARIABLE],
    ["secretName", "regcred"],
    ["tokenizer", "cl100k"],
  ])("stays, because it is none: %s", (name, value) =>
    expect(redact({ [name]: value })).toEqual({ value: { [name]: value }, redacted: false }),
  );

  it("is masked with everything beneath it, numbers too", () => {
    expect(redact({ credentials: { user: "ada", pin_password: 1234 } }).value).toEqual({
      credentials: { user: "…", pin_password: "…" },
    });
  });
});

describe("a value that is a file", () => {
  test.each([
    ["properties", lines("db.url=jdbc:x", "db.password=hunter2 with words", "db.pool=4"), [1]],
    ["a file of variables", lines("A=1", "export API_KEY='hunter2'", "B=2"), [1]],
    ["YAML", lines("client:", "  id: 7", "  client_secret: hunter2", "  scope: all"), [2]],
    ["a block of YAML", lines("password: |", "  hunter2", "", "  hunter2", "next: 1"), [1, 3]],
    ["a list of YAML", lines("tokens:", "- hunter2", "- hunter2", "next: 1"), [1, 2]],
    ["an item of a list", lines("- name: a", "  token: hunter2", "- name: b"), [1]],
    ["JSON that is cut off", lines("{", '  "apiKey": "hunter2",', '  "next": 1'), [1]],
    ["a comment", lines("a: 1", "# password: hunter2", "b: 2"), [1]],
    ["lines of Windows", "a=1\r\npassword=hunter2\r\nb=2", [1]],
    ["an address", lines("url: https://example.com/?token=hunter2&page=2", "b: 1"), [0]],
    ["a connection string", "db: Server=a;Password=hunter2;Pool=4", [0]],
    ["a map in one line", "auth: { apiKey: hunter2, id: 7 }", [0]],
  ])("loses its secrets and keeps its other lines: %s", (_, text, changed) => {
    const { value, redacted } = redact({ file: text }) as { value: { file: string }; redacted: boolean };
    expect(redacted).toBe(true);
    expect(value.file).not.toContain("hunter2");
    const before = text.split("\n");
    const after = value.file.split("\n");
    expect(after).toHaveLength(before.length);
    expect(before.flatMap((line, index) => (line === after[index] ? [] : [index]))).toEqual(changed);
  });

  it("is masked member by member where it is JSON, in one line too", () => {
    expect(JSON.parse(String(masked('{"apiKey":"hunter2","limits":{"max_tokens":4096}}')))).toEqual({
      apiKey: "…",
      limits: { max_tokens: 4_096 },
    });
  });

  it("loses a private key from its first line to its last", () => {
    const key = lines("-----BEGIN RSA PRIVATE KEY-----", "aHVudGVyMg==", "-----END RSA PRIVATE KEY-----");
    expect(masked(lines("a", key, "b"))).toBe(lines("a", "…", "b"));
  });

  it.each([
    lines("model: x", "max_tokens: 4096", "tokenizer: cl100k"),
    lines(`password=${VARIABLE}`, "user=ada"),
    lines("credentials:", "next: 1"),
    '{ "max_tokens": 4096 }',
    "a: 1\r\nb: 2\r\n",
  ])("without a secret stays as it is, byte for byte", (text) =>
    expect(redact(text)).toEqual({ value: text, redacted: false }),
  );

  it("of a megabyte without an end of line takes no time to speak of", () => {
    const begun = performance.now();
    for (const part of ["token", "a.", " ", 'token:"', "- ", "-----BEGIN PRIVATE KEY-----"])
      masked(part.repeat(1_000_000 / part.length));
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
