// Preloaded into the servers that the monitor starts: what would listen on every address of the machine
// listens on 127.0.0.1 only. Several MCP servers call listen(port) and offer no option for the host.
// And a server ends when the monitor does, however that ended: it would keep its port from the next one.
import net from "node:net";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.stdin.resume().once("close", () => process.exit());
  process.stdin.unref?.();
}

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function listenOnLoopback(...args) {
  const [first, second] = args;
  if (typeof first === "object" && first !== null && "port" in first && first.host === undefined) {
    return listen.call(this, { ...first, host: "127.0.0.1" }, ...args.slice(1));
  }
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  if (isPort && typeof second !== "string") return listen.call(this, first, "127.0.0.1", ...args.slice(1));
  return listen.apply(this, args);
};
