/** Builds every program of the tests into the user's cache, one line each: `npm run toolchain`. */
import { messageOf } from "../../catalog/errors.ts";
import { TOOL_NAMES, tool } from "./toolchain.ts";

for (const name of TOOL_NAMES) {
  try {
    process.stdout.write(`${name}  ${await tool(name)}\n`);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
