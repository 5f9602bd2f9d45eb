import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { usageError } from "../catalog/errors.ts";
import type { Environment } from "../catalog/types.ts";
import { type Sink, webhookSink } from "../monitor/messages.ts";
import { type Serving, serve } from "../monitor/serve.ts";
import { eventLine, isNews, isUrgent, startedText } from "../monitor/terminal.ts";
import { buildPlan } from "../plan/plan.ts";
import { hostSecrets, resolveEnv } from "../probes/secrets/source.ts";
import { environmentOf } from "./catalog.ts";
import { checkTable } from "./check-table.ts";
import { print } from "./output.ts";

interface UpFlags {
  readonly port: number;
  readonly state: string;
  readonly format: "text" | "json";
}

/** `rollcall up <env>`: runs a local environment until Ctrl-C. Starts processes and writes to the state folder. */
export function upCommand(): Command {
  return new Command("up")
    .description("run a local environment: start its servers, probe, alarm, escalate, serve the console")
    .argument("[env]", "a local environment", "local")
    .option("--port <port>", "port of the status API and the console", portNumber, 7410)
    .option("--state <folder>", "where history and messages are kept", ".rollcall")
    .addOption(
      new Option("--format <format>", "how to print what happens").choices(["text", "json"]).default("text"),
    )
    .action(async (name: string, flags: UpFlags) => {
      const environment = environmentOf(name);
      if (environment.platform !== "local") {
        throw usageError({
          place: name,
          rule: "is a cloud environment",
          cure: `provision it with \`npx pulumi up --stack ${name}\``,
        });
      }
      const stopped = nextSignal();
      const serving = await start(environment, flags);
      await stopped;
      await serving.stop();
      if (flags.format === "text") print("\nstopped; the history is kept");
    });
}

async function start(environment: Environment, flags: UpFlags): Promise<Serving> {
  const plan = buildPlan(environment);
  const state = resolve(flags.state);
  const text = flags.format === "text";
  let quiet = text;
  const serving = await serve({
    environment,
    plan,
    root: process.cwd(),
    state,
    port: flags.port,
    sinks: await webhooks(environment),
    emit: (event) => {
      // the first results of all servers are printed as one table
      if (!text) print(JSON.stringify(event));
      else if (quiet ? isUrgent(event) : isNews(event)) print(eventLine(event));
    },
  });
  quiet = false;
  if (text) {
    const results = environment.servers.flatMap(({ name }) => serving.monitor.latest(name) ?? []);
    print(
      startedText({
        plan,
        table: checkTable(results),
        url: serving.url,
        history: join(flags.state, "history.db"),
      }),
    );
  } else {
    print(
      JSON.stringify({
        type: "ready",
        at: new Date().toISOString(),
        url: serving.url,
        environment: environment.name,
        catalog: plan.catalog,
      }),
    );
  }
  return serving;
}

/** The webhook that the environment names, where its reference is set on this machine. */
async function webhooks(environment: Environment): Promise<Sink[]> {
  const reference = environment.webhook;
  if (reference === null || !("env" in reference) || process.env[reference.env] === undefined) return [];
  const { url = "" } = (await resolveEnv({ url: reference }, hostSecrets)).env;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError({
      place: reference.env,
      rule: "is not an http or https address",
      cure: "set it to the address of the webhook, or unset it",
    });
  }
  return [webhookSink(url)];
}

function nextSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => done());
  });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("must be a port from 0 to 65535.");
  return port;
}
