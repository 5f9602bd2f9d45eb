import { classify, ProbeFault, printable } from "../classify.ts";
import type { HttpClient } from "../http/types.ts";
import { within } from "./within.ts";

/**
 * What is wrong with an HTTP API, in at most 200 printable characters; null when it answers. Any answer
 * below 500 will do: an API that asks for credentials or knows no such page is up. Never throws.
 */
export async function httpFault(
  url: string,
  { http, signal }: { readonly http: HttpClient; readonly signal: AbortSignal },
): Promise<string | null> {
  try {
    if (!URL.canParse(url)) throw new ProbeFault("connect", "the address is none");
    const request = { url: new URL(url), method: "GET", headers: { accept: "*/*" }, signal } as const;
    const answer = await within(signal, "waiting for an answer", http.send(request));
    answer.discard();
    if (answer.status < 500) return null;
    return printable(`HTTP ${answer.status} ${answer.statusText}`);
  } catch (error) {
    const { failureClass, detail } = classify(error);
    // A redirect that is not followed is an answer too.
    return failureClass === "http" ? null : detail;
  }
}
