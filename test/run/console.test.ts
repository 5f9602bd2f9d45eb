import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CatalogFolder,
  catalogFolder,
  type RunningMonitor,
  startMonitor,
} from "../support/running-monitor.ts";

// The console in a real browser, served by a real monitor. Other browsers than Chromium are not tried here.

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

if (CHROMIUM !== undefined) describe("the console", () => inBrowser(CHROMIUM));
else if (process.env.CI === "true") {
  test("has Chromium to be shown in", () => {
    throw new Error("/usr/bin/chromium is missing; apt-get install chromium");
  });
} else describe.skip("the console (left out: /usr/bin/chromium is missing)", () => inBrowser(""));

function inBrowser(executablePath: string): void {
  let catalog: CatalogFolder;
  let monitor: RunningMonitor;
  let browser: BrowserContext;
  const cleanup: (() => unknown)[] = [];

  beforeAll(async () => {
    catalog = await catalogFolder();
    cleanup.unshift(catalog.remove);
    monitor = await startMonitor(catalog);
    cleanup.unshift(() => monitor.end("SIGINT"));
    const profile = mkdtempSync(join(tmpdir(), "rollcall-browser-"));
    cleanup.unshift(() => rmSync(profile, { recursive: true, force: true }));
    browser = await chromium.launchPersistentContext(profile, { executablePath, args: ARGS });
    cleanup.unshift(() => browser.close());
  });

  afterAll(async () => {
    for (const step of cleanup) await step();
  });

  /** Opens the console, once `prepare` has laid its hands on the page; collects what the browser complains of. */
  async function open(prepare: (page: Page) => Promise<unknown> = () => Promise.resolve()) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await prepare(page);
    await page.goto(monitor.url);
    await page.locator(".card").first().waitFor();
    return { page, complaints };
  }

  test("shows a grid of four servers, all healthy, without a complaint of the browser", async () => {
    const { page, complaints } = await open();
    expect(await page.locator(".card h3").allTextContents()).toEqual([
      "everything",
      "filesystem",
      "memory",
      "sequential-thinking",
    ]);
    expect(await page.locator('.card[data-status="healthy"]').count()).toBe(4);
    expect(await page.locator("#overall").textContent()).toBe("4 of 4 healthy");
    expect(await page.title()).toBe("healthy · Rollcall local");
    expect(await page.locator("#events li").count()).toBeGreaterThanOrEqual(8);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("shows what the monitor and its servers say as text, whatever it is", async () => {
    const { page, complaints } = await open((one) =>
      one.route("**/status/*", async (route) => {
        const response = await route.fetch();
        const body = JSON.stringify(await response.json()).replaceAll(
          /"(server|description|detail|alarm|reason|failureClass|protocolVersion|environment|catalog|what)":"[^"]*"/g,
          (_, key: string) => `"${key}":${JSON.stringify(HOSTILE)}`,
        );
        await route.fulfill({ response, body });
      }),
    );
    expect(await page.locator(".card h3").first().textContent()).toBe(HOSTILE);
    expect(await page.locator("#events b").first().textContent()).toBe(HOSTILE);
    expect(await page.locator("main img, main script, h1 img").count()).toBe(0);
    expect(await page.title()).toBe(`healthy · Rollcall ${HOSTILE}`);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("shows the alarm that speaks for all servers together, above them", async () => {
    const { page, complaints } = await open((one) =>
      one.route("**/status/servers", async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as { fleet: { composites: object[] } };
        body.fleet.composites = body.fleet.composites.map((alarm) => ({ ...alarm, state: "ALARM" }));
        await route.fulfill({ response, json: body });
      }),
    );
    const lines = page.locator("#fleet p");
    await lines.first().waitFor();
    expect((await lines.allTextContents()).map((text) => text.split(", since ")[0])).toEqual([
      "local-fleet-page, critical",
      "local-fleet-blind, high",
    ]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("says of a server whose alarms are not known that they are not", async () => {
    const { page, complaints } = await open((one) =>
      one.route("**/status/servers", async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as { servers: { composites: object[] }[] };
        for (const server of body.servers.slice(0, 1))
          server.composites = server.composites.map((alarm) => ({ ...alarm, state: null, since: null }));
        await route.fulfill({ response, json: body });
      }),
    );
    const facts = page.locator(".card dd", { hasText: "not known" });
    await facts.first().waitFor();
    expect(await facts.count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    { device: "phone", width: 390, height: 844 },
    { device: "desktop", width: 1280, height: 900 },
  ])("fits a $device of $width pixels without scrolling sideways", async ({ width, height }) => {
    const { page } = await open((one) => one.setViewportSize({ width, height }));
    const scrolls = await page.evaluate(
      "document.documentElement.scrollWidth > document.documentElement.clientWidth",
    );
    expect(scrolls).toBe(false);
    await page.close();
  });

  test("turns the card of a killed server unhealthy, says so in the list of events, and shows its alarm", async () => {
    const { page, complaints } = await open();
    const { memory = 0 } = await monitor.children();
    process.kill(memory, "SIGKILL");
    const card = page.locator('.card[data-server="memory"][data-status="unhealthy"]');
    await card.waitFor({ timeout: 30_000 });
    expect(await card.locator(".pill").textContent()).toBe("unhealthy");
    expect(await page.locator("#overall").textContent()).toBe("3 of 4 healthy");
    const event = page.locator('#events li[data-type="status"]', { hasText: "healthy → unhealthy" });
    await event.waitFor({ timeout: 10_000 });
    expect(await event.locator("b").textContent()).toBe("memory");
    await card.locator(".alarm", { hasText: "local-memory-page, critical" }).waitFor({ timeout: 60_000 });
    // what is a part of the page, and tells nobody, is not a second alarm
    expect(await card.locator(".alarm").count()).toBe(1);
    await page.locator('#events li[data-type="message"]', { hasText: "alarm: L1 told" }).waitFor();
    expect(complaints).toEqual([]);
    for (const [width, height] of [
      [390, 844],
      [1280, 900],
    ] as const)
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        const path = join(catalog.folder, `console-${width}-${colorScheme}.png`);
        expect((await page.screenshot({ path, fullPage: true })).byteLength).toBeGreaterThan(10_000);
      }
    await page.close();
  });

  test("says so when the monitor does not answer, and greys out what it showed", async () => {
    const { page } = await open();
    await page.route("**/status/*", (route) => route.abort());
    await page.locator("#overall", { hasText: "the monitor does not answer" }).waitFor({ timeout: 10_000 });
    expect(await page.locator("body[data-stale]").count()).toBe(1);
    expect(await page.title()).toBe("unknown · Rollcall");
    await page.close();
  });
}
