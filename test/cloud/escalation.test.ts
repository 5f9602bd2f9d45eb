/**
 * The escalation of an environment on the emulator: alarms, topics, functions, state machine, table and key are real
 * parts that talk to each other as they do in AWS. That mail and text messages reach a person is not proved here.
 */
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import {
  type EscalationCloud,
  eventually,
  startEscalation,
  toldRecord,
} from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const SECOND = 1_000;
const TIMEOUT = 60 * SECOND;

const facts = { server: "library", kind: "page", severity: "critical", escalates: true } as const;

const plan = escalatorPlan("test", {
  escalations: [
    ladder("test", "standard", { L1: 0, L2: 2_000, L3: 22_000 }),
    ladder("test", "slow", { L1: 0, L2: 60_000 }),
    ladder("test", "second", { L2: 0, L3: 60_000 }),
    ladder("test", "broken", { none: 0, L2: 60_000 }),
    ladder("test", "late", { L1: 2_000, L2: 60_000 }),
  ],
  alarms: {
    "test-library-page": { ...facts, escalation: "standard" },
    "test-library-brief": { ...facts, escalation: "slow" },
    "test-library-seen": { ...facts, escalation: "standard" },
    "test-library-late": { ...facts, escalation: "late" },
    "test-library-late-seen": { ...facts, escalation: "late" },
    "test-library-anew": { ...facts, escalation: "slow" },
    "test-library-broken": { ...facts, escalation: "broken" },
    "test-library-ticket": { ...facts, kind: "ticket", escalation: "standard", escalates: false },
    "test-fleet-security": { ...facts, server: "fleet", kind: "security", escalation: "second" },
  },
});

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const acknowledge = (cloud: EscalationCloud, link: string, name: string, note = "") =>
  cloud.open(link, { method: "POST", headers: FORM, body: new URLSearchParams({ name, note }).toString() });

const kinds = async (cloud: EscalationCloud, topic: string, incident: string) =>
  (await cloud.heard(topic)).filter((one) => one.incident === incident).map(({ kind }) => kind);

const linkOf = async (cloud: EscalationCloud, topic: string, alarm: string): Promise<string> => {
  const notice = (await cloud.heard(topic)).find((one) => one.alarm === alarm && one.link !== null);
  return notice?.link ?? "";
};

/** As the documentation says it, so that nobody has to guess the name of an execution. */
const idOf = (alarm: string, changed: string): string =>
  createHash("sha256").update(`${alarm}\n${changed}`).digest("hex").slice(0, 32);

