import { asArray, asRecord, type JsonRecord } from "./json.ts";
import { type Manifest, nameOf, templateOf } from "./manifests.ts";

/** What a rule finds wrong, one line each; empty where all is well. */
type Rule = (manifests: readonly Manifest[]) => readonly string[];

interface Pod {
  readonly manifest: Manifest;
  readonly name: string;
  readonly labels: JsonRecord;
  readonly spec: JsonRecord;
  readonly containers: readonly JsonRecord[];
}

const UNSAFE_SYSCTLS = /^(kernel\.(msg|sem|shm)|fs\.mqueue\.|net\.)/;
const HOST_PATHS = /^\/(|boot|dev|etc|lib|proc|sys|usr)(\/|$)/;
const QUESTIONS = {
  liveness: "livenessProbe",
  readiness: "readinessProbe",
  startup: "startupProbe",
} as const;

/**
 * The rules that kube-linter 0.8.3 has on by default, by its names (docs/generated/checks.md), and behind them those
 * that it leaves off and that hold here. Its Go module cannot be fetched, so they are spelled out.
 */
export const LINTER_RULES: Readonly<Record<string, Rule>> = {
  "dangling-service": (all) =>
    of(all, "Service")
      .filter(hasSelector)
      .flatMap((service) =>
        podsOf(all).some((pod) =>
          isSelected(pod, service.metadata.namespace, asRecord(service.spec.selector)),
        )
          ? []
          : [`${nameOf(service)} selects no pod`],
      ),
  "deprecated-service-account-field": pods(({ spec }) =>
    "serviceAccount" in spec ? ["serviceAccount"] : [],
  ),
  "docker-sock": pods(({ spec }) => hostPaths(spec).filter((path) => path.endsWith("docker.sock"))),
  "drop-net-raw-capability": containers(({ securityContext }) => {
    const dropped = asArray(asRecord(asRecord(securityContext).capabilities).drop);
    return dropped.includes("ALL") || dropped.includes("NET_RAW") ? [] : ["keeps NET_RAW"];
  }),
  "duplicate-env-var": containers(({ env }) => {
    const names = asArray(env).map((one) => String(asRecord(one).name));
    return names.filter((name, index) => names.indexOf(name) < index);
  }),
  "env-var-secret": containers(({ env }) =>
    asArray(env)
      .map(asRecord)
      .filter(({ name, value }) => /secret/i.test(String(name)) && value !== undefined && value !== "")
      .map(({ name }) => String(name)),
  ),
  "host-ipc": pods(({ spec }) => (spec.hostIPC === true ? ["hostIPC"] : [])),
  "host-network": pods(({ spec }) => (spec.hostNetwork === true ? ["hostNetwork"] : [])),
  "host-pid": pods(({ spec }) => (spec.hostPID === true ? ["hostPID"] : [])),
  "invalid-target-ports": (all) => [
    ...of(all, "Service").flatMap((service) =>
      asArray(service.spec.ports)
        .map((port) => asRecord(port).targetPort)
        .filter((target) => !isPortName(target))
        .map((target) => `${nameOf(service)}: ${String(target)}`),
    ),
    ...containers(({ ports }) =>
      asArray(ports)
        .map((port) => asRecord(port).name)
        .filter((name) => name !== undefined && !isPortName(name))
        .map(String),
    )(all),
  ],
  "job-ttl-seconds-after-finished": (all) => [
    ...of(all, "Job")
      .filter(({ spec }) => spec.ttlSecondsAfterFinished === undefined)
      .map((job) => `${nameOf(job)} has none`),
    ...of(all, "CronJob")
      .filter(({ spec }) => asRecord(asRecord(spec.jobTemplate).spec).ttlSecondsAfterFinished !== undefined)
      .map((job) => `${nameOf(job)} has one, beside its history limits`),
  ],
  "latest-tag": containers(({ image }) =>
    /@sha256:[0-9a-f]{64}$/.test(String(image)) ? [] : [`${String(image)} is not pinned`],
  ),
  "liveness-port": containers(askedPort("liveness")),
  "readiness-port": containers(askedPort("readiness")),
  "startup-port": containers(askedPort("startup")),
  "mismatching-selector": (all) =>
    of(all, "Deployment").flatMap((deployment) => {
      const labels = asRecord(asRecord(templateOf(deployment)?.metadata).labels);
      const selector = asRecord(asRecord(deployment.spec.selector).matchLabels);
      return matches(labels, selector) && Object.keys(selector).length > 0 ? [] : [nameOf(deployment)];
    }),
  "no-anti-affinity": (all) =>
    of(all, "Deployment")
      .filter((deployment) => leastReplicas(all, deployment) >= 2)
      .filter((deployment) => !spreadsOverHosts(asRecord(templateOf(deployment)?.spec)))
      .map(nameOf),
  "no-extensions-v1beta": (all) =>
    all.filter(({ apiVersion }) => apiVersion.startsWith("extensions/v1beta")).map(nameOf),
  "no-read-only-root-fs": containers(({ securityContext }) =>
    asRecord(securityContext).readOnlyRootFilesystem === true ? [] : ["writes to its root"],
  ),
  "non-existent-service-account": (all) => {
    const accounts = new Set(
      of(all, "ServiceAccount").map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    );
    return podsOf(all).flatMap(({ manifest, name, spec }) => {
      const account = `${manifest.metadata.namespace}/${String(spec.serviceAccountName)}`;
      return accounts.has(account) ? [] : [`${name}: ${account}`];
    });
  },
  "pdb-max-unavailable": (all) =>
    of(all, "PodDisruptionBudget")
      .filter(({ spec }) => spec.maxUnavailable === 0 || spec.maxUnavailable === "0%")
      .map(nameOf),
  "pdb-min-available": (all) =>
    of(all, "PodDisruptionBudget").flatMap((budget) => {
      const { minAvailable } = budget.spec;
      if (minAvailable === "100%") return [nameOf(budget)];
      if (typeof minAvailable !== "number") return [];
      const held = of(all, "Deployment").filter((deployment) => isHeldBy(budget, deployment));
      return held.some((deployment) => minAvailable >= leastReplicas(all, deployment))
        ? [nameOf(budget)]
        : [];
    }),
  "pdb-unhealthy-pod-eviction-policy": (all) =>
    of(all, "PodDisruptionBudget")
      .filter(({ spec }) => spec.unhealthyPodEvictionPolicy !== "AlwaysAllow")
      .map(nameOf),
  "privilege-escalation-container": containers(({ securityContext }) =>
    asRecord(securityContext).allowPrivilegeEscalation === false ? [] : ["may gain privileges"],
  ),
  "privileged-container": containers(({ securityContext }) =>
    asRecord(securityContext).privileged === true ? ["is privileged"] : [],
  ),
  "run-as-non-root": pods(({ spec, containers: all }) =>
    all
      .map(({ securityContext }) => ({ ...asRecord(spec.securityContext), ...asRecord(securityContext) }))
      .filter(({ runAsNonRoot, runAsUser }) => runAsNonRoot !== true || runAsUser === 0)
      .map(() => "may run as root"),
  ),
  "sensitive-host-mounts": pods(({ spec }) => hostPaths(spec).filter((path) => HOST_PATHS.test(path))),
  "ssh-port": containers(({ ports }) =>
    asArray(ports)
      .filter((port) => asRecord(port).containerPort === 22)
      .map(() => "22"),
  ),
  "unsafe-sysctls": pods(({ spec }) =>
    asArray(asRecord(spec.securityContext).sysctls)
      .map((one) => String(asRecord(one).name))
      .filter((name) => UNSAFE_SYSCTLS.test(name)),
  ),
  // a limit on the processor is left out on purpose, as kube-linter allows: throttling reads as a slow server
  "unset-cpu-requirements": containers(({ resources }) =>
    asRecord(asRecord(resources).requests).cpu === undefined ? ["asks for no CPU"] : [],
  ),
  "unset-memory-requirements": containers(({ resources }) => {
    const { requests, limits } = asRecord(resources);
    return asRecord(requests).memory === undefined || asRecord(limits).memory === undefined ? ["memory"] : [];
  }),

  "dangling-horizontalpodautoscaler": (all) =>
    of(all, "HorizontalPodAutoscaler")
      .filter((scaler) => scaledBy(all, scaler) === undefined)
      .map(nameOf),
  "dangling-networkpolicy": (all) =>
    of(all, "NetworkPolicy").flatMap((policy) =>
      podsOf(all).some((pod) =>
        isSelected(pod, policy.metadata.namespace, asRecord(asRecord(policy.spec.podSelector).matchLabels)),
      )
        ? []
        : [`${nameOf(policy)} selects no pod`],
    ),
  "dangling-servicemonitor": (all) =>
    of(all, "ServiceMonitor").flatMap((monitor) => {
      const found = of(all, "Service").filter(
        ({ metadata }) =>
          metadata.namespace === monitor.metadata.namespace &&
          matches(metadata.labels ?? {}, asRecord(asRecord(monitor.spec.selector).matchLabels)),
      );
      const ports = asArray(monitor.spec.endpoints).map((endpoint) => asRecord(endpoint).port);
      const [service] = found;
      // two Services over the same pods would be scraped twice
      if (service === undefined || found.length > 1)
        return [`${nameOf(monitor)} finds ${found.length} Services`];
      const served = asArray(service.spec.ports).map((port) => asRecord(port).name);
      return ports
        .filter((port) => !served.includes(port))
        .map((port) => `${nameOf(monitor)}: ${String(port)}`);
    }),
  "default-service-account": pods(({ spec }) =>
    spec.serviceAccountName === undefined || spec.serviceAccountName === "default" ? ["default"] : [],
  ),
  "hpa-minimum-replicas": (all) =>
    of(all, "HorizontalPodAutoscaler")
      .filter(({ spec }) => !(Number(spec.minReplicas) >= 2))
      .map(nameOf),
  "no-liveness-probe": (all) => longRunning(all).flatMap(missing("livenessProbe")),
  "no-readiness-probe": (all) => longRunning(all).flatMap(missing("readinessProbe")),
  "no-rolling-update-strategy": (all) =>
    of(all, "Deployment")
      .filter(({ spec }) => asRecord(spec.strategy).type !== "RollingUpdate")
      .map(nameOf),
  "non-isolated-pod": (all) =>
    podsOf(all).flatMap((pod) => {
      const policies = of(all, "NetworkPolicy").filter((policy) =>
        isSelected(pod, policy.metadata.namespace, asRecord(asRecord(policy.spec.podSelector).matchLabels)),
      );
      return ["Ingress", "Egress"]
        .filter((direction) => !policies.some(({ spec }) => asArray(spec.policyTypes).includes(direction)))
        .map((direction) => `${pod.name}: ${direction}`);
    }),
  "use-namespace": (all) =>
    all
      .filter(
        ({ kind, metadata }) =>
          !kind.startsWith("Cluster") && kind !== "Namespace" && namespaceless(metadata),
      )
      .map(nameOf),
};

