// The console reads the status API of the monitor that serves it. Everything a server sent is shown as text.

const REFRESH_MS = 2000;
const SHOWN_EVENTS = 25;
const events = [];
let lastEvent = 0;

const byId = (id) => document.getElementById(id);

function element(name, { text, ...attributes } = {}, children = []) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

function pathText(reading, ms) {
  if (!reading || reading.outcome === "skipped") return "not configured";
  if (reading.outcome === "ok") return ms === undefined ? "answers" : `answers in ${ms} ms`;
  return `${reading.failureClass}: ${reading.detail}`;
}

function card(server) {
  const { result } = server;
  const firing = server.composites.filter((composite) => composite.state === "ALARM");
  const mcp = result?.mcp;
  const rows = [
    ["MCP", pathText(mcp, result?.durationMs)],
    ["REST", pathText(result?.rest)],
    ["Tools", mcp?.tools === null || mcp?.tools === undefined ? "–" : String(mcp.tools)],
    ["Protocol", mcp?.protocolVersion ? `${mcp.protocolVersion} (${mcp.era})` : "–"],
    ["Checked", result ? new Date(result.checkedAt).toLocaleTimeString() : "not yet"],
  ];
  const list = element(
    "dl",
    {},
    rows.flatMap(([term, value]) => [element("dt", { text: term }), element("dd", { text: value })]),
  );
  for (const { alarm, severity } of firing) {
    list.append(
      element("dt", { text: "Alarm" }),
      element("dd", { text: `${alarm} (${severity})`, class: "alarm" }),
    );
  }
  return element(
    "li",
    { class: "card", "data-status": server.overall_status, "data-server": server.server },
    [
      element("h3", {}, [
        element("span", { text: server.server }),
        element("span", { text: server.overall_status, class: "status" }),
      ]),
      element("p", { text: server.description }),
      list,
    ],
  );
}

function eventText(event) {
  if (event.type === "status") return `${event.from ?? "new"} → ${event.to}`;
  if (event.type === "transition") return `${event.alarm}: ${event.from} → ${event.to}`;
  if (event.type === "message") return `${event.kind}: ${event.level} told (${event.to.join(", ")})`;
  if (event.type === "server") return `${event.what}: ${event.detail}`;
  return event.what;
}

function eventLine(event) {
  return element("li", { "data-type": event.type }, [
    element("time", { text: new Date(event.at).toLocaleTimeString(), datetime: event.at }),
    element("span", { text: event.server ?? "monitor" }),
    element("span", { text: eventText(event) }),
  ]);
}

async function read(path) {
  const response = await fetch(path);
  return response.json();
}

async function refresh() {
  const [health, { servers }, { events: fresh }] = await Promise.all([
    read("/status/health"),
    read("/status/servers"),
    read(`/status/events?after=${lastEvent}`),
  ]);
  byId("environment").textContent = `${health.environment} · catalog ${health.catalog}`;
  byId("overall").textContent =
    `${health.status}: ${health.servers.healthy} of ${health.servers.total} servers healthy`;
  byId("overall").dataset.status = health.status;
  byId("servers").replaceChildren(...servers.map(card));
  for (const { id, event } of fresh) {
    lastEvent = Math.max(lastEvent, id);
    // the metric alarms behind a composite are in its message
    if (event.type !== "transition" || event.composite) events.unshift(event);
  }
  events.length = Math.min(events.length, SHOWN_EVENTS);
  byId("events").replaceChildren(...events.map(eventLine));
  byId("footer").textContent =
    `${health.history.results} results since ${new Date(health.history.since).toLocaleString()}`;
  document.title = `${health.status} · Rollcall ${health.environment}`;
}

async function loop() {
  try {
    await refresh();
  } catch {
    byId("overall").textContent = "the monitor does not answer";
    byId("overall").dataset.status = "unknown";
  }
  setTimeout(loop, REFRESH_MS);
}

await loop();
