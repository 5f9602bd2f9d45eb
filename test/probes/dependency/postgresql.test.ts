import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Reach } from "../../../probes/address.ts";
import { ProbeFault, printable } from "../../../probes/classify.ts";
import { postgresqlFault } from "../../../probes/dependency/postgresql.ts";
import { certificateAuthority } from "../../support/certificates.ts";

/** A database as a dependency: PGlite as the engine, and bare sockets for what no engine would do. */

const NEVER = new AbortController().signal;

/** What is wrong with the database of a connection string, which reaches the probe as a secret. */
function faultOf(
  url: string | undefined,
  init: {
    readonly reach?: Reach;
    readonly signal?: AbortSignal;
    readonly files?: Record<string, string>;
  } = {},
): Promise<string | null> {
  const file = (path: string): Promise<string> => {
    const text = init.files?.[path];
    return text === undefined ? Promise.reject(new Error("no such file")) : Promise.resolve(text);
  };
  const secrets = { variable: (name: string) => (name === "TASK_DB" ? url : undefined), file };
  return postgresqlFault(
    { env: "TASK_DB" },
    { secrets, reach: init.reach ?? "loopback", signal: init.signal ?? NEVER },
  );
}

/** A TCP server on this machine that talks to each connection once its first bytes have come. */
interface RawServer extends AsyncDisposable {
  readonly host: string;
  /** Resolves with everything that the next connection had received when it closed. */
  readonly closed: Promise<Buffer>;
}

async function raw(talk: (socket: Socket, first: Buffer) => unknown): Promise<RawServer> {
  const closed = Promise.withResolvers<Buffer>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const received: Buffer[] = [];
    socket.on("data", (piece: Buffer) => received.push(piece));
    socket.on("error", () => undefined);
    socket.on("close", () => closed.resolve(Buffer.concat(received)));
    socket.once("data", (first: Buffer) => void talk(socket, first));
  });
  await listen(server);
  return {
    host: hostOf(server),
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function listen(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

function hostOf(server: Server): string {
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}

/** One message of the wire protocol (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
function message(type: string, body: Buffer | string): Buffer {
  const content = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}

function errorResponse(code: string, text: string): Buffer {
  return message("E", `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
}

const LOGGED_IN = Buffer.concat([message("R", "\0\0\0\0"), message("Z", "I")]);
const GOODBYE = message("X", "");

/** One column `one` of type int4 in one row. */
function oneRow(value: string): Buffer {
  const column = "one\0\0\0\0\0\0\0\0\0\0\x17\0\x04\0\0\0\0\0\0";
  return Buffer.concat([
    message("T", `\0\x01${column}`),
    message("D", `\0\x01\0\0\0${String.fromCharCode(value.length)}${value}`),
    message("C", "SELECT 1\0"),
    message("Z", "I"),
  ]);
}

afterEach(() => vi.unstubAllEnvs());

describe("a database that works", () => {
  let db: PGlite;
  let engine: PGLiteSocketServer;
  beforeAll(async () => {
    db = await PGlite.create();
    engine = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 4 });
    await engine.start();
  });
  afterAll(async () => {
    await engine.stop();
    await db.close();
  });

  /** Hands a connection through to the engine. */
  function tunnel(socket: Socket | TLSSocket, first: Buffer | null): void {
    const [host = "", port] = engine.getServerConn().split(":");
    const upstream = connect(Number(port), host);
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    if (first !== null) upstream.write(first);
    socket.pipe(upstream).pipe(socket);
  }

  it("[PLAY-05] answers SELECT 1 over a real connection, which is ended with a goodbye", async () => {
    await using server = await raw(tunnel);
    expect(await faultOf(`postgresql://postgres:secret@${server.host}/postgres`)).toBeNull();
    const sent = await server.closed;
    expect(sent.includes("SELECT 1")).toBe(true);
    expect(sent.subarray(-GOODBYE.length)).toEqual(GOODBYE);
  });

  it("[PLAY-05] is asked over TLS as strictly as its connection string says", async () => {
    const authority = certificateAuthority();
    const own = authority.issue({ name: "db", hosts: ["localhost"] });
    await using server = await raw((socket) => {
      socket.removeAllListeners("data");
      socket.write("S");
      tunnel(new TLSSocket(socket, { ...own, isServer: true }), null);
    });
    const port = server.host.split(":")[1];
    const at = (host: string, query: string): Promise<string | null> =>
      faultOf(`postgresql://postgres:secret@${host}:${port}/postgres?${query}`, {
        files: { "/ca.pem": authority.cert },
      });
    expect(await at("localhost", "sslmode=verify-full&sslrootcert=/ca.pem")).toBeNull();
    expect(await at("localhost", "sslmode=require")).toBeNull();
    expect(await at("127.0.0.1", "sslmode=verify-ca&sslrootcert=/ca.pem")).toBeNull();
    expect(await at("127.0.0.1", "sslmode=verify-full&sslrootcert=/ca.pem")).toMatch(
      /^cannot connect: .*127/,
    );
    expect(await at("localhost", "sslmode=verify-full")).toMatch(/^cannot connect: /);
    expect(await at("localhost", "sslmode=verify-ca")).toMatch(/^cannot connect: /);
    expect(await at("localhost", "sslmode=verify-full&sslrootcert=/no.pem")).toMatch(
      /^the connection string names an sslrootcert that cannot be read; write /,
    );
  });
});