function namespaceless({ namespace }: Manifest["metadata"]): boolean {
  return namespace === undefined || namespace === "default";
}

const of = (all: readonly Manifest[], kind: string): readonly Manifest[] =>
  all.filter((one) => one.kind === kind);

function podsOf(all: readonly Manifest[]): readonly Pod[] {
  return all.flatMap((manifest) => {
    const template = templateOf(manifest);
    if (template === undefined) return [];
    const spec = asRecord(template.spec);
    return [
      {
        manifest,
        name: nameOf(manifest),
        labels: asRecord(asRecord(template.metadata).labels),
        spec,
        containers: [...asArray(spec.initContainers), ...asArray(spec.containers)].map(asRecord),
      },
    ];
  });
}

const longRunning = (all: readonly Manifest[]) =>
  podsOf(all).filter(({ manifest }) => !/Job$/.test(manifest.kind));

const missing =
  (question: string) =>
  ({ name, spec }: Pod): string[] =>
    asArray(spec.containers)
      .map(asRecord)
      .filter((container) => container[question] === undefined)
      .map((container) => `${name}: ${String(container.name)}`);

function pods(judge: (pod: Pod) => readonly string[]): Rule {
  return (all) => podsOf(all).flatMap((pod) => judge(pod).map((wrong) => `${pod.name}: ${wrong}`));
}

