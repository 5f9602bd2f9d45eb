import { pathToFileURL } from "node:url";
import { record } from "./pulumi-mocks.ts";

// run as a process of its own: `node mocked-program.ts <program>` prints what the program asks the engine for
const [, , program = ""] = process.argv;
const resources = await record(() => import(pathToFileURL(program).href), "staging");
const asked = resources.map(({ type, name, inputs }) => ({ type, name, inputs }));
process.stdout.write(JSON.stringify(asked));
