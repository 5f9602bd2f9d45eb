import type { IncidentRecord } from "./incident.ts";
import type { Incidents } from "./incidents.ts";
import { type Permit, permitFrom, type Verify } from "./link.ts";
import { formPage, MAX_NAME, MAX_NOTE, overPage, PAGE_HEADERS, takenPage } from "./page.ts";
import type { Wake } from "./wake.ts";

/** A request to the function's address. */
export interface DoorRequest {
  readonly method: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly contentType: string;
  readonly body: string;
}

export interface DoorAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface DoorInput {
  readonly incidents: Incidents;
  readonly verify: Verify;
  readonly wake: Wake;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes one line about what was done. */
  readonly tell: (line: object) => void;
}

/** Bytes of a form: a name and a note of the longest, each character escaped. */
export const MAX_BODY = 8_192;
/** Incidents of one alarm, each of which has taken the place of the one before. */
const MAX_STEPS = 20;
const PLAIN = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" } as const;

/**
 * Acknowledges an incident for whoever holds a link of ours. GET only shows it, POST takes it, and every request
 * without a valid link is refused by the same text, whatever it lacks.
 */
export async function answerAtDoor(request: DoorRequest, input: DoorInput): Promise<DoorAnswer> {
  const { verify, now } = input;
  const permit = request.path === "/" ? await permitFrom(request.query, { verify, now: now() }) : undefined;
  if (permit === undefined) return plain(403, "This link is not valid, or not any more.");
  if (request.method === "GET") return show(permit, input);
  if (request.method === "POST") return take(permit, request, input);
  return plain(405, "Only GET and POST.", { allow: "GET, POST" });
}

/**
 * The incident of a link, or the one that has taken its place: the alarm has not been over in between, so who has the
 * one in hand has the other.
 */
async function newest({ incident: id }: Permit, incidents: Incidents): Promise<IncidentRecord | undefined> {
  let record = await incidents.find(id);
  for (let step = 0; record !== undefined && record.superseded !== null && step < MAX_STEPS; step++)
    record = await incidents.find(record.superseded);
  return record;
}

async function show(permit: Permit, { incidents }: DoorInput): Promise<DoorAnswer> {
  const record = await newest(permit, incidents);
  if (record === undefined) return gone();
  const { incident, acknowledged, recovered } = record;
  if (acknowledged !== null) return page(200, takenPage(incident, acknowledged, false));
  return page(200, recovered === null ? formPage(incident, null) : overPage(incident, recovered));
}

async function take(permit: Permit, request: DoorRequest, input: DoorInput): Promise<DoorAnswer> {
  const { incidents, wake, now, tell } = input;
  const { level } = permit;
  if (!request.contentType.startsWith("application/x-www-form-urlencoded"))
    return plain(415, "Send the form of this page.");
  if (Buffer.byteLength(request.body) > MAX_BODY) return plain(413, "The form is too long.");
  const record = await newest(permit, incidents);
  if (record === undefined) return gone();
  const { id } = record.incident;
  const form = new URLSearchParams(request.body);
  const by = written(form.get("name"), MAX_NAME);
  if (by === "")
    return page(400, formPage(record.incident, "Write your name, so that others know who has it."));
  const at = new Date(now()).toISOString();
  const mine = { by, level, at, note: written(form.get("note"), MAX_NOTE) };
  const taken = await incidents.acknowledge(id, mine);
  if (taken === undefined) {
    const { incident, recovered } = (await incidents.find(id)) ?? record;
    return page(200, overPage(incident, recovered ?? at));
  }
  const { incident, acknowledged, task, recovered } = taken;
  if (acknowledged === null) throw new Error("the acknowledgement was not kept");
  const isFirst = acknowledged.at === at && acknowledged.by === by && acknowledged.level === level;
  tell({ event: "acknowledge", incident: id, level, first: isFirst });
  // who comes second wakes it as well: the first may have been cut off between the record and the waking
  if (recovered === null) await wake(task, { kind: "acknowledged" });
  return page(200, takenPage(incident, acknowledged, isFirst));
}

/** What a person has typed, on one line and without what cannot be seen; empty where there is nothing. */
function written(value: string | null, max: number): string {
  const text = (value ?? "")
    .slice(0, MAX_BODY)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return [...text].slice(0, max).join("");
}

function page(statusCode: number, body: string): DoorAnswer {
  return { statusCode, headers: PAGE_HEADERS, body };
}

function gone(): DoorAnswer {
  return plain(410, "Nothing is known of this incident any more.");
}

function plain(statusCode: number, body: string, headers: Readonly<Record<string, string>> = {}): DoorAnswer {
  return { statusCode, headers: { ...PLAIN, ...headers }, body };
}
