/** Servers that are broken in one way each, by the layer that is broken. */
export * from "./faulty/body.ts";
export * from "./faulty/http.ts";
export * from "./faulty/rpc.ts";
export * from "./faulty/socket.ts";
export * from "./faulty/sse.ts";
export * from "./faulty/stdio.ts";
export * from "./faulty/tls.ts";
