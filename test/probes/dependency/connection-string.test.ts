import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import { readConnectionString } from "../../../probes/dependency/connection-string.ts";

/** PostgreSQL's connection URIs: what is read from them, and what is said of those that are none. */

const file = (path: string): Promise<string> =>
  path.startsWith("/no") ? Promise.reject(new Error(path)) : Promise.resolve(`the text of ${path}`);

describe("a connection string", () => {
  it("is read with its defaults", async () => {
    expect(await readConnectionString("postgres://task@db.example", file)).toEqual({
      host: "db.example",
      port: 5432,
      user: "task",
      password: "",
      database: "task",
      ssl: false,
    });
  });

  it("is read with everything written out, percent-encoding undone", async () => {
    const text =
      "postgresql://ta%40sk:p%2Fw%25@[2001:db8::1]:6432/my%20tasks?sslmode=verify-full&sslrootcert=/ca";
    expect(await readConnectionString(text, file)).toEqual({
      host: "2001:db8::1",
      port: 6432,
      user: "ta@sk",
      password: "p/w%",
      database: "my tasks",
      ssl: { ca: "the text of /ca" },
    });
  });

  it.each([
    ["", false],
    ["sslmode=disable", false],
    ["sslmode=prefer", false],
    ["sslmode=require", { rejectUnauthorized: false }],
    ["sslmode=no-verify", { rejectUnauthorized: false }],
    ["sslmode=require&sslrootcert=/ca", { ca: "the text of /ca", checkServerIdentity: expect.any(Function) }],
    ["sslmode=verify-ca", { checkServerIdentity: expect.any(Function) }],
    ["sslmode=verify-full&sslrootcert=system", {}],
    ["ssl=true", {}],
    ["sslmode=verify-full&sslcert=/c&sslkey=/k", { cert: "the text of /c", key: "the text of /k" }],
  ])("with %j asks for TLS so", async (query, ssl) => {
    const address = await readConnectionString(`postgres://task@db.example/?${query}`, file);
    expect(address.ssl).toEqual(ssl);
  });

  it.each([
    ["host=db.example user=task password=hunter2", "is none"],
    ["https://task:hunter2@db.example", "is none"],
    ["postgres://task:hunter2@db.example:99999/x", "is none"],
    ["postgres:///hunter2", "names no host"],
    ["postgres://:hunter2@db.example/x", "names no user"],
    ["postgres://task:hunter2%E0%A4%A@db.example/x", "is not percent-encoded"],
    [
      "postgres://task:hunter2@db.example/x?sslmode=sometimes",
      "has an sslmode that PostgreSQL does not know",
    ],
    [
      "postgres://task:hunter2@db.example/x?sslmode=require&sslkey=/no/hunter2",
      "names an sslkey that cannot",
    ],
  ])("%j is refused by the rule that it breaks, and not repeated", async (text, rule) => {
    const fault: unknown = await readConnectionString(text, file).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ProbeFault);
    expect(String(fault)).toContain(`the connection string ${rule}`);
    expect(String(fault)).not.toContain("hunter2");
  });

  it("of any text is an address or a ProbeFault that does not hold it", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.webUrl().map((url) => url.replace(/^https?/, "postgresql")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (noise) => {
        const given = `postgresql://u:hunter2${noise}@h/d?${noise}`;
        const read: unknown = await readConnectionString(given, file).catch((error: unknown) => error);
        if (read instanceof Error) {
          expect(read).toBeInstanceOf(ProbeFault);
          expect(read.message).not.toContain("hunter2");
        }
      }),
    );
  });
});
