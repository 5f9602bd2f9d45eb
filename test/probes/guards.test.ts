import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReachable } from "../../probes/address.ts";
import { classify, printable } from "../../probes/classify.ts";
import { redactor, resolveEnv, type SecretSource } from "../../probes/secrets/source.ts";

/** What stands between the probe and a hostile server, and between a secret and a result. */

describe("an address", () => {
  it.each(["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])("%s is public", (address) => {
    expect(isReachable(address, "public")).toBe(true);
  });

  it.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])("%s is this machine", (address) => {
    expect(isReachable(address, "public")).toBe(false);
    expect(isReachable(address, "loopback")).toBe(true);
  });

  it.each([
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "224.0.0.1",
    "not an address",
  ])("%s needs a target that allows it", (address) => {
    expect(isReachable(address, "public")).toBe(false);
    expect(isReachable(address, "loopback")).toBe(false);
    expect(isReachable(address, "private")).toBe(true);
  });
});

describe("a detail", () => {
  it("is short, printable and free of credentials in addresses, whatever a server says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (noise) => {
        const text = printable(
          `${noise} https://user:hunter2@host.example/path?token=hunter2#hunter2 ${noise}`,
        );
        expect([...text].length).toBeLessThanOrEqual(200);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(text).not.toContain("hunter2");
      }),
    );
  });

  it("keeps what helps", () => {
    expect(printable("at https://u:p@host.example:8443/a?b=c it broke")).toBe(
      "at https://host.example:8443/a it broke",
    );
    expect(printable("sent Authorization: Bearer abc.def")).toBe("sent Authorization: Bearer ***");
    expect(printable("red \u001b[31m text")).toBe("red \\u001b[31m text");
  });

  it("names the first failure of several addresses", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED ::1:9"), { code: "ECONNREFUSED" });
    const both = Object.assign(new AggregateError([refused]), { code: "ECONNREFUSED" });
    expect(classify(both)).toEqual({ failureClass: "connect", detail: "connect ECONNREFUSED ::1:9" });
    const flaky = Object.assign(new Error("getaddrinfo EAI_AGAIN x"), { code: "EAI_AGAIN" });
    expect(classify(new Error("outer", { cause: flaky })).failureClass).toBe("dns");
  });
});

describe("a secret", () => {
  const source: SecretSource = {
    variable: (name) => ({ TOKEN: "abc", EMPTY: "" })[name],
    file: (path) =>
      path === "/token" ? Promise.resolve("from-file\n") : Promise.reject(new Error("ENOENT")),
  };

  it("is read from a variable or a file, without the file's last line end", async () => {
    const env = { PLAIN: "x", A: { env: "TOKEN" }, B: { file: "/token" } };
    expect(await resolveEnv(env, source)).toEqual({
      env: { PLAIN: "x", A: "abc", B: "from-file" },
      secrets: ["abc", "from-file"],
    });
  });

  it("that is missing, empty or kept elsewhere is named with all others", async () => {
    const env = { A: { env: "EMPTY" }, B: { file: "/none" }, C: { aws: "prod/github" } };
    const error = await resolveEnv(env, source).catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ failureClass: "auth" });
    for (const name of ["EMPTY", "/none", "prod/github"]) expect(String(error)).toContain(name);
  });

  it("is masked as a whole even when it contains another one", () => {
    expect(redactor(["abc", "abcdef", ""])("abcdef and abc")).toBe("*** and ***");
  });
});
