import { ProbeFault } from "../classify.ts";
import type { ToolAnswer } from "../session.ts";
import type { Reply } from "./channel.ts";
import { isObject } from "./json.ts";

/** How much of the text of an answer is kept, in octets of UTF-8. */
const MAX_TEXT_BYTES = 64 * 1024;

/** The answer of a tool. Throws a ProbeFault of class protocol when the result is malformed. */
export function toolAnswer({ result, stream }: Reply): ToolAnswer {
  const { content, isError, structuredContent } = result;
  if (isError !== undefined && typeof isError !== "boolean") throw fault("isError is neither true nor false");
  return {
    isError: isError === true,
    text: cut(textsIn(content, structuredContent !== undefined).join("\n")),
    structured: structuredContent,
    stream,
  };
}

/** The older revisions leave content out where there is structured content only. */
function textsIn(content: unknown, isStructured: boolean): string[] {
  if (content === undefined && isStructured) return [];
  if (!Array.isArray(content)) throw fault("the content is no list");
  return content.flatMap((block: unknown) => {
    if (!isObject(block) || typeof block.type !== "string") throw fault("a block of content has no type");
    if (block.type !== "text") return [];
    if (typeof block.text !== "string") throw fault("a text block has no text");
    return [block.text];
  });
}

function cut(text: string): string {
  if (text.length * 3 <= MAX_TEXT_BYTES) return text;
  const bytes = Buffer.from(text, "utf8");
  if (bytes.byteLength <= MAX_TEXT_BYTES) return text;
  // A character that the cut goes through is left out.
  return new TextDecoder().decode(bytes.subarray(0, MAX_TEXT_BYTES), { stream: true });
}

function fault(message: string): ProbeFault {
  return new ProbeFault("protocol", `tools/call: ${message}`);
}
