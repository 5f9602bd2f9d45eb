import { z } from "zod";
import { slackTokenName } from "../../plan/escalator.ts";
import type { Notice } from "./notice.ts";
import type { PostJson } from "./post.ts";
import type { ReadSecret } from "./relay-rules.ts";
import { headline, markOf, title } from "./texts.ts";

/** Where Slack's Web API answers. */
export const SLACK_API = "https://slack.com/api";
/** Slack cuts a section at 3,000 characters. */
const MAX_SECTION = 2_900;

const slackAnswer = z.object({ ok: z.boolean(), error: z.string().default("") });

/** Writes a notice into a channel (chat.postMessage), with the bot token of the environment's workspace. */
export async function tellSlack(
  { channel, notice }: { readonly channel: string; readonly notice: Notice },
  { api, post, secret }: { readonly api: string; readonly post: PostJson; readonly secret: ReadSecret },
): Promise<void> {
  const token = await secret(slackTokenName(notice.environment));
  const { body } = await post({
    url: `${api}/chat.postMessage`,
    headers: { authorization: `Bearer ${token}` },
    body: { channel, ...slackMessage(notice) },
  });
  // Slack says with status 200 that it refuses
  const answer = slackAnswer.safeParse(body);
  if (!answer.success) throw new Error("it answered with something else than Slack does");
  if (!answer.data.ok) throw new Error(`it refused: ${answer.data.error.slice(0, 100)}`);
}

/** The text stands alone in notifications; the blocks are what the channel shows, where the whole text follows. */
export function slackMessage(notice: Notice): object {
  const { kind, text, reason, since, level, escalation, alarm, link } = notice;
  const details = [
    ...(kind === "told" ? [escaped(text)] : []),
    `${kind === "over" ? "How it ended" : "Why"}: ${escaped(reason)}`,
    ...(link === null ? [] : [`<${link}|Acknowledge>`]),
  ];
  const context = escaped(`Level ${level} of ${escalation} · since ${since} · ${alarm}`);
  return {
    text: escaped(`${markOf(notice)}${headline(notice)}`),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      section(`*${escaped(`${markOf(notice)}${title(notice)}`)}*`),
      section(details.join("\n").slice(0, MAX_SECTION)),
      { type: "context", elements: [{ type: "mrkdwn", text: context }] },
    ],
  };
}

function section(text: string): object {
  return { type: "section", text: { type: "mrkdwn", text } };
}

/** The three characters that Slack's markup gives a meaning (mentions, links). */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
