import { z } from "zod";
import { answerAtDoor, type DoorAnswer } from "./door.ts";
import { dynamoIncidents } from "./incidents.ts";
import { verifyByKey } from "./link.ts";
import { setting, tableSettings } from "./settings.ts";
import { wakeByToken } from "./wake.ts";

/** A request as a Function URL hands it on (payload format 2.0). */
const urlEvent = z.object({
  rawPath: z.string(),
  rawQueryString: z.string().default(""),
  headers: z.record(z.string(), z.string()).default({}),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
});

const input = {
  incidents: dynamoIncidents(tableSettings()),
  verify: verifyByKey(setting("ROLLCALL_LINK_KEY")),
  wake: wakeByToken(),
  now: Date.now,
  tell: (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`),
};

/** The Lambda function behind the links: the only one that the world may call. */
export async function handler(event: unknown): Promise<DoorAnswer> {
  const {
    rawPath,
    rawQueryString,
    headers,
    requestContext,
    body = "",
    isBase64Encoded,
  } = urlEvent.parse(event);
  return answerAtDoor(
    {
      method: requestContext.http.method,
      path: rawPath,
      query: rawQueryString,
      contentType: headers["content-type"] ?? "",
      body: isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body,
    },
    input,
  );
}
