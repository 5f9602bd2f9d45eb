import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recoverPending } from "../../ops/pending-creates.ts";
import { recoveryText } from "../../ops/recover.ts";
import { rollcall } from "../support/cli.ts";

const urn = (type: string, name: string) => `urn:pulumi:staging::rollcall::${type}::${name}`;
const creating = (type: string, name: string, inputs: object) => ({
  type: "creating",
  resource: { urn: urn(type, name), custom: true, type, inputs },
});
const exported = (resources: readonly object[], pending: readonly object[]) => ({
  version: 3,
  deployment: { manifest: { version: "v3" }, resources, pending_operations: pending },
});

describe("what an interrupted up had begun to make", () => {
  it("is taken over where its id follows from its inputs, after everything that it may depend on", () => {
    const stack = { urn: urn("pulumi:pulumi:Stack", "rollcall-staging"), type: "pulumi:pulumi:Stack" };
    const role = creating("aws:iam/role:Role", "probe", { name: "probe-1a2b3c4" });
    const policy = creating("aws:iam/rolePolicy:RolePolicy", "logs", {
      role: "probe-1a2b3c4",
      name: "logs-5d6e7f8",
    });
    const { state, taken } = recoverPending(exported([stack], [role, policy])) ?? {};
    expect(state).toEqual(
      exported(
        [
          stack,
          { ...role.resource, id: "probe-1a2b3c4", outputs: {} },
          { ...policy.resource, id: "probe-1a2b3c4:logs-5d6e7f8", outputs: {} },
        ],
        [],
      ),
    );
    expect(taken).toEqual([role.resource.urn, policy.resource.urn]);
  });

  it("is an object of the cluster, which refuses a second of its name: by its namespace and name", () => {
    const monitor = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor";
    const inNamespace = { apiVersion: "v1", metadata: { namespace: "mcp", name: "github" } };
    const pending = [
      creating("kubernetes:core/v1:Service", "github-service", inNamespace),
      creating(monitor, "github-monitor", inNamespace),
      creating("kubernetes:core/v1:Namespace", "places-mcp", { metadata: { name: "mcp" } }),
    ];
    const { state, taken } = recoverPending(exported([], pending)) ?? {};
    const ids = ["mcp/github", "mcp/github", "mcp"];
    expect(state).toEqual(
      exported(
        pending.map(({ resource }, index) => ({ ...resource, id: ids[index], outputs: {} })),
        [],
      ),
    );
    expect(taken).toEqual(pending.map(({ resource }) => resource.urn));
  });

  it("is left alone where it is no object: a provider, or one whose name is not known", () => {
    const provider = creating("pulumi:providers:kubernetes", "default", { metadata: { name: "default" } });
    const nameless = creating("kubernetes:core/v1:Secret", "sealed", { metadata: { ciphertext: "v1:x" } });
    const before = exported([], [provider, nameless]);
    expect(recoverPending(before)).toMatchObject({ state: before, taken: [], lost: [] });
  });

  it("is named by its namespace and name when it was to replace another, and stands in the way of the next", () => {
    const map = creating("kubernetes:core/v1:ConfigMap", "roster", {
      metadata: { namespace: "rollcall", name: "b" },
    });
    const recovered = recoverPending(exported([{ ...map.resource, id: "rollcall/a" }], [map]));
    expect(recovered).toMatchObject({ taken: [], lost: [{ urn: map.resource.urn, id: "rollcall/b" }] });
  });

  it("stays pending where AWS takes it again, and is named where AWS made its id up", () => {
    const alarm = creating("aws:cloudwatch/metricAlarm:MetricAlarm", "down", { name: "staging-github-down" });
    const key = creating("aws:kms/key:Key", "key", { description: "seals" });
    const before = exported([], [alarm, key]);
    const recovered = recoverPending(before);
    expect(recovered).toEqual({
      state: before,
      taken: [],
      repeated: [alarm.resource.urn],
      lost: [{ urn: key.resource.urn, id: null }],
    });
    if (recovered === undefined) throw new Error("it is an export");
    expect(recoveryText(recovered)).toBe(
      `left to the next pulumi up: ${alarm.resource.urn}\nto look for by hand, its id is not recorded: ${key.resource.urn}\n`,
    );
  });

  it("is named by its id when a later run has made another", () => {
    const first = creating("aws:iam/role:Role", "probe", { name: "probe-1a2b3c4" });
    const second = exported([{ ...first.resource, id: "probe-0" }], [first]);
    const recovered = recoverPending(second);
    expect(recovered).toEqual({
      state: second,
      taken: [],
      repeated: [],
      lost: [{ urn: first.resource.urn, id: "probe-1a2b3c4" }],
    });
    if (recovered === undefined) throw new Error("it is an export");
    expect(recoveryText(recovered)).toBe(`to look for by hand, as probe-1a2b3c4: ${first.resource.urn}\n`);
  });

  it("is left alone when it is no create, when it is in the state already, and when its name is a secret", () => {
    const inputs = { name: "probe-1a2b3c4" };
    const role = creating("aws:iam/role:Role", "probe", inputs);
    const there = exported([{ ...role.resource, id: "probe-1a2b3c4" }], [role]);
    expect(recoverPending(there)).toEqual({ state: there, taken: [], repeated: [], lost: [] });
    const updating = exported([], [{ ...role, type: "updating" }]);
    expect(recoverPending(updating)?.state).toEqual(updating);
    const sealed = exported([], [creating("aws:iam/role:Role", "probe", { name: { ciphertext: "v1:x" } })]);
    expect(recoverPending(sealed)?.state).toEqual(sealed);
  });
});

describe("rollcall recover", () => {
  it("prints the repaired export and says on standard error what it did", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-recover-"));
    try {
      const file = join(folder, "exported.json");
      const table = creating("aws:dynamodb/table:Table", "incidents", { name: "rollcall-staging-incidents" });
      writeFileSync(file, JSON.stringify(exported([], [table])));
      const { code, stdout, stderr } = await rollcall(["recover", file]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout).deployment.resources[0].id).toBe("rollcall-staging-incidents");
      expect(stderr).toContain(`taken over, for pulumi refresh to look for: ${table.resource.urn}`);

      writeFileSync(file, "[]");
      expect(await rollcall(["recover", file])).toMatchObject({ code: 65, stdout: "" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
