/** One field of a roster that cannot be used. */
export interface Mistake {
  /** Such as `targets[2].canary.call`; empty for the whole document. */
  readonly path: string;
  /** What it must be. */
  readonly rule: string;
}

type Rule = (value: unknown, path: string) => Mistake[];

/** Every mistake of a document that should be a roster. */
export function rosterMistakes(document: unknown): Mistake[] {
  return roster(document, "");
}

const text = must("a text", (value) => typeof value === "string" && value !== "");
const anyText = must("a text", (value) => typeof value === "string");
const flag = must("true or false", (value) => typeof value === "boolean");
const count = must(
  "a whole number of at least 0",
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
const positive = must(
  "a whole number of at least 1",
  (value) => Number.isSafeInteger(value) && Number(value) >= 1,
);
/** More does not fit into a timer. */
const duration = must(
  "milliseconds, more than 0 and at most 24 days",
  (value) => typeof value === "number" && value > 0 && value < 2 ** 31,
);
const bytes = must("a number of at least 0", (value) => typeof value === "number" && value >= 0);
const finite = must("a number", (value) => typeof value === "number" && Number.isFinite(value));
const object = must("an object", isRecord);
const texts = list(anyText);

const secretRef = must("a reference with one of env, file, aws or kubernetes", isSecretRef);
const variable = must("a text or a reference", (value) => typeof value === "string" || isSecretRef(value));

const mcp = oneOf("transport", {
  "streamable-http": record({ url: text }),
  sse: record({ url: text }),
  stdio: record({ command: text, args: texts, env: values(variable) }, { cwd: text }),
});

const number = oneOf("kind", {
  json: record({ metric: text, url: text, pointer: anyText }),
  prometheus: record({ metric: text, url: text, series: text, labels: values(anyText) }),
});

const rest = record(
  { url: text },
  {
    components: values(anyText),
    live: text,
    ready: text,
    numbers: list(number),
    authenticated: flag,
    timeoutMs: duration,
  },
);

const canary = record(
  { call: text, arguments: object, expect: record({}, { text: anyText, values: object }) },
  { stream: record({ firstMs: duration, gapMs: duration, events: count }) },
);

const dependency = oneOf("kind", {
  postgresql: record({ name: text, url: secretRef }),
  http: record({ name: text, url: text }),
  disk: record({ name: text, path: text, freeBytes: bytes, access: word("read", "write") }),
});

const path = word("mcp", "rest");
const objectiveRule = oneOf("kind", {
  classes: record({ objective: text, path, burns: texts }),
  latency: record({ objective: text, path, belowMs: duration }),
  value: record({ objective: text, metric: text }, { below: finite, above: finite }),
});

const target = record(
  {
    server: text,
    mcp: nullable(mcp),
    rest: nullable(rest),
    timeoutMs: duration,
    everyMs: duration,
    samples: positive,
    requiredTools: texts,
    allowPrivate: flag,
  },
  {
    confirmMs: count,
    cacheMs: count,
    breaker: record({ failures: positive, restMs: duration }),
    objectiveRules: list(objectiveRule),
    metrics: texts,
    credentials: record({ kind: word("bearer", "client-credentials", "private-key-jwt", "sigv4") }),
    tls: record({}, { ca: secretRef, certificate: secretRef, key: secretRef }),
    contract: object,
    canary,
    dependencies: list(dependency),
    replicas: record({ host: text }),
  },
);

const roster = record(
  { environment: text, targets: list(target) },
  { control: texts, concurrency: positive, jitterMs: count },
);

function must(what: string, holds: (value: unknown) => boolean): Rule {
  return (value, path) => (holds(value) ? [] : [{ path, rule: `must be ${what}` }]);
}

function word(...words: readonly string[]): Rule {
  return must(`one of ${words.join(", ")}`, (value) => typeof value === "string" && words.includes(value));
}

function nullable(rule: Rule): Rule {
  return (value, path) => (value === null ? [] : rule(value, path));
}

function list(rule: Rule): Rule {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => rule(item, `${path}[${index}]`))
      : [{ path, rule: "must be a list" }];
}

function values(rule: Rule): Rule {
  return (value, path) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([key, item]) => rule(item, `${path}.${key}`))
      : [{ path, rule: "must be an object" }];
}

/** An object with these fields; what else it holds is for a newer runner. */
function record(
  required: Readonly<Record<string, Rule>>,
  optional: Readonly<Record<string, Rule>> = {},
): Rule {
  return (value, path) => {
    if (!isRecord(value)) return [{ path, rule: "must be an object" }];
    const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
    return [
      ...Object.entries(required).flatMap(([name, rule]) => rule(value[name], at(name))),
      ...Object.entries(optional).flatMap(([name, rule]) =>
        value[name] === undefined ? [] : rule(value[name], at(name)),
      ),
    ];
  };
}

/** An object that one of its fields tells the kind of. */
function oneOf(field: string, kinds: Readonly<Record<string, Rule>>): Rule {
  const kind = record({ [field]: word(...Object.keys(kinds)) });
  return (value, path) => {
    const mistakes = kind(value, path);
    if (mistakes.length > 0 || !isRecord(value)) return mistakes;
    return kinds[String(value[field])]?.(value, path) ?? [];
  };
}

function isSecretRef(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const [kind, ...more] = Object.keys(value);
  return (
    more.length === 0 &&
    kind !== undefined &&
    ["env", "file", "aws", "kubernetes"].includes(kind) &&
    typeof value[kind] === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
