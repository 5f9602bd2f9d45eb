import { type ReadSecret, UnreadableSecret } from "./cache.ts";

export interface AwsSecretsOptions {
  /** Where the services answer. @default the region's own endpoints */
  readonly endpoint?: string;
  /** @default the SDK's: AWS_REGION, or the profile's. The region of an ARN goes first. */
  readonly region?: string;
  /** @default the SDK's chain: variables, profile, the runner's own role */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Asks one service in one region; undefined when it has no such name. */
type Ask = (name: string) => Promise<string | undefined>;

/**
 * A secret is asked for inside a check, so the SDK must not use up its time. Without `throwOnRequestTimeout` it would
 * only warn; the socket's timeout is for an answer that stops half-way.
 */
const CLIENT = {
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 2_000,
    requestTimeout: 3_000,
    throwOnRequestTimeout: true,
    socketTimeout: 3_000,
  },
} as const;

/**
 * Reads secrets of AWS: SSM parameters (decrypted) when the name starts with `/` or is an ARN of SSM, else
 * Secrets Manager, and of a JSON secret the key that stands after `#`. The SDK is loaded when first asked.
 */
export function awsSecrets(options: AwsSecretsOptions = {}): ReadSecret {
  const parameters = perRegion(options, parameterStore);
  const secrets = perRegion(options, secretsManager);
  return async (reference) => {
    const hash = reference.indexOf("#");
    const name = hash === -1 ? reference : reference.slice(0, hash);
    const [, service, region] = /^arn:aws[\w-]*:(ssm|secretsmanager):([\w-]*):/.exec(name) ?? [];
    const isParameter = service === "ssm" || name.startsWith("/");
    const ask = await (isParameter ? parameters : secrets)(region);
    const value = await ask(name);
    return value === undefined || hash === -1 ? value : keyOf(value, reference.slice(hash + 1));
  };
}

type Settings = AwsSecretsOptions & typeof CLIENT;

async function parameterStore(settings: Settings): Promise<Ask> {
  const { SSMClient, GetParameterCommand } = await import("@aws-sdk/client-ssm").catch(notInstalled);
  const client = new SSMClient(settings);
  return async (name) => {
    const answer = await client
      .send(new GetParameterCommand({ Name: name, WithDecryption: true }))
      .catch((error: unknown) => unlessMissing(error, "ParameterNotFound"));
    return answer?.Parameter?.Value;
  };
}

async function secretsManager(settings: Settings): Promise<Ask> {
  const sdk = await import("@aws-sdk/client-secrets-manager").catch(notInstalled);
  const client = new sdk.SecretsManagerClient(settings);
  return async (name) => {
    const answer = await client
      .send(new sdk.GetSecretValueCommand({ SecretId: name }))
      .catch((error: unknown) => unlessMissing(error, "ResourceNotFoundException"));
    if (answer?.SecretBinary !== undefined) return Buffer.from(answer.SecretBinary).toString("utf8");
    return answer?.SecretString;
  };
}

/** One client a region, made when first needed. */
function perRegion(
  options: AwsSecretsOptions,
  connect: (settings: Settings) => Promise<Ask>,
): (region: string | undefined) => Promise<Ask> {
  const clients = new Map<string | undefined, Promise<Ask>>();
  return (region) => {
    const settings = { ...options, ...(region === undefined ? {} : { region }), ...CLIENT };
    const client = clients.get(region) ?? connect(settings);
    clients.set(region, client);
    return client;
  };
}

/** The bundled runners leave the SDK out: Lambda brings it, a cluster has Kubernetes' secrets. */
function notInstalled(): never {
  throw new UnreadableSecret("cannot be read from AWS: its SDK is not installed where the probe runs");
}

function unlessMissing(error: unknown, missing: string): undefined {
  const name = error instanceof Error ? error.name : "unknown error";
  if (name === missing) return undefined;
  // The name alone: a message of the SDK may repeat what was sent.
  throw new UnreadableSecret(`cannot be read from AWS (${name})`);
}

function keyOf(text: string, key: string): string | undefined {
  const parsed = parsedOrNull(text);
  if (typeof parsed !== "object" || parsed === null) {
    throw new UnreadableSecret(`is no JSON object, so it has no key ${key}`);
  }
  const value: unknown = Object.hasOwn(parsed, key) ? Reflect.get(parsed, key) : undefined;
  if (value === undefined) throw new UnreadableSecret(`has no key ${key}`);
  if (typeof value !== "string" && typeof value !== "number") {
    throw new UnreadableSecret(`has no text under its key ${key}`);
  }
  return String(value);
}

/** Without the parser's own error, which quotes the text. */
function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
