/** The follower against a server that speaks the API's list, watch and log endpoints, and one that speaks Fluent Bit's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Follower, startFollower } from "../../cloud/logs/follower.ts";
import { HEARTBEAT_MS } from "../../cloud/logs/heartbeat.ts";
import type { Pause } from "../../cloud/logs/pause.ts";
import type { FollowedApp } from "../../plan/logs.ts";
import { type Fluent, startFluent } from "../support/fluent.ts";
import { type KubeLogs, podObject, startKubeLogs } from "../support/kube-logs.ts";

const NOW = Date.parse("2026-11-21T10:00:00.500Z");
const LAST_LINES_MS = 10_000;

let folder: string;
let kube: KubeLogs;
let fluent: Fluent;
let follower: Follower | null;
let told: string[];
/** How long was waited for, of waits that are not over yet. */
let waits: number[];
/** Waits that are as long as they say: for the last lines of a pod that is gone, and for the follower's next own line. */
let slow: readonly number[];

/** As the clock, a thousand times as fast but for what is slow. */
const pause: Pause = async (ms, signal) => {
  waits.push(ms);
  await delay(slow.includes(ms) ? ms : ms / 1_000, undefined, { signal, ref: false }).catch(() => undefined);
};

const library: FollowedApp = {
  namespace: "shelf",
  app: "library-http",
  stream: "library",
  tag: "servers",
  metrics: false,
};

async function start(apps: readonly FollowedApp[] = [library]): Promise<Follower> {
  follower = await startFollower({
    plan: { selector: "app.kubernetes.io/part-of=rollcall", apps, forwardPort: fluent.port, port: 0 },
    api: { url: kube.url, tokenFile: join(folder, "token"), caFile: null },
    host: "127.0.0.1",
    tell: (line) => told.push(line),
    now: () => NOW,
    pause,
  });
  return follower;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-follower-"));
  writeFileSync(join(folder, "token"), "first\n");
  [kube, fluent] = await Promise.all([startKubeLogs(), startFluent()]);
  [follower, told, waits, slow] = [null, [], [], [LAST_LINES_MS, HEARTBEAT_MS]];
});

