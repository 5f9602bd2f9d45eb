/** What the engine starts, by PulumiPolicy.yaml: the pack serves as long as its process lives. */
const { join } = require("node:path");
const { onNewNode } = require("../plugin/hand-over.cjs");

module.exports = () => onNewNode(join(__dirname, "index.ts"), () => import("./index.ts"));
