/** The follower against a real kube-apiserver with its own rights. No kubelet runs there, so no line is ever read. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Follower, startFollower } from "../../cloud/logs/follower.ts";
import { logShippingPod } from "../../components/log-shipping-pod.ts";
import { FOLLOWER_RULES } from "../../components/log-shipping-policies.ts";
import type { LogShippingPlan } from "../../plan/logs.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Fluent, startFluent } from "../support/fluent.ts";
import { asRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { KubeClient, refusalOf } from "../support/kube-client.ts";

const NAME = "rollcall-test-logs";
const SELECTOR = "app.kubernetes.io/part-of=rollcall,app.kubernetes.io/instance=test";
const RESTRICTED = Object.fromEntries(
  ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
);
const IMAGE = `registry.example.com/any@sha256:${"a".repeat(64)}`;
const START_TIMEOUT_MS = 90_000;

describeWithTools(["etcd", "kube-apiserver"], "the log follower and a real API server", () => {
  let folder: string;
  let kube: Kube;
  let fluent: Fluent;
  let follower: Follower | undefined;
  let asFollower: KubeClient;
  const told: string[] = [];

  const create = async (path: string, body: object) => {
    const answer = await kube.client.request("POST", path, body);
    expect(answer.status, refusalOf(answer)).toBeLessThan(300);
    return asRecord(answer.body);
  };
  const container = { name: "main", image: IMAGE };
  const pod = (name: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: {
        app: "library-http",
        "app.kubernetes.io/part-of": "rollcall",
        "app.kubernetes.io/instance": "test",
      },
    },
    spec: {
      nodeName: "nobody",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          ...container,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  });
  const run = async (name: string): Promise<void> => {
    const containerStatuses = [
      {
        name: "main",
        image: IMAGE,
        imageID: IMAGE,
        ready: true,
        restartCount: 0,
        containerID: `containerd://${name}`,
        state: { running: { startedAt: "2026-11-21T10:00:00Z" } },
      },
    ];
    const answer = await kube.client.request(
      "PATCH",
      `/api/v1/namespaces/shelf/pods/${name}/status`,
      { status: { phase: "Running", containerStatuses } },
      "application/merge-patch+json",
    );
    expect(answer.status, refusalOf(answer)).toBe(200);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-follower-"));
    [kube, fluent] = await Promise.all([startKube(), startFluent()]);
    for (const name of ["rollcall", "shelf"]) {
      const metadata = { name, labels: RESTRICTED };
      await create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    }
    // no controller makes the accounts that pods are given without asking
    for (const [namespace, name] of [
      ["rollcall", NAME],
      ["shelf", "default"],
    ])
      await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name },
      });
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: NAME } };
    const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/shelf";
    await create(`${path}/roles`, { ...rbac, kind: "Role", rules: FOLLOWER_RULES });
    await create(`${path}/rolebindings`, {
      ...rbac,
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace: "rollcall" }],
    });
    const token = await create(`/api/v1/namespaces/rollcall/serviceaccounts/${NAME}/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3_600 },
    });
    const text = String(asRecord(token.status).token);
    writeFileSync(join(folder, "token"), text, { mode: 0o600 });
    writeFileSync(join(folder, "ca.crt"), kube.ca);
    asFollower = new KubeClient({ url: kube.url, token: text, ca: kube.ca });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await follower?.close();
    // last: there is none when what stands before it could not be started
    await Promise.all([kube?.stop(), fluent?.close()]);
    asFollower.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("lists and watches with the rights of its Role, and survives that no line can be read", async () => {
    await create("/api/v1/namespaces/shelf/pods", pod("library-1"));
    await run("library-1");
    follower = await startFollower({
      plan: {
        selector: SELECTOR,
        apps: [
          { namespace: "shelf", app: "library-http", stream: "library", tag: "servers", metrics: false },
        ],
        forwardPort: fluent.port,
        port: 0,
      },
      api: { url: kube.url, tokenFile: join(folder, "token"), caFile: join(folder, "ca.crt") },
      host: "127.0.0.1",
      tell: (line) => told.push(line),
      pause: (ms, signal) => delay(ms / 100, undefined, { signal, ref: false }).catch(() => undefined),
    });
    const { counts } = follower;
    // the one that was listed
    await vi.waitFor(() => expect(told.some((line) => line.includes("library-1"))).toBe(true), 20_000);
    // and one that the watch tells of, once it runs
    await create("/api/v1/namespaces/shelf/pods", pod("library-2"));
    await run("library-2");
    await vi.waitFor(() => expect(told.some((line) => line.includes("library-2"))).toBe(true), 20_000);
    await kube.client.request("DELETE", "/api/v1/namespaces/shelf/pods/library-2?gracePeriodSeconds=0");
    expect([counts.watchErrors, counts.streams]).toEqual([0, 0]);
    expect(counts.streamErrors).toBeGreaterThan(0);
    expect((await fetch(`${follower.origin}/readyz`)).status).toBe(200);
    // refusals of the kubelet's side, and none of authorization
    expect(told.filter((line) => /answered 40[13]/.test(line))).toEqual([]);
  });

  it.each([
    ["GET", "/api/v1/namespaces/shelf/secrets"],
    ["GET", "/api/v1/namespaces/shelf/configmaps"],
    ["GET", "/api/v1/namespaces/rollcall/pods"],
    ["GET", "/api/v1/pods"],
    ["DELETE", "/api/v1/namespaces/shelf/pods/library-1"],
    ["POST", "/api/v1/namespaces/shelf/pods/library-1/exec?command=ls"],
  ])("may not %s %s", async (method, path) => {
    expect((await asFollower.request(method, path)).status).toBe(403);
  });

  it("has a pod that Pod Security restricted admits without a warning", async () => {
    const plan: LogShippingPlan = {
      name: NAME,
      namespace: "rollcall",
      issuer: "issuer.example.com",
      followerImage: IMAGE,
      fluentBitImage: IMAGE,
      namespaces: ["shelf"],
      logGroups: [],
      follower: { selector: SELECTOR, apps: [], forwardPort: 24_224, port: 9_465 },
      fluentBit: "",
      fluentBitPort: 2_020,
      monitor: null,
      network: { ingress: [], egress: [] },
    };
    const template = logShippingPod({ plan, labels: { app: NAME }, account: NAME, config: "config" });
    const answer = await kube.client.admitPod(template, "rollcall");
    expect(answer.status, refusalOf(answer)).toBe(201);
    expect(answer.warnings).toEqual([]);
  });
});