afterEach(async () => {
  await follower?.close();
  await Promise.all([kube.close(), fluent.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const at = (second: number, text: string): string =>
  `2026-11-21T10:00:${String(second).padStart(2, "0")}.25Z ${text}\n`;
const logs = (): string[] => fluent.records.map(({ log }) => log);
const pod = (name: string, more: Partial<Parameters<typeof podObject>[0]> = {}): object =>
  podObject({ name, app: "library-http", ...more });

describe("a pod's lines", () => {
  test("go to the stream of its server, pod and container, with their own times", async () => {
    kube.pods = [pod("library-1")];
    await start();
    const log = await kube.nextLog();
    await log.write(at(1, "first") + at(2, "second"));
    await fluent.until(2);
    expect(fluent.records).toEqual([
      {
        tag: "servers",
        stream: "library/library-1/main",
        log: "first",
        seconds: 1_795_255_201,
        nanos: 250_000_000,
      },
      {
        tag: "servers",
        stream: "library/library-1/main",
        log: "second",
        seconds: 1_795_255_202,
        nanos: 250_000_000,
      },
    ]);
    expect([...log.query]).toEqual([
      ["container", "main"],
      ["follow", "true"],
      ["timestamps", "true"],
      // what was there before is read for ten minutes back, and no further
      ["sinceTime", "2026-11-21T09:50:00Z"],
    ]);
    expect(kube.requests[0]?.path).toContain("labelSelector=app.kubernetes.io%2Fpart-of%3Drollcall&limit=");
  });

  test("of one that comes later are read from the first", async () => {
    await start();
    await kube.watching();
    kube.event("ADDED", pod("library-2"));
    const log = await kube.nextLog();
    expect(log.query.get("sinceTime")).toBeNull();
  });

  test("are whole however they are cut into chunks, and bounded", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    const log = await kube.nextLog();
    const bytes = Buffer.from(at(1, "naïve café"));
    for (const byte of bytes) await log.write(Buffer.of(byte));
    await log.write(at(2, "x".repeat(1_000_000)) + at(3, "short"));
    await fluent.until(3);
    const [first, long = "", last] = logs();
    expect([first, last]).toEqual(["naïve café", "short"]);
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(17 * 1024);
    expect(long).toMatch(/x \[cut\]$/);
    expect(counts.cut).toBe(1);
  });

  test("may hold metrics where it is the probe's, and never where it is a server's", async () => {
    const probe = { namespace: "shelf", app: "probe", stream: "probe", tag: "probe", metrics: true };
    kube.pods = [pod("library-1"), podObject({ name: "probe-1", app: "probe" })];
    await start([library, probe]);
    const metric = '{"_aws":{"CloudWatchMetrics":[]},"McpAvailable":1}';
    for (const log of [await kube.nextLog(), await kube.nextLog()]) await log.write(at(1, metric));
    await fluent.until(2);
    expect(new Map(fluent.records.map(({ tag, log }) => [tag, log]))).toEqual(
      new Map([
        ["probe", metric],
        ["servers", `not a metric: ${metric}`],
      ]),
    );
  });

  test("of a pod that the plan does not name stay where they are", async () => {
    kube.pods = [podObject({ name: "other-1", app: "other" }), pod("library-1")];
    await start();
    expect((await kube.nextLog()).pod).toBe("library-1");
    expect(kube.requests.some(({ path }) => path.includes("other-1"))).toBe(false);
  });
});

describe("a stream that breaks", () => {
  test("is taken up again at the second of the last line, which does not come twice, with the token of now", async () => {
    kube.pods = [pod("library-1")];
    await start();
    const log = await kube.nextLog();
    await log.write(at(1, "one") + at(2, "two"));
    await fluent.until(2);
    writeFileSync(join(folder, "token"), "second\n");
    log.break();
    const again = await kube.nextLog();
    expect([again.query.get("sinceTime"), again.token]).toEqual(["2026-11-21T10:00:02Z", "second"]);
    await again.write(at(2, "two") + at(2, "two more") + at(3, "three"));
    await fluent.until(4);
    expect(logs()).toEqual(["one", "two", "two more", "three"]);
  });

  test("or is refused is asked for again, later each time, and the refusal is told without what hides in it", async () => {
    kube.pods = [pod("library-1")];
    kube.refuse = { on: "log", status: 400 };
    const { counts } = await start();
    const log = await kube.nextLog();
    await log.write(at(1, "at last"));
    await fluent.until(1);
    expect(counts.streamErrors).toBe(1);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({
      what: "lines of library/library-1/main",
      error: expect.stringContaining("the API answered 400"),
    });
  });
});

describe("what the kubelet says itself, in an answer that began well", () => {
  const WORD = "failed to create fsnotify watcher: too many open files";

  test("is told, never shipped, and waited after for longer each time", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    for (const number of [1, 2, 3, 4]) {
      const log = await kube.nextLog();
      // a line that is new makes no good answer of it
      await log.write(
        `${number === 1 ? at(1, "one") : at(1, "one") + at(number, `line ${number}`)}${WORD}\n`,
      );
      log.end();
    }
    const log = await kube.nextLog();
    await log.write(at(9, "at last"));
    await fluent.until(5);
    expect(logs()).toEqual(["one", "line 2", "line 3", "line 4", "at last"]);
    expect(counts.streamErrors).toBe(4);
    expect(told[0]).toContain(WORD);
    // each is between half and all of twice the last one's time
    const between = waits.filter((ms) => !slow.includes(ms)).map((ms, index) => ms / (1_000 * 2 ** index));
    expect(between.map((part) => part >= 0.5 && part <= 1)).toEqual([true, true, true, true]);
  });

  test("or is the rest of a line that began before: what follows it is read", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    const log = await kube.nextLog();
    await log.write(`the rest of a long line\n${at(1, "one")}`);
    await fluent.until(1);
    expect([logs(), counts.streamErrors]).toEqual([["one"], 1]);
  });
});

describe("the pods", () => {
  test("are listed anew when the watch is too old, and none is read twice", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    const log = await kube.nextLog();
    await kube.watching();
    kube.pods = [pod("library-1"), pod("library-2")];
    kube.event("ERROR", { kind: "Status", code: 410, message: "too old resource version" });
    const second = await kube.nextLog();
    expect([second.pod, second.query.get("sinceTime")]).toEqual(["library-2", null]);
    // by its status too, when a watch begins
    kube.refuse = { on: "watch", status: 410 };
    kube.pods = [pod("library-1"), pod("library-2"), pod("library-3")];
    kube.endWatch();
    expect((await kube.nextLog()).pod).toBe("library-3");
    await log.write(at(1, "still the first stream"));
    await fluent.until(1);
    expect([counts.watchErrors, counts.streams]).toEqual([0, 3]);
    expect(kube.requests.filter(({ path }) => path.includes("/library-1/log"))).toHaveLength(1);
  });

  test("are watched on from where a watch ended by itself", async () => {
    await start();
    await kube.watching();
    kube.event("BOOKMARK", { kind: "Pod", metadata: { resourceVersion: "77" } });
    kube.endWatch();
    await vi.waitFor(() => {
      expect(kube.requests.at(-1)?.path).toContain("resourceVersion=77");
    });
    expect(kube.requests.filter(({ path }) => path.includes("limit="))).toHaveLength(1);
  });

  test("are asked for again when the API refuses, which readiness shows", async () => {
    kube.refuse = { on: "list", status: 403 };
    kube.pods = [pod("library-1")];
    const { counts, origin } = await start();
    await kube.nextLog();
    expect(counts.watchErrors).toBe(1);
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  });
});

