import type { Client } from "pg";
import type { SecretRef } from "../../catalog/secrets.ts";
import type { Reach } from "../address.ts";
import { classify, ProbeFault, printable } from "../classify.ts";
import { readSecret, redactor, type SecretSource } from "../secrets/source.ts";
import { type PostgresqlAddress, readConnectionString } from "./connection-string.ts";
import { contain, GuardedSocket } from "./guarded-socket.ts";
import { within } from "./within.ts";

/** How long a server may take to close the connection that we have ended, in milliseconds. */
const GOODBYE_MS = 500;

export interface PostgresqlDeps {
  readonly reach: Reach;
  readonly secrets: SecretSource;
  readonly signal: AbortSignal;
}

/**
 * What is wrong with a PostgreSQL database, in at most 200 printable characters without the connection
 * string; null when a new connection answers `SELECT 1`. The connection is ended in any case. Never throws.
 */
export async function postgresqlFault(ref: SecretRef, deps: PostgresqlDeps): Promise<string | null> {
  const { secrets, signal } = deps;
  let redact: (text: string) => string = String;
  try {
    const text = await within(signal, "reading the connection string", readSecret(ref, secrets));
    redact = redactor([text]);
    const file = (path: string): Promise<string> => secrets.file(path);
    const address = await within(signal, "reading certificates", readConnectionString(text, file));
    redact = redactor([text, address.password]);
    await ask(address, deps);
    return null;
  } catch (error) {
    return explained(error, redact);
  }
}

async function ask(address: PostgresqlAddress, { reach, signal }: PostgresqlDeps): Promise<void> {
  // Only a target with a database pays for the client.
  const { Client } = await import("pg");
  signal.throwIfAborted();
  const socket = new GuardedSocket(reach);
  const client = new Client({
    ...address,
    // As a function, because pg takes PGPASSWORD in place of an empty one; so with the two names below.
    password: () => address.password,
    application_name: "rollcall",
    sslnegotiation: "postgres",
    stream: () => socket,
  });
  try {
    // Before TLS a server answers with a single byte, which is no message.
    if (address.ssl === false) contain(socket);
    else client.connection.on("sslconnect", () => contain(client.connection.stream));
    // What breaks after the answer is of no concern, and an error that nobody hears would end the process.
    client.on("error", () => undefined);
    await logIn(client, { socket, signal });
    const query = client.query<[unknown]>({ text: "SELECT 1", rowMode: "array" });
    const { rows } = await within(signal, "waiting for SELECT 1", query);
    if (rows?.[0]?.[0] !== 1) throw new ProbeFault("protocol", "SELECT 1 was not answered with 1");
    const goodbye = AbortSignal.any([signal, AbortSignal.timeout(GOODBYE_MS)]);
    await within(goodbye, "ending", client.end()).catch(() => undefined);
  } finally {
    client.connection.stream.destroy();
  }
}

async function logIn(
  client: Client,
  { socket, signal }: { readonly socket: GuardedSocket; readonly signal: AbortSignal },
): Promise<void> {
  const connected = Promise.withResolvers<void>();
  socket.once("connect", () => connected.resolve());
  const login = client.connect();
  await within(signal, "connecting", Promise.race([connected.promise, login]));
  await within(signal, "logging in", login);
}

/** What the SQLSTATE of a refusal means (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["28P01", "the login was refused"],
  ["28000", "the login was refused"],
  ["3D000", "the database does not exist"],
  ["53300", "too many connections"],
  ["57P03", "the server does not take connections now"],
  ["57P01", "the server is shutting down"],
  ["42501", "the user may not connect"],
]);

const LEADS: Readonly<Record<string, string>> = {
  dns: "cannot connect: ",
  connect: "cannot connect: ",
  tls: "cannot connect: ",
  protocol: "no valid answer: ",
};

function explained(error: unknown, redact: (text: string) => string): string {
  const { failureClass, detail } = classify(error, redact);
  const state = sqlState(error);
  const lead =
    state === null
      ? (LEADS[failureClass] ?? "")
      : `${REFUSALS.get(state) ?? "the server answered an error"} (SQLSTATE ${state}): `;
  return printable(`${lead}${detail}`);
}

/** Only an error that the server sent has a severity beside its code. */
function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !("severity" in error) || !("code" in error)) return null;
  const { severity, code } = error;
  return typeof severity === "string" && typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
