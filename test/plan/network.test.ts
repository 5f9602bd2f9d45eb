import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { RUN_MS } from "../../catalog/run-schedule.ts";
import type { NetworkRulePlan, PeerPlan } from "../../plan/network.ts";
import { planProbe } from "../../plan/probe.ts";
import { planWorkloads } from "../../plan/workloads.ts";
import { RESERVE_MS } from "../../probes/runners/cut-off.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const FILES = catalogFiles();
const load = (files: ReadonlyMap<string, string>) => loadEnvironment(mapSource(files), "production");
const change = (file: string, from: string, to: string) => load(edited(FILES, { file, from, to }));
const production = load(FILES);

const networkOf = (server: string, environment = production) =>
  planWorkloads(environment).find((one) => one.server === server)?.network;
const probeOf = (environment = production) => planProbe(environment, new Map());

const DNS: NetworkRulePlan = {
  peers: [{ namespace: "kube-system", labels: {} }],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

/** Whether a policy's peers hold an address, as a network plugin judges it. */
function reaches(peers: readonly PeerPlan[], address: string): boolean {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const inside = (cidr: string): boolean => {
    const [net = "", prefix = "0"] = cidr.split("/");
    if (net.includes(":") !== (family === "ipv6")) return false;
    const list = new BlockList();
    list.addSubnet(net, Number(prefix), family);
    return list.check(address, family);
  };
  return peers.some((peer) => "cidr" in peer && inside(peer.cidr) && !peer.except.some(inside));
}

describe("[CARD-02] a server", () => {
  test("may connect to nothing but the cluster's DNS unless the catalog says so", () => {
    expect(networkOf("memory")?.egress).toEqual([DNS]);
  });

  test("that needs the world gets its ports of public addresses, and no address that leads inside", () => {
    const [, world] = networkOf("github")?.egress ?? [];
    expect(world?.ports).toEqual([{ port: 443, protocol: "TCP" }]);
    const peers = world?.peers ?? [];
    for (const address of ["140.82.121.6", "172.32.0.1", "2606:50c0:8000::154"])
      expect(reaches(peers, address), address).toBe(true);
    // the last is where a cloud hands out the credentials of its nodes
    for (const address of [
      "10.0.0.1",
      "172.16.9.9",
      "192.168.1.1",
      "127.0.0.1",
      "100.64.0.1",
      "169.254.169.254",
    ])
      expect(reaches(peers, address), address).toBe(false);
    for (const address of ["fd00:ec2::254", "fe80::1", "::1"])
      expect(reaches(peers, address), address).toBe(false);
  });

  test("gets the pods of another namespace, by their label where one is named", () => {
    expect(networkOf("postgresql")?.egress).toEqual([
      DNS,
      {
        peers: [{ namespace: "data", labels: { app: "postgresql" } }],
        ports: [{ port: 5432, protocol: "TCP" }],
      },
    ]);
  });

  test("asks another name server over UDP as well", () => {
    const environment = change(
      "stacks/servers/memory.yaml",
      "kubernetes:\n",
      "kubernetes:\n  egress: [{ to: { cidr: 169.254.20.10/32 }, ports: [53] }]\n",
    );
    expect(networkOf("memory", environment)?.egress[1]?.ports).toEqual(DNS.ports);
  });

  test("is called on its port by the probe and by whom the environment and its own file name", () => {
    const environment = change(
      "stacks/servers/github.yaml",
      "kubernetes:\n",
      "kubernetes:\n  ingress: [{ namespace: agents, app: planner }, { cidr: 10.9.0.0/16 }]\n",
    );
    expect(networkOf("github", environment)?.ingress).toEqual([
      {
        peers: [
          { namespace: "rollcall", labels: { "app.kubernetes.io/component": "probe" } },
          { namespace: "ingress-nginx", labels: {} },
          { namespace: "agents", labels: { app: "planner" } },
          { cidr: "10.9.0.0/16", except: [] },
        ],
        ports: [{ port: 8000, protocol: "TCP" }],
      },
    ]);
  });

  test("is called by Prometheus where it has a page for it, and nowhere else", () => {
    const namespaces = (server: string) =>
      networkOf(server)?.ingress.flatMap(({ peers }) =>
        peers.map((peer) => ("cidr" in peer ? "" : peer.namespace)),
      );
    expect(namespaces("task-mcp")).toContain("monitoring");
    expect(namespaces("memory")).not.toContain("monitoring");
  });
});

describe("[CARD-04] the probe in the cluster", () => {
  test("reaches every server of the cluster on its pods' own port", () => {
    const rules = probeOf()?.exporter?.network.egress ?? [];
    for (const { namespace, deployment, port } of planWorkloads(production)) {
      const rule = {
        peers: [{ namespace, labels: { app: deployment } }],
        ports: [{ port, protocol: "TCP" }],
      };
      expect(rules).toContainEqual(rule);
    }
  });

  test("reaches the ports of every other address of its roster, each once, and what the environment adds", () => {
    const environment = change(
      "stacks/production.yaml",
      "  gatewayImage:",
      "  probeEgress: [{ to: { cidr: 10.2.0.0/16 }, ports: [5432] }]\n  gatewayImage:",
    );
    const task = { file: "stacks/servers/task-mcp.yaml", from: "escalation: task-mcp", to: "" };
    const more = [
      "escalation: task-mcp",
      "dependencies:",
      '  queue: { kind: http, url: "http://queue.data.svc:8080/ready" }',
      '  cache: { kind: http, url: "http://10.4.5.6:8081/" }',
      '  partner: { kind: http, url: "https://partner.example.com/" }',
    ].join("\n");
    const wired = load(edited(FILES, { ...task, to: more }));
    const own = (all: readonly NetworkRulePlan[] = []) =>
      all.slice(1).filter(({ peers }) => !peers.some((peer) => "namespace" in peer && "app" in peer.labels));
    expect(own(probeOf(environment)?.exporter?.network.egress).at(-1)).toEqual({
      peers: [{ cidr: "10.2.0.0/16", except: [] }],
      ports: [{ port: 5432, protocol: "TCP" }],
    });
    const rules = own(probeOf(wired)?.exporter?.network.egress);
    expect(rules).toContainEqual({ peers: [{ namespace: "data", labels: {} }], ports: [] });
    expect(rules).toContainEqual({
      peers: [{ cidr: "10.4.5.6/32", except: [] }],
      ports: [{ port: 8081, protocol: "TCP" }],
    });
    const world = rules.filter(({ peers, ports }) => ports[0]?.port === 443 && reaches(peers, "203.0.113.1"));
    expect(world).toHaveLength(1);
  });

  test("reaches a named host wherever its name leads, but not its own machine or where a cloud hands out credentials", () => {
    const wired = change(
      "stacks/servers/task-mcp.yaml",
      "escalation: task-mcp",
      [
        "escalation: task-mcp",
        "dependencies:",
        '  ledger: { kind: http, url: "http://ledger.corp.example.com:8443/" }',
        '  queue: { kind: http, url: "http://queue.data:8080/ready" }',
      ].join("\n"),
    );
    const rules = probeOf(wired)?.exporter?.network.egress ?? [];
    for (const port of [8443, 8080]) {
      const [named, ...more] = rules.filter(({ ports }) => ports[0]?.port === port && ports.length === 1);
      expect(more.filter(({ peers }) => peers.some((peer) => "cidr" in peer))).toEqual([]);
      const peers = named?.peers ?? [];
      for (const address of [
        "203.0.113.1",
        "10.4.5.6",
        "192.168.1.1",
        "100.64.0.1",
        "2606:50c0::1",
        "fd12::1",
      ])
        expect(reaches(peers, address), `${port} ${address}`).toBe(true);
      for (const address of ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "fd00:ec2::254"])
        expect(reaches(peers, address), `${port} ${address}`).toBe(false);
    }
    // a Service without the `.svc` of its name: its pods may listen on another port
    expect(rules).toContainEqual({ peers: [{ namespace: "data", labels: {} }], ports: [] });
  });

  test("is an exporter where Prometheus scrapes, a CronJob where it does not, and both where both are asked for", () => {
    const image = "  probeImage:";
    const set = (text: string) => probeOf(change("stacks/production.yaml", image, `  ${text}\n${image}`));
    expect(probeOf()).toMatchObject({
      cronJob: null,
      exporter: { sink: "emf", monitor: { path: "/metrics" } },
    });
    expect(set("prometheus: { operator: false }")).toMatchObject({
      cronJob: { sink: "emf" },
      exporter: null,
    });
    expect(set("prober: cronjob")).toMatchObject({ cronJob: { timeZone: "Etc/UTC" }, exporter: null });
    const job = set("prober: cronjob")?.cronJob;
    // what is left of the Job's minute when the pod has come up is enough for the checks and their last lines
    expect((job?.runSeconds ?? 0) * 1_000).toBeGreaterThanOrEqual(RUN_MS + RESERVE_MS);
    expect(job?.runSeconds).toBeLessThanOrEqual((job?.jobSeconds ?? 0) - 5);
    expect((job?.graceSeconds ?? 0) * 1_000).toBeGreaterThanOrEqual(RESERVE_MS);
    expect((job?.jobSeconds ?? 0) + (job?.graceSeconds ?? 0)).toBeLessThanOrEqual(60);
    // what reaches CloudWatch through a log is written by one of them only
    expect(set("prober: both")).toMatchObject({ cronJob: { sink: "emf" }, exporter: { sink: "prometheus" } });
  });

  test("is called on its page by Prometheus and the status site, and by nobody else", () => {
    const both = change("stacks/production.yaml", "  probeImage:", "  prober: both\n  probeImage:");
    const probe = probeOf(both);
    expect(probe?.cronJob?.network.ingress).toEqual([]);
    expect(probe?.exporter?.network.ingress).toEqual([
      {
        peers: [
          { namespace: "monitoring", labels: {} },
          { namespace: "rollcall", labels: { app: "rollcall-production-status" } },
        ],
        ports: [{ port: 9464, protocol: "TCP" }],
      },
    ]);
  });
});

describe("the catalog refuses", () => {
  test.each([
    ["a range of the whole world", "{ to: { cidr: 0.0.0.0/0 }, ports: [443] }", "must not be wider than /8"],
    ["a range that starts within itself", "{ to: { cidr: 10.1.2.3/16 }, ports: [443] }", "first address"],
    ["no port", "{ to: world, ports: [] }", "ports"],
    ["a name, which no policy knows", "{ to: api.github.com, ports: [443] }", "egress"],
  ])("%s", (_, rule, message) => {
    const broken = () =>
      change("stacks/servers/memory.yaml", "kubernetes:\n", `kubernetes:\n  egress: [${rule}]\n`);
    expect(broken).toThrow(RollcallError);
    expect(broken).toThrow(message);
  });

  test("a share of the CPU that an autoscaler cannot take", () => {
    const broken = (share: string) => () =>
      change("stacks/servers/task-mcp.yaml", "  port: 3000\n", `  port: 3000\n  scaleAt: ${share}\n`);
    expect(broken("62.5%")).toThrow("must be a whole percentage");
    expect(broken("5%")).toThrow("must be a whole percentage");
    expect(broken("85%")).not.toThrow();
  });
});
