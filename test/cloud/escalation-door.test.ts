/** The public address of an environment: the real function behind it, its table and its key, on the emulator. */
import { expect, test } from "vitest";
import { type Permit, signByKey, signedLink } from "../../cloud/escalation/link.ts";
import {
  type EscalationCloud,
  eventually,
  startEscalation,
  toldRecord,
} from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 60_000;
const TOPIC = "door-standard-L1";
const REFUSED = "This link is not valid, or not any more.";
const plan = escalatorPlan("door", {
  escalations: [ladder("door", "standard", { L1: 0, L2: 600_000 })],
});

/** Something that acts for an incident whose alarm is no alarm of CloudWatch: nothing but the door may end it. */
async function incidentOf(cloud: EscalationCloud, alarm: string) {
  const StateChangeTime = new Date().toISOString();
  const AlarmDescription = "<b>It</b> is down. First: look.";
  await cloud.deliver({ AlarmName: alarm, AlarmDescription, NewStateValue: "ALARM", StateChangeTime });
  const { incident } = await toldRecord(cloud, TOPIC, alarm);
  const notice = (await cloud.heard(TOPIC)).find((one) => one.alarm === alarm);
  const link = notice?.link ?? "";
  await eventually("it waits", async () => (await cloud.incidents.find(incident.id))?.task !== null);
  return { id: incident.id, link };
}

const post = (body: string, type = "application/x-www-form-urlencoded") => ({
  method: "POST",
  headers: { "content-type": type },
  body,
});