function containers(judge: (container: JsonRecord) => readonly string[]): Rule {
  return pods(({ containers: all }) =>
    all.flatMap((container) => judge(container).map((wrong) => `${String(container.name)}: ${wrong}`)),
  );
}

/** A probe must ask a port that the container says it has. */
function askedPort(question: keyof typeof QUESTIONS): (container: JsonRecord) => readonly string[] {
  return (container) => {
    const { httpGet, tcpSocket, grpc } = asRecord(container[QUESTIONS[question]]);
    const { port } = asRecord(httpGet ?? tcpSocket ?? grpc);
    const ports = asArray(container.ports).map(asRecord);
    const known = ports.some(({ name, containerPort }) => port === name || port === containerPort);
    return port === undefined || known ? [] : [String(port)];
  };
}

function isPortName(target: unknown): boolean {
  if (typeof target === "number") return Number.isInteger(target) && target >= 1 && target <= 65_535;
  return typeof target === "string" && /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(target);
}

function hostPaths(spec: JsonRecord): string[] {
  return asArray(spec.volumes)
    .map((volume) => asRecord(asRecord(volume).hostPath).path)
    .filter((path) => path !== undefined)
    .map(String);
}

function hasSelector({ spec }: Manifest): boolean {
  return Object.keys(asRecord(spec.selector)).length > 0;
}

