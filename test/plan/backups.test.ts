import { describe, expect, it } from "vitest";
import { backup } from "../../catalog/backup.ts";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { catalogTexts, memorySource } from "../../catalog/snapshot.ts";
import { planBackups } from "../../plan/backups.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const texts = catalogFiles();

/** The backup of production, whose file has these lines as well. */
function planned(lines = "") {
  const environment = loadEnvironment(memorySource(withLines(lines)), "production");
  const [plan] = planBackups(environment);
  if (plan === undefined) throw new Error("production has no backup");
  return { plan, environment };
}

function withLines(lines: string): ReadonlyMap<string, string> {
  const file = "stacks/production.yaml";
  return edited(texts, { file, from: "platform: cloud\n", to: `platform: cloud\n${lines}` });
}

/** What is said of a catalog that is refused, on loading or on planning. */
function refusal(lines: string): string {
  try {
    buildPlan(planned(lines).environment);
    return "";
  } catch (error) {
    if (error instanceof RollcallError) return error.message;
    throw error;
  }
}

describe("the backup of an environment", () => {
  it("[SKILL-08] is taken daily at 02:00 and kept for 30 days without a word in the catalog", () => {
    const { plan } = planned();
    expect(plan.daily).toMatchObject({ schedule: "cron(0 2 * * ? *)", zone: "UTC" });
    expect(plan.drill).toMatchObject({ schedule: "cron(0 3 ? * SUN *)", zone: "UTC" });
    expect([plan.retentionDays, plan.lockDays, plan.lockMode]).toEqual([30, 30, "GOVERNANCE"]);
    expect([plan.replica, plan.job.state, plan.administrators]).toEqual([null, null, []]);
    expect(plan.cluster).toMatchObject({ schedule: "0 2 * * *", timeZone: "UTC" });
  });

  it("is what its file says", () => {
    const { plan } = planned(
      `backup:
  at: "23:45"
  zone: Europe/Berlin
  drill: { on: wed, at: "05:07" }
  lock: compliance
  replicateTo: { region: eu-central-1 }
  stateBucket: { bucket: state, prefix: team/ }
`,
    );
    expect(plan.daily).toMatchObject({ schedule: "cron(45 23 * * ? *)", zone: "Europe/Berlin" });
    expect(plan.drill.schedule).toBe("cron(7 5 ? * WED *)");
    expect(plan.lockMode).toBe("COMPLIANCE");
    expect(plan.replica).toEqual({
      region: "eu-central-1",
      bucket: "rollcall-production-copies",
      existing: null,
    });
    expect(plan.job.state).toEqual({
      bucket: "state",
      prefix: "team/.pulumi/stacks/rollcall/production.",
      keyArn: null,
    });
  });

  it("saves every metric of every server, objectives and numbers of its own among them", () => {
    const { plan, environment } = planned();
    expect(plan.job.history.map(({ server }) => server)).toEqual(environment.servers.map(({ name }) => name));
    const metrics = plan.job.history.flatMap((one) => one.metrics);
    for (const { definition } of buildPlan(environment).servers.flatMap(({ alarms }) => alarms))
      if ("MetricName" in definition) expect(metrics).toContain(definition.MetricName);
  });

  it("has bucket names that S3 takes, with an account's number and the longest name of an environment", () => {
    const { environment } = planned();
    const [plan] = planBackups({ ...environment, name: "e".repeat(30) });
    for (const name of [plan?.bucket, plan?.scratch.bucket, `rollcall-${"e".repeat(30)}-copies`])
      expect(`${name}-123456789012`.length).toBeLessThanOrEqual(63);
    for (const name of [plan?.daily.name, plan?.drill.name]) expect(name?.length).toBeLessThanOrEqual(64);
  });

  it("is no business of a machine on a desk", () => {
    expect(planBackups(loadEnvironment(memorySource(texts), "local"))).toEqual([]);
  });

  it("refuses, with a cure, what could never hold", () => {
    expect(refusal("backup: { verifiedWithin: 7d }\n")).toContain("must be longer than 7d");
    expect(refusal('backup: { at: "24:00" }\n')).toContain("must be a time of day");
    expect(refusal("backup: { zone: Mars/Olympus }\n")).toContain("must be a time zone");
    expect(refusal("backup: { replicateTo: { region: eu-central-1, bucket: theirs } }\n")).toContain(
      "needs bucket and key together",
    );
    expect(refusal("backup: { replicateTo: { region: eu-west-1 } }\n")).toContain(
      "eu-west-1 is where the backups are already; name another region",
    );
    expect(refusal("backup: { administrators: ['arn:aws:iam::123456789012:role/*'] }\n")).toContain(
      "without wildcards",
    );
  });

  it("refuses to keep backups for no longer than a restore may stay unverified", () => {
    const kept = (days: string, lines = "") => {
      const from = "backups: 30d";
      const changed = edited(withLines(lines), {
        file: "stacks/production.yaml",
        from,
        to: `backups: ${days}`,
      });
      return () => buildPlan(loadEnvironment(memorySource(changed), "production"));
    };
    expect(kept("8d")).toThrow(
      /stacks\/production\.yaml.*retention\.backups.*is 8d, and backup\.verifiedWithin is 8d: .*keep backups for longer/s,
    );
    expect(kept("0d")).toThrow("retention.backups");
    expect(kept("14d", "backup: { verifiedWithin: 14d }\n")).toThrow("backup.verifiedWithin is 14d");
    expect(kept("9d")).not.toThrow();
  });

  it("refuses a compliance lock where the bucket is to go with its stack", () => {
    const file = "stacks/staging.yaml";
    const changed = edited(texts, {
      file,
      from: "platform: cloud\n",
      to: "platform: cloud\nbackup: { lock: compliance }\n",
    });
    expect(() => buildPlan(loadEnvironment(mapSource(changed), "staging"))).toThrow(
      "a compliance lock lets nobody delete what the stack would take along",
    );
  });

  it("has a default for every key", () => {
    expect(backup.parse({})).toEqual({
      at: "02:00",
      zone: "UTC",
      drill: { on: "sun", at: "03:00" },
      verifiedWithin: 691_200_000,
      lock: "governance",
      administrators: [],
    });
  });
});

describe("the texts of a catalog", () => {
  it("are enough to load it again to the same identity, and hold nothing of Pulumi's configuration but its names", () => {
    const all = catalogTexts(mapSource(texts));
    expect(loadEnvironment(memorySource(all), "production").digest).toBe(
      loadEnvironment(mapSource(texts), "production").digest,
    );
    expect([...all.keys()]).toContain("stacks/tools.lock.yaml");
    expect([...all.keys()].some((path) => path.startsWith("docs/runbooks/"))).toBe(true);
  });
});
