import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { GetSubscriptionAttributesCommand } from "@aws-sdk/client-sns";
import type { Clients } from "./clients.ts";

/**
 * The emulator's SNS as AWS would answer: a subscription that nobody has confirmed is listed as `PendingConfirmation`
 * in place of its ARN. Everything else passes through.
 */
export async function pendingDoor({
  endpoint,
  clients,
}: {
  readonly endpoint: string;
  readonly clients: Clients;
}): Promise<{ readonly endpoint: string; stop(): void }> {
  const shown = async (arn: string): Promise<string> => {
    const asked = new GetSubscriptionAttributesCommand({ SubscriptionArn: arn });
    const { Attributes } = await clients.sns.send(asked);
    return Attributes?.PendingConfirmation === "true" ? "PendingConfirmation" : arn;
  };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { authorization = "", "content-type": type = "" } = request.headers;
    const headers = { authorization, "content-type": type };
    const answer = await fetch(`${endpoint}${request.url}`, {
      method: request.method ?? "POST",
      headers,
      body,
    });
    let page = await answer.text();
    if (body.includes("Action=ListSubscriptionsByTopic")) {
      for (const [, arn = ""] of page.matchAll(/<SubscriptionArn>([^<]+)</g))
        page = page.replace(arn, await shown(arn));
    }
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/xml" });
    response.end(page);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
