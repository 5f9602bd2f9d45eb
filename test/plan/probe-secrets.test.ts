import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { credentials, tlsIdentity } from "../../catalog/credentials.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { type SecretRef, secretRef } from "../../catalog/secrets.ts";
import type { Roster, RosterTarget } from "../../catalog/target.ts";
import { buildPlan, planProblems } from "../../plan/plan.ts";
import { cronJobSecrets, lambdaSecrets, probeSecrets } from "../../plan/probe-secrets.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const anyRef: fc.Arbitrary<SecretRef> = fc.oneof(
  word.map((name) => ({ env: name.toUpperCase() })),
  word.map((name) => ({ file: `/etc/${name}` })),
  fc.tuple(word, fc.option(word)).map(([name, key]) => ({ aws: key === null ? name : `${name}#${key}` })),
  fc.tuple(word, word).map(([name, key]) => ({ kubernetes: `${name}/${key}` })),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const anyCredentials = fc.oneof(
  fc.record({ kind: fc.constant("bearer"), token: anyRef }),
  fc.record(
    {
      kind: fc.constant("client-credentials"),
      clientId: word,
      clientSecret: anyRef,
      scopes: fc.array(word, { minLength: 1 }),
    },
    { requiredKeys: ["kind", "clientId", "clientSecret"] },
  ),
  fc.record({ kind: fc.constant("private-key-jwt"), clientId: word, privateKey: anyRef }),
  fc
    .record({ accessKeyId: anyRef, secretAccessKey: anyRef, sessionToken: maybe(anyRef) })
    .map((keys) => ({ kind: "sigv4", service: "desk", region: "eu-west-1", ...keys })),
);
const anyTls = fc.oneof(
  fc.record({ ca: anyRef }),
  fc.record({ ca: maybe(anyRef), certificate: anyRef, key: anyRef }),
);
const anyDependency = fc.oneof(
  fc.record({ kind: fc.constant("postgresql" as const), name: word, url: anyRef }),
  fc.record({ kind: fc.constant("http" as const), name: word, url: fc.webUrl() }),
);
// in capitals, or a map of the single variable "file" would itself look like a reference
const anyEnv = fc.dictionary(
  word.map((name) => name.toUpperCase()),
  fc.oneof(word, anyRef),
);

/** What looks like a reference where none can stand: the arguments of a tool are the server's own. */
const DECOY = {
  call: "read",
  arguments: { from: { aws: "decoy" } },
  expect: { values: { "/a": { env: "DECOY" } } },
};

const anyTarget = fc
  .record({
    server: word,
    proof: maybe(anyCredentials),
    tls: maybe(anyTls),
    needs: fc.array(anyDependency),
    env: maybe(anyEnv),
  })
  .map(
    ({ server, proof, tls, needs, env }): RosterTarget => ({
      server,
      mcp:
        env === undefined
          ? { transport: "streamable-http", url: "https://desk.example.com/mcp" }
          : { transport: "stdio", command: "desk", args: ["{ aws: decoy }"], env },
      rest: null,
      timeoutMs: 1_000,
      requiredTools: [],
      allowPrivate: false,
      everyMs: 60_000,
      samples: 1,
      canary: DECOY,
      dependencies: needs,
      // parsed, so that what is tried is what a catalog can say
      ...(proof === undefined ? {} : { credentials: credentials.parse(proof) }),
      ...(tls === undefined ? {} : { tls: tlsIdentity.parse(tls) }),
    }),
  );
const anyRoster: fc.Arbitrary<Roster> = fc
  .array(anyTarget, { maxLength: 6 })
  .map((targets) => ({ environment: "test", targets }));

/** Found without knowing any field: whatever has the shape of a reference, wherever it stands. */
function everyRef(value: unknown): SecretRef[] {
  if (typeof value !== "object" || value === null) return [];
  const ref = secretRef.safeParse(value);
  return ref.success ? [ref.data] : Object.values(value).flatMap(everyRef);
}

const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort();