function matches(labels: JsonRecord | Readonly<Record<string, string>>, selector: JsonRecord): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

function isSelected(pod: Pod, namespace: string | undefined, selector: JsonRecord): boolean {
  return pod.manifest.metadata.namespace === namespace && matches(pod.labels, selector);
}

function isHeldBy(budget: Manifest, deployment: Manifest): boolean {
  return podsOf([deployment]).some((pod) =>
    isSelected(pod, budget.metadata.namespace, asRecord(asRecord(budget.spec.selector).matchLabels)),
  );
}

function scaledBy(all: readonly Manifest[], { metadata, spec }: Manifest): Manifest | undefined {
  const { kind, name } = asRecord(spec.scaleTargetRef);
  return all.find(
    (one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === metadata.namespace,
  );
}

/** The fewest replicas that a Deployment has: its own number, or the least of what scales it. */
function leastReplicas(all: readonly Manifest[], deployment: Manifest): number {
  const scaler = of(all, "HorizontalPodAutoscaler").find((one) => scaledBy(all, one) === deployment);
  return Number(scaler?.spec.minReplicas ?? deployment.spec.replicas ?? 1);
}

function spreadsOverHosts(spec: JsonRecord): boolean {
  const { podAntiAffinity } = asRecord(spec.affinity);
  const {
    preferredDuringSchedulingIgnoredDuringExecution: soft,
    requiredDuringSchedulingIgnoredDuringExecution: hard,
  } = asRecord(podAntiAffinity);
  const terms = [...asArray(soft).map((one) => asRecord(one).podAffinityTerm), ...asArray(hard)];
  return terms.some((term) => asRecord(term).topologyKey === "kubernetes.io/hostname");
}
