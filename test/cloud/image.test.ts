/** The image of the probe without a Docker daemon: what goes in, and that it runs. Not proved here: the base image. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assembleImage } from "../../cloud/image.ts";

const PROGRAMS = ["cronjob.mjs", "exporter.mjs", "backup-cluster.mjs", "follower.mjs", "status.mjs"];

/** Instructions of a Dockerfile, without comments; none here goes over two lines. */
function instructions(text: string): { readonly word: string; readonly rest: string }[] {
  return text
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => ({ word: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));
}

describe("[CARD-04] the image of the probe", () => {
  let folder: string;
  let context: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-image-test-"));
    context = join(folder, "context");
    assembleImage(context);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const dockerfile = () => instructions(readFileSync(join(context, "Dockerfile"), "utf8"));
  const given = (word: string) =>
    dockerfile()
      .filter((one) => one.word === word)
      .map(({ rest }) => rest);

  test("has a context of exactly what its Dockerfile copies", () => {
    const copied = given("COPY").flatMap((rest) =>
      rest
        .split(" ")
        .filter((part) => !part.startsWith("--"))
        .slice(0, -1),
    );
    expect(copied).toEqual(PROGRAMS);
    expect(readdirSync(context).sort()).toEqual(["Dockerfile", ...PROGRAMS].sort());
  });

  test("has the same bytes and times when it is made again, whatever lay there", () => {
    const again = join(folder, "again");
    cpSync(context, again, { recursive: true });
    writeFileSync(join(again, "left-over.txt"), "");
    assembleImage(again);
    expect(readdirSync(again).sort()).toEqual(readdirSync(context).sort());
    for (const file of readdirSync(context)) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(context, file))), file).toBe(true);
      expect(statSync(join(again, file)).mtimeMs, file).toBe(0);
    }
  });

  test("names no base by itself, runs as nobody of the node, and starts a program that it holds", () => {
    expect(given("ARG")).toEqual(["NODE_IMAGE"]);
    expect(given("FROM").join()).toMatch(/^\$\{NODE_IMAGE\}$/);
    expect(given("USER")).toEqual(["10001:10001"]);
    expect(given("ENTRYPOINT")).toEqual(['["node"]']);
    expect(given("CMD")).toEqual(['["cronjob.mjs"]']);
    expect(dockerfile().map(({ word }) => word)).not.toContain("RUN");
  });

  test("says which ports its pages have", () => {
    expect(given("EXPOSE")).toEqual(["9464 9465 9466"]);
  });

  /** A program of the context in a folder with a roster, and nothing of this machine but Node. */
  function start(program: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
    const app = mkdtempSync(join(folder, "app-"));
    cpSync(join(context, program), join(app, program));
    const roster = join(app, "roster.json");
    writeFileSync(roster, JSON.stringify({ environment: "test", targets: [] }));
    return spawn(process.execPath, [program, ...args], {
      cwd: app,
      env: { HOME: app, ROLLCALL_ROSTER: roster, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  test("runs the job to its end with nothing beside it", async () => {
    const child = start("cronjob.mjs");
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdout.resume();
    const [code] = await once(child, "close");
    expect({ code, said }).toEqual({ code: 0, said: "" });
  });

  test("ends the backup by its own hand when it is told to, as nothing else would end a first process", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const job = join(folder, "job.json");
    writeFileSync(
      job,
      JSON.stringify({ environment: "test", prefix: "backup/", catalog: "0", namespaces: [] }),
    );
    for (const name of ["ca.crt", "token"]) writeFileSync(join(folder, name), "");
    const env = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "000000000000",
      AWS_SECRET_ACCESS_KEY: "none",
      ROLLCALL_BACKUP_BUCKET: "backups",
      ROLLCALL_ACCOUNT: folder,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(port),
    };
    const child = start("backup-cluster.mjs", env, [job]);
    child.stdout.resume();
    child.stderr.resume();
    const ended = once(child, "close");
    await Promise.race([once(silent, "connection"), ended]);
    child.kill("SIGTERM");
    const [code, signal] = await ended;
    silent.close();
    expect({ code, signal }).toEqual({ code: 143, signal: null });
  });

  test("runs the exporter, which answers, and ends when it is told to", async () => {
    const child = start("exporter.mjs", { ROLLCALL_LISTEN: "127.0.0.1:0", ROLLCALL_SINK: "emf" });
    child.stdout.resume();
    try {
      const [line] = await once(createInterface(child.stderr), "line");
      const origin = /^metrics on (http:\S+)\/metrics$/.exec(String(line))?.[1] ?? String(line);
      for (const page of ["/livez", "/readyz", "/metrics"])
        expect((await fetch(`${origin}${page}`)).status, page).toBe(200);
    } finally {
      child.kill("SIGTERM");
    }
    const [code] = child.exitCode === null ? await once(child, "close") : [child.exitCode];
    expect(code).toBe(0);
  });
});
