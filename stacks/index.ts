import { fileURLToPath } from "node:url";
import { program } from "./program.ts";

/** The Pulumi program: `pulumi up --stack staging` builds what stacks/staging.yaml says. */
export const { catalog, topicArns, dashboards, buckets, statusUrl } = await program(
  fileURLToPath(new URL("..", import.meta.url)),
);
