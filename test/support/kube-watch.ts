import { once } from "node:events";
import { request } from "node:https";
import type { Kube } from "./kube.ts";

/** What the API server tells whoever watches a kind, oldest first; what was there at the start comes as ADDED. */
export interface KubeWatch {
  readonly events: readonly { readonly type: string; readonly name: string }[];
  stop(): void;
}

/** Watches a collection of the API server (`/api/v1/namespaces/mcp/services`); resolves when it listens. */
export async function watchKube({ url, token, ca }: Kube, path: string): Promise<KubeWatch> {
  const events: { type: string; name: string }[] = [];
  const call = request(new URL(`${path}?watch=1`, url), {
    ca,
    headers: { authorization: `Bearer ${token}` },
  });
  call.end();
  const [answer] = await once(call, "response");
  let rest = "";
  answer.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { type, object } = JSON.parse(line);
      events.push({ type, name: object.metadata.name });
    }
  });
  // its end, by the test or by the API server's
  answer.on("error", () => undefined);
  call.on("error", () => undefined);
  return { events, stop: () => void call.destroy() };
}
