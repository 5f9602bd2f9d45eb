import { expect } from "vitest";
import { z } from "zod";
import { CANARY_OUTCOMES, FAILURE_CLASSES, FINDINGS } from "../../probes/result.ts";

/** The shapes of the status API, wherever it is served: a field more or less is a mistake. */

const iso = z.iso.datetime();
const statusWord = z.enum(["healthy", "degraded", "unhealthy", "unknown"]);
const count = z.int().min(0);
const path = z.looseObject({
  outcome: z.enum(["ok", "fail", "skipped"]),
  failureClass: z.enum(FAILURE_CLASSES).nullable(),
  detail: z.string().max(200),
});

const result = z.strictObject({
  server: z.string(),
  status: statusWord,
  finding: z.enum([...FINDINGS, "our own network is down"]).nullable(),
  checkedAt: iso,
  durationMs: z.number(),
  mcp: path.extend({ canary: z.looseObject({ outcome: z.enum(CANARY_OUTCOMES) }).nullable() }),
  rest: path,
  dependencies: z.array(z.looseObject({ name: z.string() })),
  replicas: z.array(z.looseObject({ address: z.string() })),
  credentialExpiresAt: iso.nullable(),
  attempts: z.array(z.looseObject({ checkedAt: iso })),
});

const quiet = z.strictObject({
  kind: z.enum(["maintenance", "mute"]),
  name: z.string(),
  servers: z.array(z.string()),
  reason: z.string(),
  from: iso,
  until: iso,
  text: z.string(),
});

const state = z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]);
const alarm = z.strictObject({
  alarm: z.string(),
  severity: z.string(),
  // null where it is not known
  state: state.nullable(),
  since: iso.nullable(),
  reason: z.string(),
});
const alarms = { alarms: z.array(alarm), composites: z.array(alarm.extend({ acts: z.boolean() })) };

const health = z.strictObject({
  status: statusWord,
  environment: z.string(),
  catalog: z.string(),
  servers: z.strictObject({
    total: count,
    healthy: count,
    degraded: count,
    unhealthy: count,
    unknown: count,
  }),
  alarms: count.nullable(),
  quiet: z.array(quiet),
  history: z.strictObject({ results: count, since: iso.nullable() }),
  monitor: z.strictObject({ pid: count, startedAt: iso, residentBytes: count }),
});

const server = z.strictObject({
  server: z.string(),
  description: z.string(),
  overall_status: statusWord,
  mcp_success: z.boolean().nullable(),
  rest_success: z.boolean().nullable(),
  pid: count.nullable(),
  result: result.nullable(),
  quiet: z.array(quiet),
  objectives: z.array(z.looseObject({ name: z.string(), sli: z.string() })),
  ...alarms,
});

const servers = z.strictObject({
  environment: z.string(),
  health,
  servers: z.array(server),
  fleet: z.strictObject(alarms),
});

const event = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("status"),
    at: iso,
    server: z.string(),
    from: statusWord.nullable(),
    to: statusWord,
    result,
  }),
  z.strictObject({
    type: z.literal("transition"),
    at: iso,
    server: z.string(),
    alarm: z.string(),
    composite: z.boolean(),
    acts: z.boolean(),
    from: state,
    to: state,
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal("message"),
    at: iso,
    kind: z.enum(["alarm", "escalation", "resolved"]),
    environment: z.string(),
    server: z.string(),
    incident: z.string(),
    alarm: z.string(),
    severity: z.string(),
    level: z.string(),
    to: z.array(z.string()),
    because: z.array(z.string()),
    text: z.string(),
    runbook: z.string(),
    elapsedMs: z.number().min(0),
  }),
  z.strictObject({
    type: z.literal("acknowledged"),
    at: iso,
    server: z.string(),
    incident: z.string(),
    alarm: z.string(),
    level: z.string(),
    by: z.string(),
    note: z.string(),
  }),
  z.looseObject({ type: z.enum(["server", "quiet", "problem"]), at: iso }),
]);
const events = z.strictObject({ events: z.array(z.strictObject({ id: z.int().positive(), event })) });

/** Asks one site for a path; `method` is GET unless it is said. */
export type Ask = (path: string, method?: string) => Promise<Response>;

export type ServersAnswer = z.infer<typeof servers>;

/** The answer of `/status/servers`, in its shape. */
export async function serversOf(ask: Ask): Promise<ServersAnswer> {
  return servers.parse(await (await ask("/status/servers")).json());
}

/** The answer of `/status/events`, in its shape. */
export async function eventsOf(ask: Ask, after = 0): Promise<z.infer<typeof events>["events"]> {
  return events.parse(await (await ask(`/status/events?after=${after}`)).json()).events;
}

/** Proves of a site that every page has the one shape and that no answer can be taken for a page of HTML. */
export async function expectStatusApi(ask: Ask): Promise<void> {
  const pages = { "/status/health": health, "/status/servers": servers, "/status/events": events };
  for (const [page, shape] of Object.entries({
    ...pages,
    "/status/quiet": z.strictObject({ quiet: z.array(quiet) }),
  })) {
    const answer = await ask(page);
    expect([200, 503], page).toContain(answer.status);
    expect(Object.fromEntries(answer.headers), page).toMatchObject({
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-security-policy": expect.stringContaining("default-src 'self'"),
    });
    expect(shape.safeParse(await answer.json()).error, page).toBeUndefined();
    expect((await ask(page, "HEAD")).status, page).toBe(answer.status);
  }
  const { servers: all, health: summary } = await serversOf(ask);
  expect(summary.servers.total).toBe(all.length);
  expect(all.length).toBeGreaterThan(0);
  for (const one of all) {
    const alone = await ask(`/status/servers/${one.server}`);
    expect(alone.status).toBe(200);
    expect(server.parse(await alone.json())).toEqual(one);
  }
  const nobody = await ask("/status/servers/nobody");
  expect(nobody.status).toBe(404);
  expect(await nobody.json()).toMatchObject({ servers: all.map((one) => one.server) });
  expect((await ask("/status/events?after=-1")).status).toBe(400);
}