describeWithMinistack("the escalation in the cloud", (ministack) => {
  let started: Promise<EscalationCloud> | undefined;
  const begin = (): Promise<EscalationCloud> => {
    started ??= startEscalation({ endpoint: ministack().endpoint, plan });
    return started;
  };
  const ended = (cloud: EscalationCloud, id: string, withinMs?: number) =>
    eventually(
      `the execution ${id} ends`,
      async () => {
        const execution = await cloud.execution(id);
        return execution.status === "RUNNING" ? undefined : execution;
      },
      withinMs,
    );

  test(
    "[CARD-06] level 1 is told, its time passes, level 2 is told, who acknowledges stops level 3, and both hear when it is over",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-page";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const { incident } = await toldRecord(cloud, "test-standard-L1", alarm);
      expect(await cloud.heard("test-standard-L2")).toEqual([]);
      await toldRecord(cloud, "test-standard-L2", alarm);
      const link = await linkOf(cloud, "test-standard-L2", alarm);
      const page = await acknowledge(cloud, link, "Ann <script>", "on it");
      expect(page.status).toBe(200);
      expect(await page.text()).toContain("Ann &lt;script&gt; (L2) has it since");
      await eventually(
        "both hear of the acknowledgement",
        async () =>
          (await kinds(cloud, "test-standard-L1", incident.id)).includes("acknowledged") &&
          (await kinds(cloud, "test-standard-L2", incident.id)).includes("acknowledged"),
      );
      await cloud.setAlarm(alarm, "OK");
      const { status, states } = await ended(cloud, incident.id);
      expect(status).toBe("SUCCEEDED");
      expect(states.filter((state) => state === "Tell")).toHaveLength(2);
      for (const topic of ["test-standard-L1", "test-standard-L2"])
        expect(await kinds(cloud, topic, incident.id)).toEqual(["told", "acknowledged", "over"]);
      expect(await kinds(cloud, "test-standard-L3", incident.id)).toEqual([]);
      const record = await cloud.incidents.find(incident.id);
      const [first, second] = record?.sent ?? [];
      const between = Date.parse(second?.at ?? "") - Date.parse(first?.at ?? "");
      expect(between).toBeGreaterThanOrEqual(2_000);
      // the time of the level after it would be 20 s
      expect(between).toBeLessThan(15_000);
      expect(record?.acknowledged).toEqual({
        by: "Ann <script>",
        level: "L2",
        note: "on it",
        at: expect.stringMatching(/Z$/),
      });
      expect(record?.sent.map(({ kind, level: told }) => `${kind} ${told}`)).toEqual([
        "told L1",
        "told L2",
        "acknowledged L1",
        "acknowledged L2",
        "over L1",
        "over L2",
      ]);
    },
    TIMEOUT,
  );

  test(
    "an alarm that is over before the second level's time ends the escalation, and the first hears of it",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-brief";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const { incident } = await toldRecord(cloud, "test-slow-L1", alarm);
      await eventually("it waits", async () => (await cloud.incidents.find(incident.id))?.task !== null);
      await cloud.setAlarm(alarm, "OK");
      expect((await ended(cloud, incident.id)).status).toBe("SUCCEEDED");
      expect(await kinds(cloud, "test-slow-L1", incident.id)).toEqual(["told", "over"]);
      expect(await cloud.heard("test-slow-L2")).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    "an alarm whose OK was never heard is looked at before the next level, and ends as over",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-seen";
      await cloud.makeAlarm(alarm);
      // as after an ALARM that is over and whose OK got lost
      await cloud.publish({
        AlarmName: alarm,
        NewStateValue: "ALARM",
        StateChangeTime: "2026-11-21T10:00:00.000+0000",
      });
      const { incident } = await toldRecord(cloud, "test-standard-L1", alarm);
      const { states } = await ended(cloud, incident.id);
      expect(states.slice(-4)).toEqual(["Still on?", "Over", "Was everybody told?", "Ended"]);
      expect(await kinds(cloud, "test-standard-L2", incident.id)).toEqual([]);
      expect(await kinds(cloud, "test-standard-L1", incident.id)).toEqual(["told", "over"]);
    },
    TIMEOUT,
  );

  test(
    "the same message delivered three times at once starts one execution",
    async () => {
      const cloud = await begin();
      const message = {
        AlarmName: "test-twice",
        NewStateValue: "ALARM",
        StateChangeTime: "2026-11-21T11:00:00.000+0000",
      };
      await Promise.all([cloud.publish(message), cloud.publish(message), cloud.publish(message)]);
      const { incident } = await toldRecord(cloud, "test-standard-L1", "test-twice");
      expect(incident.id).toBe(idOf("test-twice", message.StateChangeTime));
      await ended(cloud, incident.id);
      expect((await cloud.executions()).filter((id) => id === incident.id)).toHaveLength(1);
      expect(await kinds(cloud, "test-standard-L1", incident.id)).toEqual(["told", "over"]);
    },
    TIMEOUT,
  );

  test(
    "a ladder that begins with level 2 tells level 2 at once",
    async () => {
      const cloud = await begin();
      const alarm = "test-fleet-security";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const { incident, sent } = await toldRecord(cloud, "test-second-L2", alarm);
      expect(sent.map(({ level: told }) => told)).toEqual(["L2"]);
      await cloud.setAlarm(alarm, "OK");
      await ended(cloud, incident.id);
    },
    TIMEOUT,
  );

  test(
    "a ticket tells its first level only, and waits for its end",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-ticket";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const { incident } = await toldRecord(cloud, "test-standard-L1", alarm);
      const { states } = await eventually("it waits for its end", async () => {
        const execution = await cloud.execution(incident.id);
        return execution.states.at(-1) === "Wait for its end" ? execution : undefined;
      });
      expect(states).toEqual([
        "Ladders",
        "Begin",
        "Wait first?",
        "Next level",
        "More levels?",
        "Tell",
        "Told?",
        "Who was told?",
        "How long?",
        "Wait for its end",
      ]);
      await cloud.setAlarm(alarm, "OK");
      expect((await ended(cloud, incident.id)).status).toBe("SUCCEEDED");
      expect(await kinds(cloud, "test-standard-L2", incident.id)).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    "a level that cannot be told is tried four times, then the next one is told without its time passing; while it is not told the execution does not end well",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-broken";
      // its first level has a topic that does not exist
      await cloud.makeAlarm(alarm);
      await cloud.dropTopic("test-broken-none");
      await cloud.setAlarm(alarm, "ALARM");
      const { incident } = await toldRecord(cloud, "test-broken-L2", alarm);
      await cloud.setAlarm(alarm, "OK");
      const { status, states } = await ended(cloud, incident.id);
      expect(status).toBe("FAILED");
      expect(states.slice(-3)).toEqual(["Over", "Was everybody told?", "Somebody was not told"]);
      expect(await kinds(cloud, "test-broken-L2", incident.id)).toEqual(["told", "over"]);
    },
    TIMEOUT,
  );

  test(
    "an alarm that is over before a late first level is told tells nobody",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-late";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const id = await eventually("an incident waits", async () => {
        for (const one of await cloud.executions())
          if ((await cloud.incidents.find(one))?.incident.alarm === alarm) return one;
        return undefined;
      });
      await cloud.setAlarm(alarm, "OK");
      expect((await ended(cloud, id)).status).toBe("SUCCEEDED");
      expect(await cloud.heard("test-late-L1")).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    "a late first level looks at the alarm before it is told: one that is over, and whose OK was never heard, tells nobody",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-late-seen";
      await cloud.makeAlarm(alarm);
      const change = { AlarmName: alarm, StateChangeTime: "2026-11-21T10:00:00.000+0000" };
      await cloud.deliver({ ...change, NewStateValue: "ALARM" });
      const id = idOf(alarm, change.StateChangeTime);
      const { states } = await ended(cloud, id);
      expect(states.slice(-4)).toEqual(["Still on?", "Over", "Was everybody told?", "Ended"]);
      expect(await kinds(cloud, "test-late-L1", id)).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    "an alarm that fires anew without a heard OK has one ladder, which either link stops, and everybody hears of the end once",
    async () => {
      const cloud = await begin();
      const alarm = "test-library-anew";
      const topic = "test-slow-L1";
      await cloud.makeAlarm(alarm);
      await cloud.setAlarm(alarm, "ALARM");
      const { incident: before } = await toldRecord(cloud, topic, alarm);
      await eventually("it waits", async () => (await cloud.incidents.find(before.id))?.task !== null);
      // as if level 2 had been told, too
      const second = {
        kind: "told",
        level: "L2",
        topic: "test-slow-L2",
        messageId: "2",
        at: before.at,
      } as const;
      await cloud.incidents.addSent(before.id, second);
      const at = (seconds: number) => new Date(Date.parse(before.at) + seconds * SECOND).toISOString();
      const anew = { AlarmName: alarm, NewStateValue: "ALARM", StateChangeTime: at(10) };
      await cloud.deliver(anew);
      expect((await ended(cloud, before.id)).status).toBe("SUCCEEDED");
      // one that was delivered before and comes again finds the same
      await cloud.deliver(anew);
      const id = idOf(alarm, anew.StateChangeTime);
      const known = await eventually("it waits", async () => {
        const record = await cloud.incidents.find(id);
        return record?.task == null ? undefined : record;
      });
      expect(known.heard.map(({ level }) => level)).toEqual(["L1", "L2"]);
      const old = await linkOf(cloud, topic, alarm);
      expect(new URL(old).searchParams.get("incident")).toBe(before.id);
      expect(await (await acknowledge(cloud, old, "Ann")).text()).toContain("Recorded.");
      await eventually(
        "it waits for its end",
        async () => (await cloud.execution(id)).states.at(-1) === "Wait for its end",
      );
      await cloud.deliver({ AlarmName: alarm, NewStateValue: "OK", StateChangeTime: at(20) });
      expect((await ended(cloud, id)).status).toBe("SUCCEEDED");
      expect(await kinds(cloud, topic, before.id)).toEqual(["told"]);
      expect(await kinds(cloud, topic, id)).toEqual(["told", "acknowledged", "over"]);
      expect(await kinds(cloud, "test-slow-L2", id)).toEqual(["acknowledged", "over"]);
    },
    TIMEOUT,
  );

  test(
    "what overtakes is understood: an OK before its ALARM, and an ALARM after a newer one, tell nobody",
    async () => {
      const cloud = await begin();
      const AlarmName = "test-overtaken";
      const at = (minute: number) => `2026-11-21T12:0${minute}:00.000+0000`;
      const id = (minute: number) => idOf(AlarmName, at(minute));
      const change = (state: string, minute: number) =>
        cloud.deliver({ AlarmName, NewStateValue: state, StateChangeTime: at(minute) });
      await change("OK", 2);
      await change("ALARM", 1);
      await change("ALARM", 4);
      await change("ALARM", 3);
      for (const minute of [1, 3, 4]) expect(await cloud.incidents.find(id(minute))).toBeDefined();
      const started = await cloud.executions();
      expect([1, 3, 4].filter((minute) => started.includes(id(minute)))).toEqual([4]);
      await ended(cloud, id(4));
    },
    TIMEOUT,
  );

  test(
    "a drill goes through every level, marked, whoever acknowledges it, and says that it is over",
    async () => {
      const cloud = await begin();
      const id = randomBytes(16).toString("hex");
      await cloud.publish({
        type: "rollcall.drill",
        incident: id,
        escalation: "standard",
        fast: false,
        by: "the test",
        at: new Date().toISOString(),
      });
      const first = await eventually("the drill begins", async () =>
        (await cloud.heard("test-standard-L1")).find((one) => one.incident === id),
      );
      expect(first.drill).toBe(true);
      expect((await acknowledge(cloud, first.link ?? "", "Ann")).status).toBe(200);
      const last = await eventually("the last level is told", async () =>
        (await cloud.heard("test-standard-L3")).find((one) => one.incident === id),
      );
      await acknowledge(cloud, last.link ?? "", "Bob");
      const { status } = await ended(cloud, id);
      expect(status).toBe("SUCCEEDED");
      for (const topic of ["test-standard-L1", "test-standard-L2", "test-standard-L3"])
        expect(await kinds(cloud, topic, id)).toEqual(["told", "over"]);
      expect((await cloud.incidents.find(id))?.acknowledged?.by).toBe("Ann");
    },
    TIMEOUT,
  );
});
