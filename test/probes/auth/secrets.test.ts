/** Where secrets are read, and how they are masked. Not proved here: AWS itself; its JSON protocol is spoken. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secretRef } from "../../../catalog/secrets.ts";
import { awsSecrets } from "../../../probes/secrets/aws.ts";
import { shortLived } from "../../../probes/secrets/cache.ts";
import { kubernetesSecrets } from "../../../probes/secrets/kubernetes.ts";
import { readSecret, redactor, type SecretSource } from "../../../probes/secrets/source.ts";
import { certificateAuthority } from "../../support/certificates.ts";
import { bodyless, dripHeaders, silent } from "../../support/faulty.ts";
import { type Handler, json, listen, variables } from "./parties.ts";

const SECRET = "the value itself";

/** Secrets Manager and Parameter Store, as far as reading goes. */
async function aws(asked: string[]) {
  const values: Readonly<Record<string, unknown>> = {
    "prod/token": { SecretString: SECRET },
    "prod/binary": { SecretBinary: Buffer.from(SECRET).toString("base64") },
    "prod/json": { SecretString: JSON.stringify({ token: SECRET, port: 7, inner: {} }) },
    "arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf": { SecretString: SECRET },
    "/prod/token": { Parameter: { Value: SECRET } },
    "arn:aws:ssm:eu-west-1:1:parameter/x": { Parameter: { Value: SECRET } },
  };
  const handler: Handler = async (request, response) => {
    const { Name, SecretId, WithDecryption } = JSON.parse(await textOf(request)) as Record<
      string,
      string | undefined
    >;
    const name = Name ?? SecretId ?? "";
    const [, region] = /Credential=[^/]+\/\d+\/([^/]+)/.exec(request.headers.authorization ?? "") ?? [];
    asked.push(`${String(request.headers["x-amz-target"])} ${name} ${region} ${String(WithDecryption)}`);
    if (name === "prod/denied") {
      return json(response, { __type: "AccessDeniedException", message: `no ${SECRET} for you` }, 400);
    }
    const missing = Name === undefined ? "ResourceNotFoundException" : "ParameterNotFound";
    return name in values ? json(response, values[name]) : json(response, { __type: missing }, 400);
  };
  const server = await listen(handler);
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "for tests" };
  return { ...server, read: awsSecrets({ endpoint: server.origin, region: "eu-central-1", credentials }) };
}

function source(more: Partial<SecretSource>): SecretSource {
  return { ...variables({}), ...more };
}

describe("a secret of AWS", () => {
  it.each([
    ["prod/token", SECRET, "secretsmanager.GetSecretValue prod/token eu-central-1 undefined"],
    ["prod/binary", SECRET, "secretsmanager.GetSecretValue prod/binary eu-central-1 undefined"],
    ["prod/json#token", SECRET, "secretsmanager.GetSecretValue prod/json eu-central-1 undefined"],
    ["prod/json#port", "7", "secretsmanager.GetSecretValue prod/json eu-central-1 undefined"],
    [
      "arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf",
      SECRET,
      "secretsmanager.GetSecretValue arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf eu-west-1 undefined",
    ],
    ["/prod/token", SECRET, "AmazonSSM.GetParameter /prod/token eu-central-1 true"],
    [
      "arn:aws:ssm:eu-west-1:1:parameter/x",
      SECRET,
      "AmazonSSM.GetParameter arn:aws:ssm:eu-west-1:1:parameter/x eu-west-1 true",
    ],
  ])("%s is read where its name says", async (name, value, question) => {
    const asked: string[] = [];
    await using server = await aws(asked);
    expect(secretRef.safeParse({ aws: name }).success).toBe(true);
    expect(await readSecret({ aws: name }, source({ aws: server.read }))).toBe(value);
    expect(asked).toEqual([question]);
  });

  it.each([
    ["prod/none", "credential prod/none: is not set"],
    ["/prod/none", "credential /prod/none: is not set"],
    ["prod/denied", "credential prod/denied: cannot be read from AWS (AccessDeniedException)"],
    ["prod/token#key", "credential prod/token#key: is no JSON object"],
    ["prod/json#none", "credential prod/json#none: has no key none"],
    ["prod/json#toString", "credential prod/json#toString: has no key toString"],
    ["prod/json#inner", "credential prod/json#inner: has no text under its key inner"],
  ])("%s that cannot be had is named, and nothing of a value shown", async (name, message) => {
    await using server = await aws([]);
    const error = await readSecret({ aws: name }, source({ aws: server.read })).catch(String);
    expect(error).toContain(message);
    expect(error).not.toContain(SECRET);
  });

  it.concurrent.each([
    ["never answers", "prod/token", silent],
    ["never ends the headers of its answer", "prod/token", dripHeaders],
    ["never ends its answer", "/prod/token", bodyless],
  ])("is given up in time where AWS %s", async (_, name, server) => {
    await using aws = await server();
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "for tests" };
    const read = awsSecrets({ endpoint: aws.origin, region: "eu-central-1", credentials });
    const from = performance.now();
    await expect(read(name)).rejects.toThrow("cannot be read from AWS (TimeoutError)");
    expect(performance.now() - from).toBeLessThan(9_000);
  });

  it.each(["a b", "name#", "name#a#b", "name#a/b"])("is not named %j", (name) => {
    expect(secretRef.safeParse({ aws: name }).success).toBe(false);
  });
});