describe("a database that refuses", () => {
  it.each([
    ["28P01", 'password authentication failed for user "task"', "the login was refused"],
    ["28000", "no pg_hba.conf entry for host", "the login was refused"],
    ["3D000", 'database "tasks" does not exist', "the database does not exist"],
    ["53300", "sorry, too many clients already", "too many connections"],
    ["57P03", "the database system is starting up", "the server does not take connections now"],
    ["XX000", "internal error", "the server answered an error"],
  ])("[PLAY-05] with SQLSTATE %s is told apart", async (code, text, words) => {
    await using server = await raw((socket) => socket.end(errorResponse(code, text)));
    const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`);
    expect(fault).toBe(`${words} (SQLSTATE ${code}): ${text}`);
  });

  it("[PLAY-05] a connection at all is told from one that refuses the login", async () => {
    const server = createServer();
    await listen(server);
    const host = hostOf(server);
    server.close();
    await once(server, "close");
    expect(await faultOf(`postgresql://task:hunter2@${host}/tasks`)).toMatch(
      /^cannot connect: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
  });

  it("[PLAY-05] in the query, after the login, is told with the same words", async () => {
    await using server = await raw((socket) => {
      socket.write(LOGGED_IN);
      socket.once("data", () => socket.end(errorResponse("57P01", "terminating connection")));
    });
    const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`);
    expect(fault).toBe("the server is shutting down (SQLSTATE 57P01): terminating connection");
  });

  it("never makes the probe tell a password, in whatever words it echoes it", async () => {
    await using server = await raw((socket) => {
      socket.end(
        errorResponse("28P01", "not hunter2/! nor hunter2%2F! of postgresql://task:hunter2%2F!@db/x"),
      );
    });
    const fault = await faultOf(`postgresql://task:hunter2%2F!@${server.host}/tasks`);
    expect(fault).toContain("SQLSTATE 28P01");
    expect(fault).not.toContain("hunter2");
  });

  it("is sent no password of this process in place of a missing one", async () => {
    vi.stubEnv("PGPASSWORD", "of-another-database");
    await using server = await raw((socket) => {
      socket.write(message("R", "\0\0\0\x03"));
      socket.once("data", () => socket.end(errorResponse("28P01", "no password")));
    });
    expect(await faultOf(`postgresql://task@${server.host}/tasks`)).toContain("28P01");
    expect((await server.closed).includes("of-another")).toBe(false);
  });
});

