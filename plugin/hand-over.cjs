/**
 * The engine starts plugins and policies on the Node of the machine. TypeScript is run as it stands, which needs Node
 * 24; the package brings one along, so an older Node hands over to it.
 */
const { spawn } = require("node:child_process");
const { dirname, join } = require("node:path");

const WANTED = 24;

/** Runs `here` on a Node that is new enough, else the file by the one that the package brings along. */
exports.onNewNode = (file, here) =>
  Number.parseInt(process.versions.node, 10) >= WANTED ? here() : handOver(file);

function handOver(file) {
  const bundled = dirname(require.resolve("node/package.json"));
  const node = join(bundled, "bin", process.platform === "win32" ? "node.exe" : "node");
  // over the channel the child learns of our end, however it comes; what it prints is read by the engine
  const args = ["--require", join(__dirname, "ends-with-parent.cjs"), file, ...process.argv.slice(2)];
  const child = spawn(node, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return new Promise((_, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => process.exit(code ?? 1));
  });
}
