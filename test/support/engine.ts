import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Deployment,
  LocalWorkspace,
  PulumiCommand,
  type PulumiFn,
} from "@pulumi/pulumi/automation/index.js";
import { AwsRecords } from "./aws-records.ts";
import { EngineLog, type EngineRun } from "./engine-log.ts";
import type { Kube } from "./kube.ts";
import { KubeObjects } from "./kube-objects.ts";
import { serveProvider } from "./provider.ts";
import { tool } from "./toolchain.ts";

export type { EngineRun, EngineStep } from "./engine-log.ts";

/** The real Pulumi engine with one stack of an inline program, and the two providers that it talks to. */
export interface Engine {
  /** What AWS would hold now. */
  readonly aws: AwsRecords;
  /** What was sent to the API server, and what that warned of. */
  readonly kubernetes: KubeObjects;
  /** Each of these throws when the engine fails; the message holds what it printed. */
  preview(): Promise<EngineRun>;
  up(): Promise<EngineRun>;
  refresh(): Promise<EngineRun>;
  destroy(options?: { readonly excludeProtected: boolean }): Promise<EngineRun>;
  /** The stack's state with its secrets in plain text. */
  exportStack(): Promise<Deployment>;
  /** The state as it lies on the disk, secrets encrypted. */
  stateFile(): Promise<string>;
  /** Stops the providers and removes the state and the work folder. The stack is not destroyed first. */
  stop(): Promise<void>;
}

const PASSPHRASE = "a word for tests only";

/**
 * Opens a stack on a `file://` backend in a folder of its own. The program runs inside this process;
 * relative paths of its assets are judged from that folder, where `links` (name -> absolute path) puts
 * what they need.
 */
export async function openEngine({
  program,
  stack,
  project,
  kube,
  config = {},
  links = {},
}: {
  readonly program: PulumiFn;
  readonly stack: string;
  readonly project: string;
  readonly kube: Kube;
  /** Stack configuration, `namespace:key` -> value. */
  readonly config?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
}): Promise<Engine> {
  const aws = new AwsRecords();
  const kubernetes = new KubeObjects(kube.client);
  const folder = await mkdtemp(join(tmpdir(), "rollcall-engine-"));
  const providers = { aws: await serveProvider(aws), kubernetes: await serveProvider(kubernetes) };
  const stop = async () => {
    await providers.aws.stop();
    await providers.kubernetes.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = `aws:${providers.aws.port},kubernetes:${providers.kubernetes.port}`;
    const opened = await openStack({ program, stack, project, folder, ports, config, links });
    const run =
      (operation: "preview" | "up" | "refresh" | "destroy") =>
      async (options: { readonly excludeProtected?: boolean } = {}) => {
        const log = new EngineLog();
        await opened[operation]({ onEvent: (event) => log.add(event), color: "never", ...options });
        return log.result();
      };
    return {
      aws,
      kubernetes,
      preview: run("preview"),
      up: run("up"),
      refresh: run("refresh"),
      destroy: run("destroy"),
      exportStack: () => opened.exportStack(),
      stateFile: () => readFile(join(folder, "state", ".pulumi", "stacks", project, `${stack}.json`), "utf8"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openStack({
  program,
  stack,
  project,
  folder,
  ports,
  config,
  links,
}: {
  readonly program: PulumiFn;
  readonly stack: string;
  readonly project: string;
  readonly folder: string;
  readonly ports: string;
  readonly config: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
}) {
  const [home, state, work] = [join(folder, "home"), join(folder, "state"), join(folder, "work")];
  for (const path of [home, state, work]) await mkdir(path);
  for (const [name, target] of Object.entries(links)) await symlink(target, join(work, name));
  const pulumiCommand = await PulumiCommand.get({ root: dirname(dirname(await tool("pulumi"))) });
  return LocalWorkspace.createOrSelectStack(
    { stackName: stack, projectName: project, program },
    {
      workDir: work,
      pulumiHome: home,
      pulumiCommand,
      projectSettings: { name: project, runtime: "nodejs", backend: { url: `file://${state}` } },
      stackSettings: { [stack]: { config: { ...config } } },
      envVars: {
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_DEBUG_PROVIDERS: ports,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // The engine would else look on the network for the plugins that its attached providers stand in for.
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // The state is written at the end instead of at each step, whose cost grows with the square of the stack.
        PULUMI_EXPERIMENTAL: "true",
        PULUMI_SKIP_CHECKPOINTS: "true",
        PULUMI_BACKEND_URL: `file://${state}`,
      },
    },
  );
}
