import type { Notice } from "./notice.ts";

/** SNS takes subjects of up to 100 characters of ASCII without line breaks. */
const MAX_SUBJECT = 100;
/** Characters of the words of a text message; the link comes on top. */
const MAX_SMS_WORDS = 140;
/** A link has about 195 characters, so the message has two parts: 153 characters of GSM 03.38 each. */
const MAX_SMS = 306;

/** One message as SNS takes it for every kind of subscriber (MessageStructure json). */
export interface TopicMessage {
  readonly subject: string;
  /** JSON: a text for each protocol. */
  readonly message: string;
}

/** What each channel is told: people by mail everything, by text message the least, programs JSON. */
export function topicMessage(notice: Notice): TopicMessage {
  const subject = ascii(`${markOf(notice)}${headline(notice)}`).slice(0, MAX_SUBJECT);
  const json = JSON.stringify(notice);
  return {
    subject,
    message: JSON.stringify({
      default: subject,
      email: emailText(notice),
      "email-json": json,
      sms: smsText(notice),
      lambda: json,
      http: json,
      https: json,
      sqs: json,
    }),
  };
}

/** One line for where nothing follows: the title and what the alarm means, without the mark of a drill. */
export function headline(notice: Notice): string {
  const { kind, text } = notice;
  const means = kind === "told" ? firstSentence(text) : "";
  return means === "" ? title(notice) : `${title(notice)}: ${means}`;
}

/** What has happened to which alarm, in a few words, without the mark of a drill. */
export function title(notice: Notice): string {
  const { kind, severity, level, by } = notice;
  const what = nameOf(notice);
  if (kind === "over") return `OVER: ${what}`;
  if (kind === "acknowledged") return `ACKNOWLEDGED by ${by ?? "somebody"}: ${what}`;
  return `${severity.toUpperCase()}: ${what} (${level})`;
}

/** The alarm's name in words, `production fleet data-loss`: its kind alone is the same for several of one server. */
function nameOf({ environment, server, alarm }: Notice): string {
  const rest = withoutPrefix(alarm, `${environment}-`);
  const suffix = withoutPrefix(rest, `${server}-`);
  return [environment, ...(suffix === rest ? [] : [server]), suffix].join(" ");
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** Every text of an alarm begins with what it means (plan/texts.ts). */
function firstSentence(text: string): string {
  return (text.split(/(?<=[.!?])\s/, 1)[0] ?? "").replace(/\.$/, "");
}

/** What every message of a drill begins with. */
export function markOf({ drill }: Pick<Notice, "drill">): string {
  return drill ? "[DRILL] " : "";
}

function emailText(notice: Notice): string {
  const { kind, text, reason, since, alarm, incident, level, escalation, link, note } = notice;
  const told = kind === "told";
  const parts = [
    `${markOf(notice)}${title(notice)}`,
    told ? text : "",
    kind === "acknowledged" ? `The next levels are not told. Note: ${note === "" ? "none" : note}` : "",
    `${kind === "over" ? "How it ended" : "Why"}: ${reason}`,
    link === null ? "" : `Acknowledge, so that the next level is not told:\n${link}`,
    [
      `Since ${since}`,
      `Alarm ${alarm}`,
      `Level ${level} of ${escalation}`,
      `Incident ${incident}`,
      ...(notice.drill ? ["This is a drill: nothing is wrong."] : []),
    ].join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** ASCII only: one other character would halve what fits into a part. */
function smsText(notice: Notice): string {
  const { link } = notice;
  const room = link === null ? MAX_SMS_WORDS : Math.min(MAX_SMS_WORDS, MAX_SMS - link.length - 1);
  const words = ascii(`${markOf(notice)}${headline(notice)}`).slice(0, Math.max(room, 0));
  return link === null ? words : `${words}\n${link}`;
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
