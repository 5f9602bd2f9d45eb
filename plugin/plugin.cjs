/** What the engine starts, by PulumiPlugin.yaml. */
const { join } = require("node:path");
const { onNewNode } = require("./hand-over.cjs");

// a function that is exported is called by the SDK, and waited for
module.exports = () =>
  onNewNode(join(__dirname, "host.ts"), () => import("./host.ts").then(({ host }) => host()));
