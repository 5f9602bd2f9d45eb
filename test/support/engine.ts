import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Deployment,
  LocalWorkspace,
  PulumiCommand,
  type PulumiFn,
} from "@pulumi/pulumi/automation/index.js";
import { type AwsRecord, AwsRecords } from "./aws-records.ts";
import { run as runCommand } from "./cli.ts";
import { EngineLog, type EngineRun } from "./engine-log.ts";
import type { Kube } from "./kube.ts";
import { KubeObjects } from "./kube-objects.ts";
import { type Behaviour, serveProvider } from "./provider.ts";
import { tool } from "./toolchain.ts";

export type { EngineRun, EngineStep } from "./engine-log.ts";

/** A stand-in for the AWS provider that can say what it holds. */
export interface AwsProvider extends Behaviour {
  resources(): readonly AwsRecord[];
}

/** The real Pulumi engine with one stack of an inline program, and the two providers that it talks to. */
export interface Engine {
  /** What AWS would hold now. */
  readonly aws: AwsProvider;
  /** What was sent to the API server, and what that warned of. */
  readonly kubernetes: KubeObjects;
  /** Each of these throws when the engine fails; the message holds what it printed. */
  preview(options?: PolicyOptions): Promise<EngineRun>;
  up(options?: PolicyOptions & TargetOptions): Promise<EngineRun>;
  refresh(): Promise<EngineRun>;
  /** Runs `pulumi` with these arguments on the stack, as a person does, and answers what it printed; throws when it fails. */
  command(...args: readonly string[]): Promise<string>;
  destroy(options?: { readonly excludeProtected: boolean }): Promise<EngineRun>;
  /** The stack's state with its secrets in plain text. */
  exportStack(): Promise<Deployment>;
  /** Where the state lies on the disk. */
  readonly statePath: string;
  /** The state as it lies on the disk, secrets encrypted. */
  stateFile(): Promise<string>;
  /** Stops the providers and removes the state and the work folder. The stack is not destroyed first. */
  stop(): Promise<void>;
}

/** Folders of policy packs that judge what is to be made. */
export interface PolicyOptions {
  readonly policyPacks?: string[];
}

/** URNs of the only resources that an operation may touch; `*` and `**` stand for parts of them. */
export interface TargetOptions {
  readonly target?: string[];
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
  aws = new AwsRecords(),
  config = {},
  links = {},
  plugins = {},
  checkpoints = false,
}: {
  readonly program: PulumiFn;
  readonly stack: string;
  readonly project: string;
  readonly kube: Kube;
  /** Ports of running plugins of other packages, by the package. */
  readonly plugins?: Readonly<Record<string, number>>;
  /** Whether the whole state is written at each step, as the command does; its cost grows with the square of the stack. @default false */
  readonly checkpoints?: boolean;
  /** @default one that records, and makes nothing */
  readonly aws?: AwsProvider;
  /** Stack configuration, `namespace:key` -> value. */
  readonly config?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
}): Promise<Engine> {
  const kubernetes = new KubeObjects(kube.client);
  const folder = await mkdtemp(join(tmpdir(), "rollcall-engine-"));
  const providers = { aws: await serveProvider(aws), kubernetes: await serveProvider(kubernetes) };
  const stop = async () => {
    await providers.aws.stop();
    await providers.kubernetes.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const attached = { ...plugins, aws: providers.aws.port, kubernetes: providers.kubernetes.port };
    const ports = Object.entries(attached)
      .map(([name, port]) => `${name}:${port}`)
      .join(",");
    const opened = await openStack({ program, stack, project, folder, ports, config, links, checkpoints });
    const statePath = join(folder, "state", ".pulumi", "stacks", project, `${stack}.json`);
    const run =
      (operation: "preview" | "up" | "refresh" | "destroy") =>
      async (options: PolicyOptions & TargetOptions & { readonly excludeProtected?: boolean } = {}) => {
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
      command: async (...args) => {
        const { pulumiHome = "", workDir, envVars } = opened.workspace;
        const env = { ...process.env, ...envVars, PULUMI_HOME: pulumiHome };
        const all = [...args, "--stack", stack, "--non-interactive", "--color", "never"];
        const { code, stdout, stderr } = await runCommand(await tool("pulumi"), all, { cwd: workDir, env });
        if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}\n${stdout}${stderr}`);
        return stdout;
      },
      exportStack: () => opened.exportStack(),
      statePath,
      stateFile: () => readFile(statePath, "utf8"),
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
  checkpoints,
}: {
  readonly program: PulumiFn;
  readonly stack: string;
  readonly project: string;
  readonly checkpoints: boolean;
  readonly folder: string;
  readonly ports: string;
  readonly config: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
}) {
  const [home, state, work] = [join(folder, "home"), join(folder, "state"), join(folder, "work")];
  for (const path of [home, state, work]) await mkdir(path);
  for (const [name, target] of Object.entries(links)) await symlink(target, join(work, name));
  const shims = await shimsOf(folder);
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
        PATH: `${shims}:${process.env.PATH ?? ""}`,
        // The engine would else look on the network for the plugins that its attached providers stand in for.
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // The state is written at the end instead of at each step, whose cost grows with the square of the stack.
        ...(checkpoints ? {} : { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" }),
        PULUMI_BACKEND_URL: `file://${state}`,
      },
    },
  );
}

/** The script that comes with the vendor's CLI and not with the engine's module: it runs a policy pack by the SDK. */
async function shimsOf(folder: string): Promise<string> {
  const shims = join(folder, "shims");
  await mkdir(shims);
  const main = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  const script = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
  await writeFile(join(shims, "pulumi-analyzer-policy-nodejs"), script, { mode: 0o755 });
  return shims;
}
