import type { Credentials } from "../../catalog/credentials.ts";
import { openSessionFor } from "../../probes/check.ts";
import type { CheckTarget } from "../../probes/target.ts";

/**
 * The probe as the conformance suite wants a client: its address is the last argument, the scenario and what goes
 * with it stand in the environment. Opens a session as a check does, lists the tools, calls the one that the
 * scenario asks for. Ends with 1 and the reason on stderr when a step fails.
 */

const TIMEOUT_MS = 15_000;

interface Context {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: "ES256";
}

async function run(): Promise<void> {
  const url = process.argv.at(-1) ?? "";
  const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
  const context: Context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  const target: CheckTarget = {
    server: scenario,
    mcp: { transport: "streamable-http", url },
    rest: null,
    timeoutMs: TIMEOUT_MS,
    requiredTools: [],
    allowPrivate: false,
    ...(scenario.startsWith("auth/") ? { credentials: credentialsOf(scenario, { url, context }) } : {}),
  };
  const secrets = {
    variable: (name: string) =>
      name === "SECRET" ? (context.client_secret ?? "unknown") : context.private_key_pem,
    file: () => Promise.reject(new Error("no file is read")),
  };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const session = await openSessionFor(target, signal, { allowLoopback: true, secrets });
  try {
    // a server without tools has none to list: the handshake is all there is
    if (scenario === "initialize") return;
    const { tools } = await session.listTools(signal);
    const tool = tools.find(({ name }) => name in ARGUMENTS);
    if (tool !== undefined) {
      const { isError } = await session.callTool(
        { name: tool.name, arguments: ARGUMENTS[tool.name] ?? {} },
        signal,
      );
      if (isError) throw new Error(`${tool.name} answered with an error`);
    }
  } finally {
    await session.close();
  }
}

/** What the tools of the scenarios are called with. */
const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  add_numbers: { a: 5, b: 3 },
  test_reconnection: {},
  "test-tool": {},
};

/** What the scenario hands out, or what somebody who knows the server by nothing else might bring. */
function credentialsOf(
  scenario: string,
  { url, context }: { readonly url: string; readonly context: Context },
): Credentials {
  const { client_id: clientId = "rollcall", private_key_pem: key, signing_algorithm } = context;
  if (key !== undefined) {
    return {
      kind: "private-key-jwt",
      clientId,
      privateKey: { env: "KEY" },
      algorithm: signing_algorithm ?? "ES256",
    };
  }
  return {
    kind: "client-credentials",
    clientId,
    clientSecret: { env: "SECRET" },
    // servers of that revision name no authorization server, so whoever registered the client must
    ...(scenario.startsWith("auth/2025-03-26") ? { issuer: new URL(url).origin } : {}),
    // what the server takes is known to whoever registered the client, and stands in the catalog
    method: scenario === "auth/token-endpoint-auth-post" ? "client_secret_post" : "client_secret_basic",
  };
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
