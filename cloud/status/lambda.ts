import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { handle } from "hono/aws-lambda";
import type { StatusFile } from "../../plan/status.ts";
import { statusApp } from "./app.ts";
import { awsSources } from "./aws-sources.ts";
import { cloudView } from "./view.ts";

// written by the plan beside the bundle, never by a caller
const path = fileURLToPath(new URL("status.json", import.meta.url));
const { site, places } = JSON.parse(readFileSync(path, "utf8")) as StatusFile;
const tell = (problem: string): unknown => process.stderr.write(`${problem}\n`);

/** The function behind the Function URL, which IAM guards: it answers requests for the status. */
export const handler = handle(
  statusApp(cloudView({ site, sources: awsSources({ site, places }), tell }), tell),
);
