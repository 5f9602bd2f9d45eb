// The console reads the status API of the monitor that serves it. Everything a server sent is shown as text.

const REFRESH_MS = 2000;
const SHOWN_EVENTS = 40;
const shown = new Map();
let lastEvent = 0;

const byId = (id) => document.getElementById(id);
const time = (at) => new Date(at).toLocaleTimeString([], { hour12: false });

function element(name, { text, ...attributes } = {}, children = []) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

function pathText({ outcome, failureClass, detail }, ms) {
  if (outcome !== "ok") return `${failureClass}: ${detail}`;
  return ms === undefined ? "answers" : `answers in ${ms} ms`;
}

function factsOf({ result, composites }) {
  if (!result) return [["Checked", "not yet"]];
  const { mcp, rest } = result;
  return [
    ...(mcp.outcome === "skipped" ? [] : [["MCP", pathText(mcp, result.durationMs)]]),
    ...(rest.outcome === "skipped" ? [] : [["REST", pathText(rest)]]),
    ...(mcp.tools === null ? [] : [["Tools", String(mcp.tools)]]),
    ...(mcp.protocolVersion === null ? [] : [["Protocol", `${mcp.protocolVersion} ${mcp.era}`]]),
    ...(composites.some(({ state }) => state === null) ? [["Alarms", "not known"]] : []),
    ["Checked", time(result.checkedAt)],
  ];
}

function firingLines(composites) {
  return composites
    .filter(({ state, acts }) => acts && state === "ALARM")
    .map(({ alarm, severity, since }) => `${alarm}, ${severity}, since ${time(since)}`);
}

function card(server) {
  const { server: name, overall_status: status, description, composites, quiet } = server;
  return element("li", { class: "card", "data-status": status, "data-server": name }, [
    element("header", {}, [
      element("h3", { text: name }),
      element("span", { text: status, class: "pill", "data-status": status }),
    ]),
    element("p", { text: description }),
    element(
      "dl",
      {},
      factsOf(server).flatMap(([term, value]) => [
        element("dt", { text: term }),
        element("dd", { text: value }),
      ]),
    ),
    ...quiet.map(({ text }) => element("p", { class: "quiet", text })),
    ...firingLines(composites).map((text) => element("p", { class: "alarm", text })),
  ]);
}

/** Redraws only what has changed, so that a selection or the focus is not lost every other second. */
function drawServers(servers) {
  const list = byId("servers");
  const names = new Set(servers.map(({ server }) => server));
  for (const [name, { node }] of shown) {
    if (names.has(name)) continue;
    node.remove();
    shown.delete(name);
  }
  for (const server of servers) {
    const text = JSON.stringify(server);
    const before = shown.get(server.server);
    if (before?.text === text) continue;
    const node = card(server);
    if (before === undefined) list.append(node);
    else before.node.replaceWith(node);
    shown.set(server.server, { text, node });
  }
}

const MARKS = { ALARM: "unhealthy", OK: "healthy", INSUFFICIENT_DATA: "unknown" };
const KINDS = { alarm: "unhealthy", escalation: "unhealthy", resolved: "healthy" };

/** What an event says, and the colour it says it in. */
function eventParts(event) {
  switch (event.type) {
    case "status":
      return [event.from === null ? event.to : `${event.from} → ${event.to}`, event.to];
    case "transition":
      return [`${event.alarm}: ${event.from} → ${event.to}`, MARKS[event.to] ?? "unknown"];
    case "message":
      return [`${event.kind}: ${event.level} told, ${event.to.join(", ")}`, KINDS[event.kind] ?? "unknown"];
    case "quiet":
      return [`${event.kind} ${event.what}: ${event.reason} (${event.servers.join(", ")})`, "degraded"];
    case "server":
      return [`${event.what}: ${event.detail}`, event.what === "started" ? "healthy" : "degraded"];
    default:
      return [event.what, "degraded"];
  }
}

/** The metric alarms behind a composite are in its message; a composite that is OK from the start is no news. */
function isNews(event) {
  if (event.type !== "transition") return true;
  // a part of another composite tells nobody; events of an older history do not say so
  return event.composite && event.acts !== false && event.from !== "INSUFFICIENT_DATA";
}

function eventLine(event) {
  const [text, mark] = eventParts(event);
  return element("li", { "data-type": event.type, "data-status": mark }, [
    element("time", { text: time(event.at), datetime: event.at, title: new Date(event.at).toLocaleString() }),
    element("b", { text: event.server ?? "monitor" }),
    element("span", { text }),
  ]);
}

function drawEvents(fresh) {
  const list = byId("events");
  for (const { id, event } of fresh) {
    lastEvent = Math.max(lastEvent, id);
    if (isNews(event)) list.prepend(eventLine(event));
  }
  while (list.childElementCount > SHOWN_EVENTS) list.lastElementChild.remove();
}

function drawHealth({ status, environment, catalog, servers, history }) {
  byId("environment").textContent = `${environment} · catalog ${catalog}`;
  const overall = byId("overall");
  const text = `${servers.healthy} of ${servers.total} healthy`;
  // a status that is written again is read out again
  if (overall.textContent !== text) overall.textContent = text;
  overall.dataset.status = status;
  const since = history.since === null ? "" : ` since ${new Date(history.since).toLocaleString()}`;
  byId("footer").textContent = `${history.results.toLocaleString()} results${since}`;
  document.title = `${status} · Rollcall ${environment}`;
  delete document.body.dataset.stale;
}

/** Says what is under maintenance or muted, for whom and until when; written only when it changes, as it is read out. */
function drawQuiet(quiet) {
  const lines = quiet.map(
    ({ kind, servers, reason, until }) =>
      `${kind === "mute" ? "Muted" : "Maintenance"} until ${new Date(until).toLocaleString()}: ${reason} (${servers.join(", ")})`,
  );
  drawLines("quiet", lines);
}

/** The alarms that stand for all servers together, while they speak for those of single ones. */
function drawFleet({ composites }) {
  drawLines("fleet", firingLines(composites));
}

/** One paragraph a line, written only when they change. */
function drawLines(id, lines) {
  const list = byId(id);
  const text = lines.join("\n");
  if (list.dataset.text === text) return;
  list.dataset.text = text;
  list.replaceChildren(...lines.map((line) => element("p", { text: line })));
}

function drawSilence() {
  byId("overall").textContent = "the monitor does not answer";
  byId("overall").dataset.status = "unknown";
  document.title = "unknown · Rollcall";
  document.body.dataset.stale = "";
}

async function read(path) {
  const response = await fetch(path);
  return response.json();
}

async function loop() {
  try {
    const [{ health, servers, fleet }, { events }] = await Promise.all([
      read("/status/servers"),
      read(`/status/events?after=${lastEvent}`),
    ]);
    drawHealth(health);
    drawFleet(fleet);
    drawQuiet(health.quiet);
    drawServers(servers);
    drawEvents(events);
  } catch {
    drawSilence();
  }
  setTimeout(loop, REFRESH_MS);
}

await loop();