describe("a database that is none", () => {
  it.each([
    ["hangs before the login", Buffer.alloc(0), "logging in"],
    ["hangs before the answer", LOGGED_IN, "waiting for SELECT 1"],
  ])("[PLAY-05] and %s is left at the deadline, with the phase named", async (_, bytes, phase) => {
    const controller = new AbortController();
    const deadline = new ProbeFault("timeout", "no answer within 1000 ms");
    await using server = await raw((socket) => {
      if (bytes.length === 0) return setImmediate(() => controller.abort(deadline));
      socket.once("data", () => controller.abort(deadline));
      return socket.write(bytes);
    });
    const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`, {
      signal: controller.signal,
    });
    expect(fault).toBe(`no answer within 1000 ms (${phase})`);
    // The connection is gone as well.
    await server.closed;
  });

  it("is not connected to once the deadline is over", async () => {
    await using server = await raw(() => undefined);
    const signal = AbortSignal.abort(new ProbeFault("timeout", "no answer within 5 ms"));
    const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`, { signal });
    expect(fault).toMatch(/^no answer within 5 ms/);
  });

  it.each([
    ["speaks HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["hangs up", Buffer.alloc(0)],
    ["cuts its first message short", message("R", "")],
    ["names a column and does not describe it", Buffer.concat([LOGGED_IN, message("T", "\0\xff")])],
    // As a MySQL server greets, from node-postgres issue 1694.
    ["is MySQL's", Buffer.from("N\0\0\0\n5.7.18-log\0(\x10\0\0\x13n&L\x1f/1K\0\0\0!\x02\0\0\0\x15")],
    ["sends an error without an end", Buffer.from("E\0\0\0\x09SFATA")],
    ["sends a notice with an end too early", Buffer.concat([message("N", "SNOTICE\0\0more")])],
    ["sends rows unasked", Buffer.concat([message("D", "\0\x01"), LOGGED_IN])],
    ["never stops talking", Buffer.concat(Array.from({ length: 10_000 }, () => message("S", "a\0b\0")))],
  ])("[PLAY-05] and %s is a fault, and no harm to the process", async (_, bytes) => {
    await using server = await raw((socket) => socket.end(bytes));
    const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`);
    expect(fault).toMatch(/^no valid answer: ./);
  });

  it("[PLAY-05] and answers with something else than 1 is a fault", async () => {
    const answering = (value: string): Promise<RawServer> =>
      raw((socket) => {
        socket.write(LOGGED_IN);
        socket.once("data", () => socket.write(oneRow(value)));
      });
    await using right = await answering("1");
    await using wrong = await answering("2");
    expect(await faultOf(`postgresql://task@${right.host}/tasks`)).toBeNull();
    expect(await faultOf(`postgresql://task@${wrong.host}/tasks`)).toBe(
      "no valid answer: SELECT 1 was not answered with 1",
    );
  });

  it("that sends any bytes is a printable fault, never an exception", async () => {
    const type = fc.constantFrom(..."RKSZTDCENIRKSZTDCENIAGHdcs1239t0");
    const known = fc.tuple(type, fc.uint8Array({ maxLength: 24 })).map(([kind, body]) => {
      return message(kind, Buffer.from(body));
    });
    const piece = fc.oneof(known, fc.constant(LOGGED_IN), fc.uint8Array({ maxLength: 24 }));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await using server = await raw((socket) => socket.end(Buffer.concat(pieces)));
        const fault = await faultOf(`postgresql://task:hunter2@${server.host}/tasks`);
        expect(fault).toBe(printable(fault ?? "answered"));
        expect(fault).not.toBe("");
      }),
      { numRuns: 150 },
    );
  });
});

describe("an address of a database", () => {
  it.each([
    ["postgresql://task:hunter2@127.0.0.1:1/tasks", "refused to connect to 127.0.0.1"],
    ["postgresql://task:hunter2@[::1]:1/tasks", "refused to connect to ::1"],
    ["postgresql://task:hunter2@localhost:1/tasks", "refused to connect to "],
    ["postgresql://task:hunter2@10.0.0.1/tasks", "refused to connect to 10.0.0.1"],
    ["postgresql://task:hunter2@%2Fvar%2Frun/tasks", "refused to connect to the Unix socket /var/run"],
  ])("%s is refused outside of the reach", async (url, words) => {
    expect(await faultOf(url, { reach: "public" })).toContain(`cannot connect: ${words}`);
  });

  it("may be a Unix socket of this machine", async () => {
    const fault = await faultOf("postgresql:///tasks?user=task&host=/no/such/folder");
    expect(fault).toBe("cannot connect: connect ENOENT /no/such/folder/.s.PGSQL.5432");
  });

  it("[PLAY-05] that is missing is named by its reference", async () => {
    expect(await faultOf(undefined)).toBe("credential TASK_DB: is not set; set it where the probe runs");
  });
});