describe("a container", () => {
  test("that waits to start is not asked, and is when it runs", async () => {
    kube.pods = [pod("library-1", { state: "waiting" })];
    await start();
    await kube.watching();
    kube.event("MODIFIED", pod("library-1"));
    expect((await kube.nextLog()).pod).toBe("library-1");
    expect(kube.requests.filter(({ path }) => path.includes("/log?"))).toHaveLength(1);
  });

  test("that ends is read to its end once more and then let be, until it runs again", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    const log = await kube.nextLog();
    await log.write(at(1, "last words"));
    await kube.watching();
    kube.event("MODIFIED", pod("library-1", { state: "terminated" }));
    log.end();
    const rest = await kube.nextLog();
    await rest.write(at(1, "last words") + at(2, "and one more"));
    rest.end();
    await fluent.until(2);
    // nothing is asked of it in between: the next request is another pod's
    kube.event("ADDED", pod("library-2"));
    expect((await kube.nextLog()).pod).toBe("library-2");
    kube.event("MODIFIED", pod("library-1", { run: "run-2" }));
    const next = await kube.nextLog();
    await next.write(at(3, "again"));
    await fluent.until(3);
    expect(logs()).toEqual(["last words", "and one more", "again"]);
    expect(kube.requests.filter(({ path }) => path.includes("/log?"))).toHaveLength(4);
    expect([counts.streams, counts.streamErrors]).toEqual([2, 0]);
  });

  test("whose pod is deleted may say its last words, and is not asked again", async () => {
    kube.pods = [pod("library-1")];
    const { counts } = await start();
    const log = await kube.nextLog();
    await kube.watching();
    kube.event("DELETED", pod("library-1"));
    await vi.waitFor(() => expect(waits).toContain(LAST_LINES_MS));
    await log.write(at(1, "last words"));
    log.end();
    await fluent.until(1);
    await vi.waitFor(() => expect(counts.streams).toBe(0));
    kube.event("ADDED", pod("library-2"));
    expect((await kube.nextLog()).pod).toBe("library-2");
    expect(kube.requests.filter(({ path }) => path.includes("/library-1/log"))).toHaveLength(1);
  });
});

