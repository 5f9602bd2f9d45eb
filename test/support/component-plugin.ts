import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";

const ROOT = join(import.meta.dirname, "..", "..");
const PACKAGE = join(ROOT, "plugin");
const STARTER = join(ROOT, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin", "index.js");
/** No engine is there before one attaches itself. */
const NO_ENGINE = "127.0.0.1:1";

/** The running plugin of the package, as the language host of Node would have started it. */
export interface ComponentPlugin {
  readonly port: number;
  /** The schema that the SDK infers from the sources. */
  schema(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts the plugin in the folder of the program that asks for it. Throws, with what it printed, when it ends at once. */
export async function startComponentPlugin(options: { readonly cwd: string }): Promise<ComponentPlugin> {
  const child = spawn(process.execPath, [STARTER, PACKAGE, NO_ENGINE], { cwd: options.cwd });
  const port = await portOf(child);
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    port,
    schema: () =>
      new Promise((resolve, reject) => {
        client.getSchema(new providers.GetSchemaRequest(), (error, response) => {
          if (error === null) resolve(JSON.parse(response.getSchema()));
          else reject(error);
        });
      }),
    async stop() {
      client.close();
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

/** The first line that it prints. */
async function portOf(child: ChildProcess): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the plugin has no output");
  let printed = "";
  stderr.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const line = new Promise<string>((resolve) => createInterface(stdout).once("line", resolve));
  const ended = once(child, "exit").then(() => {
    throw new Error(`the plugin has ended: ${printed}`);
  });
  return Number(await Promise.race([line, ended]));
}
