import { createHash } from "node:crypto";
import type { Acknowledgement, Incident } from "./incident.ts";

/** A name and a note are written by hand: what is longer is no name. */
export const MAX_NAME = 80;
export const MAX_NOTE = 500;

const STYLE = `body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}label{display:block;margin:1rem 0 .25rem}
input,textarea,button{font:inherit;width:100%;box-sizing:border-box;padding:.6rem}button{margin-top:1rem}
.drill{font-weight:bold}.problem{color:#b00020}`;

/** No script, nothing from elsewhere, no frame around it, a form that answers to its own address only. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
} as const;

/** The page that asks for a name. It changes nothing by being shown: mail scanners open links, too. */
export function formPage(incident: Incident, problem: string | null): string {
  return page(incident, [
    ...about(incident),
    ...(problem === null ? [] : [`<p class="problem" role="alert">${escaped(problem)}</p>`]),
    '<form method="post">',
    `<label for="name">Your name</label><input id="name" name="name" required maxlength="${MAX_NAME}" autocomplete="name">`,
    `<label for="note">Note, if you like</label><textarea id="note" name="note" maxlength="${MAX_NOTE}" rows="3"></textarea>`,
    "<button>I have it</button>",
    "</form>",
  ]);
}

/** Who has it: said to the first who acknowledges, and to everybody who comes later. */
export function takenPage(
  incident: Incident,
  { by, level, at, note }: Acknowledgement,
  isFirst: boolean,
): string {
  const next = incident.drill
    ? "This is a drill, so the next levels are told all the same."
    : "The next levels are not told. You are told when it is over.";
  return page(incident, [
    ...about(incident),
    `<p><strong>${isFirst ? "Recorded." : "Somebody was faster."}</strong> ${escaped(by)} (${escaped(level)}) has it since ${escaped(at)}.</p>`,
    note === "" ? "" : `<p>Note: ${escaped(note)}</p>`,
    `<p>${next}</p>`,
  ]);
}

/** What is over needs nobody. */
export function overPage(incident: Incident, recovered: string): string {
  return page(incident, [...about(incident), `<p>It is over since ${escaped(recovered)}.</p>`]);
}

function about({ drill, text, reason, at }: Incident): string[] {
  return [
    drill ? '<p class="drill">This is a drill: nothing is wrong.</p>' : "",
    `<p>${escaped(text)}</p>`,
    `<p>Since ${escaped(at)}: ${escaped(reason)}</p>`,
  ];
}

function page({ drill, environment, server, kind, severity }: Incident, body: readonly string[]): string {
  const title = escaped(`${drill ? "[DRILL] " : ""}${severity}: ${environment} ${server} ${kind}`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>`,
    ...body.filter((line) => line !== ""),
    "</main></body></html>",
  ].join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}
