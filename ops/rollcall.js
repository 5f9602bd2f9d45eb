#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The command. TypeScript is run as it stands, which needs Node 24; npm ci has brought one, whatever Node the
// machine has, so an older Node hands over to it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const WANTED = 24;
const bundled = fileURLToPath(
  new URL(`../node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`, import.meta.url),
);

if (Number.parseInt(process.versions.node, 10) >= WANTED) {
  // imported here, for an older Node has none and would not even start this file
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  const { main } = await import("./main.ts");
  await main(process.argv.slice(2));
} else if (existsSync(bundled)) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(bundled, ["--disable-warning=ExperimentalWarning", self, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // the terminal sends Ctrl-C to both; the child decides when it is done
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT") child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0);
  });
} else {
  process.stderr.write(
    `rollcall: needs Node ${WANTED} or newer, this is ${process.versions.node}; run \`npm ci\`, which brings it\n`,
  );
  process.exitCode = 70;
}