describe("a secret of Kubernetes", () => {
  const none = { variable: () => undefined, account: "/nonexistent" };

  async function folder(files: Readonly<Record<string, string>>) {
    const path = await mkdtemp(join(tmpdir(), "rollcall-secrets-"));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(path, name, ".."), { recursive: true });
      await writeFile(join(path, name), text);
    }
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
  }

  it("is read from the folder it is mounted in, and from nowhere outside of it", async () => {
    await using mounted = await folder({ "secrets/github/token": `${SECRET}\n`, "outside/token": "no" });
    const read = kubernetesSecrets({ ...none, folder: join(mounted.path, "secrets") });
    expect(await read("github/token")).toBe(SECRET);
    expect(await read("github/none")).toBeUndefined();
    for (const name of ["../outside/token", "../token", "github/..", "/token", "github"]) {
      expect(await read(name), name).toBeUndefined();
    }
    expect(secretRef.safeParse({ kubernetes: "../token" }).success).toBe(false);
    expect(secretRef.safeParse({ kubernetes: "github/.." }).success).toBe(false);
    expect(secretRef.safeParse({ kubernetes: "github/.dockerconfigjson" }).success).toBe(true);
  });

  it("is else asked of the API server with the pod's own account, over the cluster's authority", async () => {
    const authority = certificateAuthority();
    const seen: string[] = [];
    const answers = new Map([
      [
        "/api/v1/namespaces/mcp/secrets/github",
        [200, { data: { token: Buffer.from(SECRET).toString("base64") } }],
      ],
      ["/api/v1/namespaces/mcp/secrets/denied", [403, {}]],
      ["/api/v1/namespaces/mcp/secrets/huge", [200, { data: { token: "x".repeat(3_000_000) } }]],
    ] as const);
    const api: Handler = ({ url = "", headers }, response) => {
      seen.push(String(headers.authorization));
      const [status, body] = answers.get(url as Parameters<typeof answers.get>[0]) ?? [404, {}];
      json(response, body, status);
    };
    await using server = await listen(api, authority.issue({ name: "api", hosts: ["127.0.0.1"] }));
    await using mounted = await folder({ token: "pod-token\n", "ca.crt": authority.cert, namespace: "mcp" });
    const { hostname, port } = new URL(server.origin);
    const variable = (name: string): string | undefined =>
      ({ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port })[name];
    const pod = source({
      kubernetes: kubernetesSecrets({ variable, account: mounted.path, folder: "/nonexistent" }),
    });
    expect(await readSecret({ kubernetes: "github/token" }, pod)).toBe(SECRET);
    expect(seen).toEqual(["Bearer pod-token"]);
    const failures = [
      ["github/none", "is not set"],
      ["none/token", "is not set"],
      ["denied/token", "cannot be read from Kubernetes (HTTP 403)"],
      ["huge/token", "cannot be read from Kubernetes"],
    ] as const;
    for (const [kubernetes, message] of failures) {
      await expect(readSecret({ kubernetes }, pod)).rejects.toThrow(`credential ${kubernetes}: ${message}`);
    }
    await writeFile(join(mounted.path, "ca.crt"), certificateAuthority("another").cert);
    await expect(readSecret({ kubernetes: "github/token" }, pod)).rejects.toThrow(
      "cannot be read from Kubernetes (",
    );
    expect(seen, "no token goes to a server that another authority vouches for").toHaveLength(5);
  });
});

describe("a secret that was read", () => {
  it("is asked for once a minute, however many ask, and a failure again after five seconds", async () => {
    let now = 0;
    const answers = ["value 1", "value 2", null, "value 4"].values();
    const read = shortLived(
      () => {
        const { value } = answers.next();
        return typeof value === "string" ? Promise.resolve(value) : Promise.reject(new Error("down"));
      },
      () => now,
    );
    expect(await Promise.all(Array.from({ length: 200 }, () => read("a")))).toEqual(
      Array(200).fill("value 1"),
    );
    now = 59_999;
    expect(await read("a")).toBe("value 1");
    expect(await read("b")).toBe("value 2");
    now = 60_000;
    await expect(read("a")).rejects.toThrow("down");
    now = 64_999;
    await expect(read("a")).rejects.toThrow("down");
    now = 65_000;
    expect(await read("a")).toBe("value 4");
  });
});

describe("a redacted text", () => {
  const secrets = fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }).map((text) => `Kq7${text}zX9`);

  it("shows a secret in none of the forms in which it travels", () => {
    fc.assert(
      fc.property(secrets, fc.nat(5), (secret, before) => {
        const form = new URLSearchParams({ s: secret }).toString();
        const pair = Buffer.from(`${"u".repeat(before)}:${secret}:x`).toString("base64");
        const forms = [
          secret,
          encodeURIComponent(secret),
          form,
          form.toLowerCase().includes("%") ? form.replace(/%../g, (byte) => byte.toLowerCase()) : form,
          JSON.stringify({ secret }),
          Buffer.from(secret).toString("base64"),
          Buffer.from(secret).toString("base64url"),
          pair,
        ];
        const redact = redactor([secret]);
        for (const text of forms) {
          const shown = redact(`before ${text} after`);
          expect(shown).toMatch(/^before .*\*\*\*.* after$/s);
          // What is left of a secret inside a longer base64 are the characters it shares with its neighbours.
          expect(shown.length).toBeLessThan("before  after".length + 32);
          expect(shown).not.toContain(text);
        }
      }),
    );
  });

  it("is otherwise as it was, also when a secret is too short to be masked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(redactor(["", "a", "ab"])(text)).toBe(text);
        expect(redactor(["a secret that is not in it"])(text)).toBe(text);
      }),
    );
  });

  it("survives secrets that cannot be encoded", () => {
    expect(redactor(["lone \ud800 surrogate"])("a lone \ud800 surrogate")).toBe("a ***");
  });
});
