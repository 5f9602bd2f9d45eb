import type { ConnectionOptions } from "node:tls";
import { ProbeFault } from "../classify.ts";

/** Where and as whom a PostgreSQL connection is opened. */
export interface PostgresqlAddress {
  /** A host name, an IP address without brackets, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty when the address has none. */
  readonly password: string;
  readonly database: string;
  /** False for a connection without TLS. */
  readonly ssl: false | ConnectionOptions;
}

/** Options of the address that name files, by the option of TLS that they become. */
const FILES = { ca: "sslrootcert", cert: "sslcert", key: "sslkey" } as const;

/**
 * Reads a connection URI of PostgreSQL: `postgresql://user:password@host:port/database?sslmode=...`. What
 * sslmode means is libpq's word for it (https://www.postgresql.org/docs/current/libpq-ssl.html), but that
 * `prefer` and none at all mean no TLS. Throws a ProbeFault of class auth that holds no part of the text.
 */
export async function readConnectionString(
  text: string,
  file: (path: string) => Promise<string>,
): Promise<PostgresqlAddress> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["postgres:", "postgresql:"].includes(url.protocol)) throw unusable("is none");
  const params = url.searchParams;
  const host = params.get("host") ?? decoded(url.hostname).replace(/^\[|\]$/g, "");
  if (host === "") throw unusable("names no host");
  const user = params.get("user") ?? decoded(url.username);
  if (user === "") throw unusable("names no user");
  const database = decoded(url.pathname.slice(1));
  return {
    host,
    port: Number(url.port === "" ? 5432 : url.port),
    user,
    password: params.get("password") ?? decoded(url.password),
    database: database === "" ? user : database,
    ssl: await tlsOf(params, file),
  };
}

async function tlsOf(
  params: URLSearchParams,
  file: (path: string) => Promise<string>,
): Promise<false | ConnectionOptions> {
  const mode = params.get("sslmode") ?? (params.get("ssl") === "true" ? "verify-full" : "disable");
  if (["disable", "allow", "prefer"].includes(mode)) return false;
  const files: Record<string, string> = {};
  for (const [option, param] of Object.entries(FILES)) {
    const path = params.get(param);
    if (path === null || path === "system") continue;
    files[option] = await file(path).catch(() => {
      throw unusable(`names an ${param} that cannot be read`);
    });
  }
  if (mode === "verify-full") return files;
  // With a CA of its own, `require` is as strict as `verify-ca`: the chain counts, the name does not.
  const verifies = mode === "verify-ca" || (mode === "require" && "ca" in files);
  if (verifies) return { ...files, checkServerIdentity: () => undefined };
  if (mode === "require" || mode === "no-verify") return { ...files, rejectUnauthorized: false };
  throw unusable("has an sslmode that PostgreSQL does not know");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unusable("is not percent-encoded as an address must be");
  }
}

function unusable(rule: string): ProbeFault {
  // Not as an example: no detail ever shows what stands before the host of an address.
  const cure = "write a postgresql URI with user, password, host, port and database";
  return new ProbeFault("auth", `the connection string ${rule}; ${cure}`);
}
