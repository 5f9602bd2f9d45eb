import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, freePorts, startChild } from "./child.ts";
import { KubeClient } from "./kube-client.ts";
import { tool } from "./toolchain.ts";

/** A real Kubernetes API (kube-apiserver and etcd) of one test file; no controllers and no nodes run. */
export interface Kube {
  readonly url: string;
  /** A token of the group system:masters. */
  readonly token: string;
  /** The certificates that the API server's own certificate is judged by, PEM. */
  readonly ca: string;
  readonly client: KubeClient;
  /** Ends both processes and removes their folder. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 100;

/**
 * Starts etcd and kube-apiserver on free ports of 127.0.0.1 and waits until the API is ready. Pod Security
 * admission is on, as it is by default.
 */
export async function startKube(): Promise<Kube> {
  const programs = { etcd: await tool("etcd"), apiserver: await tool("kube-apiserver") };
  const folder = await mkdtemp(join(tmpdir(), "rollcall-kube-"));
  const children: Child[] = [];
  const stop = async () => {
    for (const child of [...children].reverse()) await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [client = 0, peer = 0, secure = 0] = await freePorts(3);
    const token = await writeCredentials(folder);
    children.push(startChild(programs.etcd, etcdFlags({ folder, client, peer }), folder));
    children.push(startChild(programs.apiserver, apiserverFlags({ folder, etcd: client, secure }), folder));
    const url = `https://127.0.0.1:${secure}`;
    const died = Promise.race(children.map((child) => child.died));
    const ca = await Promise.race([waitUntilReady({ url, token, folder }), died]);
    const kubeClient = new KubeClient({ url, token, ca });
    return {
      url,
      token,
      ca,
      client: kubeClient,
      stop: async () => {
        kubeClient.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeCredentials(folder: string): Promise<string> {
  const token = randomBytes(24).toString("hex");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, "tokens.csv"), `${token},tester,tester,system:masters\n`, { mode: 0o600 });
  await writeFile(join(folder, "sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }), {
    mode: 0o600,
  });
  return token;
}

function etcdFlags({ folder, client, peer }: { folder: string; client: number; peer: number }): string[] {
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // The data lives as long as the test: nothing is gained by waiting for the disk.
    "--unsafe-no-fsync",
  ];
}

function apiserverFlags({
  folder,
  etcd,
  secure,
}: {
  folder: string;
  etcd: number;
  secure: number;
}): string[] {
  const key = join(folder, "sa.key");
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    `--secure-port=${secure}`,
    `--cert-dir=${join(folder, "certificates")}`,
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    // As clusters have it: Pod Security alone is to refuse a privileged pod.
    "--allow-privileged=true",
    "--service-cluster-ip-range=10.0.0.0/24",
  ];
}

/** The API server writes its self-signed certificate first; with that /readyz can be asked. */
async function waitUntilReady({
  url,
  token,
  folder,
}: {
  url: string;
  token: string;
  folder: string;
}): Promise<string> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const ca = await readFile(join(folder, "certificates", "apiserver.crt"), "utf8");
      const client = new KubeClient({ url, token, ca });
      const { status, body } = await client.request("GET", "/readyz").finally(() => client.close());
      if (status === 200) return ca;
      last = body;
    } catch (error) {
      last = error;
    }
    await delay(READY_POLL_MS);
  }
  throw new Error("kube-apiserver was not ready in time", { cause: last });
}