describeWithMinistack("the address that acknowledges", (ministack) => {
  let started: Promise<EscalationCloud> | undefined;
  const begin = (): Promise<EscalationCloud> => {
    started ??= startEscalation({ endpoint: ministack().endpoint, plan });
    return started;
  };
  const acknowledged = async (cloud: EscalationCloud, id: string) =>
    (await cloud.incidents.find(id))?.acknowledged ?? null;

  test(
    "GET shows what it is about, with a form, no script and nothing from elsewhere, and acknowledges nothing",
    async () => {
      const cloud = await begin();
      const { id, link } = await incidentOf(cloud, "door-shown");
      for (let scanner = 0; scanner < 3; scanner++) {
        const page = await cloud.open(link);
        expect(page.status).toBe(200);
        expect(Object.fromEntries(page.headers)).toMatchObject({
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": expect.stringMatching(
            /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
          ),
          "cache-control": "no-store",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff",
        });
        const html = await page.text();
        expect(html).toContain("&lt;b&gt;It&lt;/b&gt; is down. First: look.");
        expect(html).toContain('<form method="post">');
        expect(html).not.toMatch(/<script|<b>|https?:|\son\w+=/i);
      }
      expect(await acknowledged(cloud, id)).toBeNull();
      expect((await cloud.execution(id)).status).toBe("RUNNING");
    },
    TIMEOUT,
  );

  test(
    "who is first has it, and who comes second, or comes again, sees who that is",
    async () => {
      const cloud = await begin();
      const { id, link } = await incidentOf(cloud, "door-first");
      const answers = await Promise.all(
        ["Ann", "Bob"].map(async (name) => (await cloud.open(link, post(`name=${name}`))).text()),
      );
      const taken = await acknowledged(cloud, id);
      const [first, second] = taken?.by === "Ann" ? answers : answers.reverse();
      expect(first).toContain("Recorded.");
      expect(second).toContain("Somebody was faster.");
      expect(second).toContain(`${taken?.by} (L1) has it since ${taken?.at}`);
      const again = await cloud.open(link, post("name=Mallory"));
      expect(await again.text()).toContain("Somebody was faster.");
      expect(await (await cloud.open(link)).text()).toContain(`${taken?.by} (L1) has it`);
      expect(await acknowledged(cloud, id)).toEqual(taken);
    },
    TIMEOUT,
  );

  test(
    "a forged, altered, expired or borrowed link is refused in the same words, whatever is asked, and nothing is written",
    async () => {
      const cloud = await begin();
      const { id, link } = await incidentOf(cloud, "door-forged");
      const other = await incidentOf(cloud, "door-other");
      const sign = signByKey(cloud.linkKey, {
        ...cloud.config,
        credentials: { accessKeyId: "x", secretAccessKey: "x" },
      });
      const now = Math.floor(Date.now() / 1_000);
      const permit: Permit = { incident: id, level: "L1", expires: now + 60 };
      const base = link.slice(0, link.indexOf("?"));
      const with_ = (name: string, value: string) => {
        const url = new URL(link);
        url.searchParams.set(name, value);
        return url.href;
      };
      const mac = new URL(link).searchParams.get("mac") ?? "";
      const bad = {
        "no query": base,
        "another code": with_("mac", `${mac[0] === "A" ? "B" : "A"}${mac.slice(1)}`),
        "a short code": with_("mac", mac.slice(0, 22)),
        "another incident": with_("incident", other.id),
        "another level": with_("level", "L2"),
        "a later end": with_("expires", String(now + 10_000_000)),
        "two incidents": `${link}&incident=${other.id}`,
        "an expired one": await signedLink(base, { ...permit, expires: now - 1 }, sign),
        "signed for something else": await signedLink(base, permit, () =>
          sign(`${id}\nL1\n${permit.expires}`),
        ),
        "another path": link.replace("/?", "/admin?"),
      };
      for (const [what, url] of Object.entries(bad))
        for (const init of [{}, post("name=Mallory"), { method: "OPTIONS" }]) {
          const path = new URL(url).pathname.slice(1);
          const answer = await fetch(cloud.door(url).replace("/?", `/${path}?`), init);
          expect([what, answer.status, await answer.text()]).toEqual([what, 403, REFUSED]);
        }
      // the same key and the same form make a link that is taken: the refusals above are for what they say
      expect((await cloud.open(await signedLink(base, permit, sign))).status).toBe(200);
      expect(await acknowledged(cloud, id)).toBeNull();
    },
    TIMEOUT,
  );

  test(
    "with a link of ours, too, only GET and POST are taken, and a form has a name and an end",
    async () => {
      const cloud = await begin();
      const { id, link } = await incidentOf(cloud, "door-form");
      for (const method of ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]) {
        const answer = await cloud.open(link, { method });
        expect([method, answer.status, answer.headers.get("allow")]).toEqual([method, 405, "GET, POST"]);
      }
      expect((await cloud.open(link, post("name="))).status).toBe(400);
      expect((await cloud.open(link, post("name=%20%E2%80%8B%20"))).status).toBe(400);
      expect((await cloud.open(link, post("note=only"))).status).toBe(400);
      expect((await cloud.open(link, post('{"name":"Ann"}', "application/json"))).status).toBe(415);
      expect((await cloud.open(link, post(`name=${"a".repeat(9_000)}`))).status).toBe(413);
      expect(await acknowledged(cloud, id)).toBeNull();
      const long = await cloud.open(link, post(`name=${"n".repeat(200)}%0d%0a&note=${"x".repeat(2_000)}`));
      expect(long.status).toBe(200);
      expect(await acknowledged(cloud, id)).toMatchObject({ by: "n".repeat(80), note: "x".repeat(500) });
    },
    TIMEOUT,
  );

  test(
    "a link to what is over says so, and acknowledges nothing",
    async () => {
      const cloud = await begin();
      const { id, link } = await incidentOf(cloud, "door-over");
      const at = new Date(Date.now() + 1_000).toISOString();
      await cloud.deliver({ AlarmName: "door-over", NewStateValue: "OK", StateChangeTime: at });
      for (const init of [{}, post("name=Ann")]) {
        const page = await cloud.open(link, init);
        expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("It is over since")]);
      }
      expect(await acknowledged(cloud, id)).toBeNull();
    },
    TIMEOUT,
  );
});
