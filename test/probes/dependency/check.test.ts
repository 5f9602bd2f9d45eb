import { access, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DependencyTarget } from "../../../catalog/target.ts";
import { ProbeFault } from "../../../probes/classify.ts";
import { checkDependencies } from "../../../probes/dependency/check.ts";
import { createHttpClient } from "../../../probes/http/client.ts";
import type { HttpClient } from "../../../probes/http/types.ts";
import type { DependencyReading } from "../../../probes/result.ts";
import { serve, silent, status } from "../../support/faulty.ts";
import { runScript } from "./run-script.ts";

/** HTTP APIs and disks as dependencies, and that all kinds are checked at once. */

const NEVER = new AbortController().signal;
const GIB = 2 ** 30;

let http: HttpClient;
beforeEach(() => {
  http = createHttpClient({ reach: "loopback" });
});
afterEach(() => http.close());

function check(list: readonly DependencyTarget[], signal = NEVER): Promise<DependencyReading[]> {
  const secrets = { variable: () => undefined, file: () => Promise.reject(new Error("none")) };
  return checkDependencies(list, { http, reach: "loopback", secrets, signal, now: Date.now });
}

async function one(target: DependencyTarget, signal = NEVER): Promise<DependencyReading | undefined> {
  return (await check([target], signal))[0];
}

describe("an HTTP API", () => {
  it.each([200, 204, 302, 401, 403, 404, 405, 429])("[PLAY-05] is up when it answers %i", async (code) => {
    await using server = await status(code, code === 302 ? { location: "https://elsewhere.example/" } : {});
    const reading = await one({ name: "api", kind: "http", url: server.health });
    expect(reading).toEqual({ name: "api", kind: "http", ok: true, ms: expect.any(Number), detail: "" });
  });

  it.each([500, 502, 503])("[PLAY-05] is down when it answers %i, and the status is named", async (code) => {
    await using server = await status(code);
    const reading = await one({ name: "api", kind: "http", url: server.health });
    expect(reading).toMatchObject({ ok: false, detail: expect.stringMatching(`^HTTP ${code}`) });
  });

  it("[PLAY-05] is asked for its headers only: a body without end costs nothing", async () => {
    await using server = await serve((_, response) => response.writeHead(200).write("on and on"));
    expect(await one({ name: "api", kind: "http", url: server.health })).toMatchObject({ ok: true });
  });

  it.each([
    ["http://127.0.0.1:1/", "ECONNREFUSED"],
    ["http://10.0.0.1/", "refused to connect to 10.0.0.1"],
    ["no address", "the address is none"],
  ])("[PLAY-05] at %s is down, and why is said", async (url, words) => {
    expect(await one({ name: "api", kind: "http", url })).toMatchObject({
      ok: false,
      detail: expect.stringContaining(words),
    });
  });
});

describe("a disk", () => {
  let folder = "";
  const disk = (init: { path: string; freeBytes?: number; access?: "read" | "write" }): DependencyTarget => {
    return { name: "data", kind: "disk", freeBytes: 0, access: "write", ...init };
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-disk-"));
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "locked"), { mode: 0o000 });
    await chmod(folder, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("[PLAY-05] is well when it is there, may be used and has room", async () => {
    const list = [
      disk({ path: folder, freeBytes: 1 }),
      disk({ path: folder, access: "read" }),
      disk({ path: join(folder, "file") }),
    ];
    for (const reading of await check(list))
      expect(reading).toMatchObject({ kind: "disk", ok: true, detail: "" });
  });

  it("[PLAY-05] that is not there is named", async () => {
    const path = join(folder, "missing");
    expect(await one(disk({ path }))).toMatchObject({ ok: false, detail: `${path} does not exist` });
    const below = join(folder, "file", "below");
    expect(await one(disk({ path: below }))).toMatchObject({
      ok: false,
      detail: expect.stringMatching(`^${below} cannot be used: ENOTDIR`),
    });
  });

  it("[PLAY-05] with too little room is named with what it has and what it needs, with units", async () => {
    const reading = await one(disk({ path: folder, freeBytes: 2 ** 20 * GIB }));
    expect(reading?.ok).toBe(false);
    expect(reading?.detail).toMatch(/ has [\d.]+ (B|KiB|MiB|GiB|TiB) free, and needs 1024 TiB$/);
    expect(reading?.detail).toContain(folder);
  });

  it("[PLAY-05] that this process may not use is named", async () => {
    const path = join(folder, "locked");
    const module = new URL("../../../probes/dependency/disk.ts", import.meta.url).href;
    const script = `
      const { diskFault } = await import(${JSON.stringify(module)});
      const { signal } = new AbortController();
      for (const access of ["read", "write"]) {
        const target = { kind: "disk", path: ${JSON.stringify(path)}, freeBytes: 0, access };
        console.log(await diskFault({ name: "data", ...target }, signal));
      }`;
    // Root may do everything, so somebody else has to look.
    const lines = await runScript(script, process.getuid?.() === 0 ? 65_534 : undefined);
    expect(lines).toEqual([
      `${path} may not be read by this process (EACCES)`,
      `${path} may not be written to by this process (EACCES)`,
    ]);
  });

  it("leaves nothing behind", async () => {
    await one(disk({ path: folder }));
    await expect(access(join(folder, "missing"))).rejects.toThrow();
    const { readdir } = await import("node:fs/promises");
    expect((await readdir(folder)).toSorted()).toEqual(["file", "locked"]);
  });
});

describe("dependencies", () => {
  it("[PLAY-05] are checked all at once, each under its name, and one that fails leaves the others alone", async () => {
    const arrived = Promise.withResolvers<void>();
    let waiting = 0;
    // Nobody is answered until both have asked.
    await using server = await serve(async (_, response) => {
      waiting += 1;
      if (waiting === 2) arrived.resolve();
      await arrived.promise;
      response.end();
    });
    const readings = await check([
      { name: "first", kind: "http", url: server.health },
      { name: "second", kind: "http", url: server.url },
      { name: "database", kind: "postgresql", url: { env: "TASK_DB" } },
      { name: "disk", kind: "disk", path: "/", freeBytes: 0, access: "read" },
    ]);
    expect(readings.map(({ name, kind, ok }) => [name, kind, ok])).toEqual([
      ["first", "http", true],
      ["second", "http", true],
      ["database", "postgresql", false],
      ["disk", "disk", true],
    ]);
    expect(readings[2]?.detail).toContain("TASK_DB");
  });

  it("[PLAY-05] end at the deadline, whatever they wait for", async () => {
    await using server = await silent();
    const controller = new AbortController();
    const readings = check(
      [
        { name: "api", kind: "http", url: server.health },
        { name: "database", kind: "postgresql", url: { env: "TASK_DB" } },
      ],
      controller.signal,
    );
    controller.abort(new ProbeFault("timeout", "no answer within 1000 ms"));
    const [api] = await readings;
    expect(api).toMatchObject({ ok: false, detail: expect.stringMatching(/^no answer within 1000 ms/) });
    expect(await check([], controller.signal)).toEqual([]);
  });
});