describe("Fluent Bit", () => {
  test("that goes away before it has taken a chunk over gets it again, and nothing is lost", async () => {
    kube.pods = [pod("library-1")];
    fluent.acknowledge = false;
    const { counts } = await start();
    const log = await kube.nextLog();
    await log.write(at(1, "one"));
    await fluent.untilChunks(1);
    await log.write(at(2, "two"));
    fluent.acknowledge = true;
    fluent.hangUp();
    await fluent.until(2);
    expect(logs()).toEqual(["one", "two"]);
    expect(fluent.chunks[1]).toBe(fluent.chunks[0]);
    expect(counts.forwardErrors).toBeGreaterThan(0);
  });

  test("that acknowledges another chunk has not taken this one over", async () => {
    kube.pods = [pod("library-1")];
    fluent.acknowledge = "wrongly";
    const { counts } = await start();
    await (await kube.nextLog()).write(at(1, "one"));
    await fluent.untilChunks(2);
    expect(counts.lines).toBe(0);
    fluent.acknowledge = true;
    await fluent.until(1);
    expect(logs()).toEqual(["one"]);
  });

  test("that takes nothing over stops the reading, and what waits is bounded", async () => {
    kube.pods = [pod("library-1")];
    fluent.acknowledge = false;
    const { counts } = await start();
    const log = await kube.nextLog();
    const lines = Array.from({ length: 2_000 }, (_, index) => at(1, `${index} ${"x".repeat(8_000)}`));
    const written = (async () => {
      for (const line of lines) await log.write(line);
    })();
    const [most, one] = [4 * 1024 * 1024, 10_000];
    await vi.waitFor(() => expect(counts.waiting).toBeGreaterThan(most), { timeout: 10_000 });
    // whoever reads on would do so in these turns of the loop
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(counts.waiting).toBeLessThan(most + one);
    fluent.acknowledge = true;
    fluent.hangUp();
    await written;
    await fluent.until(lines.length);
    expect(logs().map((text) => text.split(" ")[0])).toEqual(lines.map((_, index) => String(index)));
    await vi.waitFor(() => expect([counts.lines, counts.waiting]).toEqual([lines.length, 0]));
  }, 30_000);
});

test("it ends with nothing held: what was read is sent first", async () => {
  kube.pods = [pod("library-1")];
  const running = await start();
  const log = await kube.nextLog();
  await log.write(Array.from({ length: 3_000 }, (_, index) => at(1, String(index))).join(""));
  await fluent.until(1);
  await running.close();
  follower = null;
  expect(running.counts.waiting).toBe(0);
  expect(fluent.records.length).toBe(running.counts.lines);
  await expect(fetch(`${running.origin}/livez`)).rejects.toThrow();
});

test("a quiet server's log group gets the follower's own line, and the probe's gets none", async () => {
  slow = [LAST_LINES_MS];
  const probe = { ...library, app: "probe", stream: "probe", tag: "probe", metrics: true };
  await start([library, probe]);
  await fluent.until(2);
  expect(new Set(fluent.records.map(({ tag, stream }) => `${tag} ${stream}`))).toEqual(
    new Set(["servers -/heartbeat"]),
  );
});

test("its pages say that it lives, whether it knows the pods, and what it has done", async () => {
  kube.pods = [pod("library-1")];
  const { origin } = await start();
  await (await kube.nextLog()).write(at(1, "a line"));
  await fluent.until(1);
  expect((await fetch(`${origin}/livez`)).status).toBe(200);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  expect((await fetch(`${origin}/other`)).status).toBe(404);
  await vi.waitFor(async () => {
    const text = await (await fetch(`${origin}/metrics`)).text();
    expect(text).toContain("\nrollcall_logs_lines_total 1\n");
    expect(text).toContain("# TYPE rollcall_logs_streams gauge\nrollcall_logs_streams 1\n");
  });
});