describe("the secrets of a roster", () => {
  test("are all that stand anywhere in its targets, by kind, each once and in order", () => {
    fc.assert(
      fc.property(anyRoster, (roster) => {
        const refs = everyRef(roster.targets.map(({ canary, ...target }) => target));
        const of = (kind: string) =>
          inOrder(
            refs.flatMap((ref) => Object.entries(ref).flatMap(([key, name]) => (key === kind ? [name] : []))),
          );
        expect(probeSecrets(roster)).toEqual({
          env: of("env"),
          file: of("file"),
          aws: of("aws"),
          kubernetes: of("kubernetes"),
        });
      }),
    );
  });

  test("are for a role whole secrets, and for a pod single keys: none is lost, none is added", () => {
    fc.assert(
      fc.property(anyRoster, (roster) => {
        const { aws, kubernetes } = probeSecrets(roster);
        expect(lambdaSecrets(roster)).toEqual(inOrder(aws.map((name) => name.split("#")[0] ?? "")));
        const pairs = cronJobSecrets(roster).flatMap(({ name, keys }) => keys.map((key) => `${name}/${key}`));
        expect(inOrder(pairs)).toEqual(kubernetes);
        expect(pairs).toHaveLength(kubernetes.length);
        const names = cronJobSecrets(roster).map(({ name }) => name);
        expect(names).toEqual(inOrder(names));
      }),
    );
  });
});

const TASK = "stacks/servers/task-mcp.yaml";
const PROBE = "probe: { samples: 6, timeout: 3s }";

/** Production with lines added to the task server, which is probed from these runners. */
function withTask(lines: string, from: string) {
  const to = `probe: { samples: 6, timeout: 3s, from: [${from}] }\n${lines}`;
  return loadEnvironment(mapSource(edited(catalogFiles(), { file: TASK, from: PROBE, to })), "production");
}
const bearer = (ref: string): string => `credentials: { kind: bearer, token: ${ref} }`;

describe("[SKILL-12] the plan", () => {
  test("lets the job read what its servers name in Kubernetes, and the function nothing of it", () => {
    const { probe } = buildPlan(
      withTask(
        [
          "credentials: { kind: client-credentials, clientId: probe, clientSecret: { kubernetes: desk/secret } }",
          "tls: { ca: { kubernetes: desk-ca/ca.crt }, certificate: { kubernetes: desk/crt }, key: { kubernetes: desk/key } }",
          "dependencies: { database: { kind: postgresql, url: { kubernetes: desk/url } } }",
        ].join("\n"),
        "cluster",
      ),
    );
    expect(probe?.exporter?.secrets).toEqual([
      { name: "desk", keys: ["crt", "key", "secret", "url"] },
      { name: "desk-ca", keys: ["ca.crt"] },
    ]);
    expect(probe?.lambda.secrets).toEqual([]);
  });

  test("lets the function read what its servers name in AWS, without keys, and the job nothing of it", () => {
    const { probe } = buildPlan(
      withTask(
        [
          'credentials: { kind: client-credentials, clientId: probe, clientSecret: { aws: "desk#secret" } }',
          'tls: { ca: { aws: /desk/ca }, certificate: { aws: "desk#crt" }, key: { aws: "desk#key" } }',
        ].join("\n"),
        "aws",
      ),
    );
    expect(probe?.lambda.secrets).toEqual(["/desk/ca", "desk"]);
    expect(probe?.exporter?.secrets).toEqual([]);
  });

  test("names no secret where the servers name none", () => {
    const { probe } = buildPlan(loadEnvironment(mapSource(catalogFiles()), "production"));
    expect(probe?.lambda.secrets).toEqual([]);
    expect(probe?.exporter?.secrets).toEqual([]);
  });
});

