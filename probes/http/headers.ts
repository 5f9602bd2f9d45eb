import { ProbeFault } from "../classify.ts";

/** Headers by name, as text. */
export type HeaderFields = Readonly<Record<string, string>>;

export interface HeaderLinesOptions {
  /** Name or address with the port, as the address of the request has it. */
  readonly host: string;
  readonly method: string;
  readonly body: string | undefined;
  readonly headers: HeaderFields;
  /** Headers that stand in for those of the same name. */
  readonly authorization: HeaderFields | null;
}

/** Where a message ends must not be said twice, and this client switches to no other protocol. */
const OWN: ReadonlySet<string> = new Set([
  "content-length",
  "expect",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names and values in turn, as node:http takes them. Throws a ProbeFault for a header that is not the caller's. */
export function headerLines({ host, method, body, headers, authorization }: HeaderLinesOptions): string[] {
  const lines: string[] = [];
  let hasHost = false;
  let hasAgent = false;
  let hasEncoding = false;
  const replaced = authorization === null ? null : new Set(Object.keys(authorization).map(lowerCase));
  const add = (name: string, value: string): void => {
    const lower = name.toLowerCase();
    if (OWN.has(lower))
      throw new ProbeFault("protocol", `the header ${lower} is set by the HTTP client alone`);
    if (lower === "host") hasHost = true;
    else if (lower === "user-agent") hasAgent = true;
    else if (lower === "accept-encoding") hasEncoding = true;
    lines.push(name, value);
  };
  for (const name of Object.keys(headers)) {
    if (replaced?.has(name.toLowerCase()) !== true) add(name, headers[name] ?? "");
  }
  if (authorization !== null) for (const [name, value] of Object.entries(authorization)) add(name, value);
  if (!hasHost) lines.push("host", host);
  if (!hasAgent) lines.push("user-agent", "rollcall");
  // Answers are small: to unpack them costs more than to receive them.
  if (!hasEncoding) lines.push("accept-encoding", "identity");
  if (body !== undefined || method === "POST") {
    lines.push("content-length", String(body === undefined ? 0 : Buffer.byteLength(body)));
  }
  return lines;
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
