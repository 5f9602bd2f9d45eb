/** What the stand-in for the provider of Kubernetes refuses, which the recovery of an interrupted `up` stands on. */
import { expect, it } from "vitest";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type KubeAnswer, KubeClient, type KubeKind } from "../support/kube-client.ts";
import { KubeObjects } from "../support/kube-objects.ts";

/** An API server that keeps what is applied, and serves no kind of the Prometheus operator. */
class HeldObjects extends KubeClient {
  readonly held = new Map<string, unknown>();

  constructor() {
    super({ url: "https://127.0.0.1:1", token: "", ca: "" });
  }

  override kind(apiVersion: string): Promise<KubeKind | undefined> {
    const served = { root: "/api/v1", plural: "services", namespaced: true };
    return Promise.resolve(apiVersion === "v1" ? served : undefined);
  }

  override request(method: string, path: string, body?: unknown): Promise<KubeAnswer> {
    const place = path.split("?")[0] ?? "";
    if (method === "PATCH") this.held.set(place, body);
    const found = this.held.get(place);
    if (method === "DELETE") this.held.delete(place);
    const answer = found === undefined ? { status: 404, body: {} } : { status: 200, body: found };
    return Promise.resolve({ ...answer, warnings: [] });
  }
}

const object = (apiVersion: string, kind: string): { type: string; name: string; inputs: JsonRecord } => ({
  type: `kubernetes:${apiVersion}:${kind}`,
  name: "github",
  inputs: { apiVersion, kind, metadata: { namespace: "mcp", name: "github" }, spec: { replicas: 2 } },
});
const subject = (of: string, one: ReturnType<typeof object>) => ({
  ...one,
  urn: `urn:${of}`,
  preview: false,
});

it.each([
  ["an API server", object("v1", "Service")],
  ["nothing but its own records", object("monitoring.coreos.com/v1", "ServiceMonitor")],
])("an object that is there is not made again, whoever asks: by %s", async (_, one) => {
  const objects = new KubeObjects(new HeldObjects());
  expect(await objects.create(subject("first", one))).toMatchObject({ id: "mcp/github" });
  await expect(objects.create(subject("first", one))).rejects.toThrow("mcp/github already exists");
  await expect(objects.create(subject("second", one))).rejects.toThrow("mcp/github already exists");
  await objects.update({ ...subject("first", one), id: "mcp/github" });
  await objects.delete({ ...subject("first", one), id: "mcp/github" });
  expect(await objects.create(subject("second", one))).toMatchObject({ id: "mcp/github" });
});

it("an object that was made behind its back is not made again either, and what is not there is not found", async () => {
  const client = new HeldObjects();
  const objects = new KubeObjects(client);
  const one = object("v1", "Service");
  const refreshed = { ...subject("first", one), id: "mcp/github" };
  expect(await objects.read(refreshed)).toBeUndefined();
  client.held.set("/api/v1/namespaces/mcp/services/github", { ...one.inputs, status: {} });
  expect(asRecord(await objects.read(refreshed)).inputs).toEqual(one.inputs);
  await expect(objects.create(subject("first", one))).rejects.toThrow("already exists");
});