describe("[SKILL-12] a secret that a runner needs and cannot read is refused", () => {
  const BOTH = "aws, cluster";
  test.each([
    [
      "{ kubernetes: desk/token }",
      BOTH,
      "the Lambda cannot read { kubernetes: desk/token } (production)",
      "write probe.from: [cluster], or { aws: name } with probe.from: [aws]",
    ],
    [
      "{ kubernetes: desk/token }",
      "aws",
      "the Lambda cannot read { kubernetes: desk/token } (production)",
      "write probe.from: [cluster], or { aws: name }",
    ],
    [
      "{ aws: desk }",
      BOTH,
      "the CronJob cannot read { aws: desk } (production)",
      "write probe.from: [aws], or { kubernetes: name/key } with probe.from: [cluster]",
    ],
    [
      "{ env: DESK_TOKEN }",
      BOTH,
      "neither the Lambda nor the CronJob can read { env: DESK_TOKEN } (production)",
      "write { aws: name } with probe.from: [aws], or { kubernetes: name/key } with probe.from: [cluster]",
    ],
    [
      "{ file: /run/token }",
      "cluster",
      "the CronJob cannot read { file: /run/token } (production)",
      "write { kubernetes: name/key }",
    ],
  ])("%s from %s", (ref, from, rule, cure) => {
    const environment = withTask(bearer(ref), from);
    const problem = { place: TASK, path: "credentials.token", rule, cure };
    expect(planProblems(environment)).toEqual([problem]);
    expect(() => buildPlan(environment)).toThrow(rule);
  });

  test.each([
    ["{ kubernetes: desk/token }", "cluster"],
    ["{ aws: desk }", "aws"],
    ['{ aws: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:desk-AbCdEf#token" }', "aws"],
    ["{ aws: arn:aws:ssm:eu-west-1:123456789012:parameter/desk:3 }", "aws"],
  ])("%s from %s is not", (ref, from) => {
    expect(planProblems(withTask(bearer(ref), from))).toEqual([]);
  });

  test("for each of its references, by its place; what a dependency needs only for the runner that asks it", () => {
    const lines = [
      "tls: { certificate: { kubernetes: desk/crt }, key: { env: DESK_KEY } }",
      "dependencies:",
      "  database: { kind: postgresql, url: { aws: desk } }",
      "  cache: { kind: postgresql, url: { kubernetes: desk/url } }",
    ].join("\n");
    expect(
      planProblems(withTask(lines, BOTH)).map(({ path, rule, cure }) => [path, `${rule}: ${cure}`]),
    ).toEqual([
      ["tls.certificate", expect.stringContaining("the Lambda cannot read")],
      ["tls.key", expect.stringContaining("neither the Lambda nor the CronJob can read")],
      [
        "dependencies.database.url",
        "the CronJob cannot read { aws: desk } (production): write probe.from: [aws], or { kubernetes: name/key }",
      ],
    ]);
  });

  test.each([
    "arn:aws:s3:::desk",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:desk",
    "arn:aws:secretsmanager:eu-west-1::secret:desk-AbCdEf",
    "arn:aws:ssm:eu-west-1:123456789012:document/desk",
  ])("an ARN that no role could be given: %s", (arn) => {
    const [problem, ...more] = planProblems(withTask(bearer(`{ aws: "${arn}" }`), "aws"));
    expect(more).toEqual([]);
    expect(problem?.rule).toContain("is no whole ARN of a secret or a parameter");
    expect(problem?.cure).toContain("write its name");
  });

  test("more secrets than the policies of one role can name", () => {
    const environment = withTask("", "aws");
    const [server] = environment.servers.filter(({ name }) => name === "task-mcp");
    if (server === undefined) throw new Error("the catalog has no task-mcp");
    const many = (count: number) => ({
      ...environment,
      servers: Array.from({ length: count }, (_, index) => ({
        ...server,
        name: `desk-${index}`,
        objectives: [],
        thresholds: [],
        credentials: credentials.parse({ kind: "bearer", token: { aws: `desk-${index}` } }),
      })),
    });
    expect(planProblems(many(20))).toEqual([]);
    const [problem, ...more] = planProblems(many(200));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      place: "stacks/production.yaml",
      rule: expect.stringContaining("its servers name 200 secrets of AWS"),
      cure: expect.stringContaining("{ aws: name#key }"),
    });
  });

  test("on a machine of one's own nothing of it is, where the monitor reads every kind", () => {
    const environment = loadEnvironment(mapSource(catalogFiles()), "local");
    const servers = environment.servers.map((server) => ({
      ...server,
      credentials: credentials.parse({ kind: "bearer", token: { env: "DESK" } }),
    }));
    expect(planProblems({ ...environment, servers })).toEqual([]);
  });
});
