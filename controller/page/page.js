// SPDX-License-Identifier: Apache-2.0
"use strict";

const $ = (id) => document.getElementById(id);
const loads = new Loads();
const seen = new Map(); // address -> {verdict, before, since}
let state = null;
let heard = 0; // when the last message came, by performance.now()
let skew = 0; // the controller's clock minus ours, ms
let run = ""; // of the controller: another one numbers its events anew
let lastEvent = 0;
let source = null;
let shown = ""; // address of the node in the dialog

// --- what the header says

function now() {
  return Date.now() + skew;
}

function since(timestamp) {
  return timestamp ? ago(now() - Date.parse(timestamp)) + " ago" : "never";
}

function header() {
  const watch = state.watch;
  put($("name"), state.deployment);
  document.title = (state.converged ? "✓ " : "✗ ") + state.deployment + " – arcform watch";
  const verdict = $("verdict");
  const good = state.converged && watch.alarms.length === 0;
  verdict.className = "verdict " + (good ? "good" : watch.alarms.length > 0 ? "bad" : "warn");
  put(verdict, (good ? "✓ " : "✗ ") + state.verdict);
  const up = state.clouds.reduce((sum, cloud) => sum + cloud.nodesUp, 0);
  const wanted = state.clouds.reduce((sum, cloud) => sum + cloud.nodesWanted, 0);
  const quorum = watch.quorum;
  const facts = [
    ["This controller", watch.mode + (watch.whyObserving ? ": " + watch.whyObserving : "")],
    ["Nodes up", up + " of " + wanted],
    ["Quorum", quorum ? (quorum.margin < 0 ? "none" : quorum.margin + " may fail") : "not ours"],
    ["Hosts seen", watch.hosts.filter((host) => host.seen).length + " of " + watch.hosts.length],
    ["Converged", state.converged ? "now" : since(watch.convergedAt)],
    ["Looked", since(watch.lookedAt)],
    ["Round", watch.round + (watch.lookMs ? ", " + watch.lookMs + " ms" : "")],
    ["Revision", state.revision ? String(state.revision) : "–"],
    ["Leader", watch.leader || "nobody known"],
  ];
  if (watch.controllers.length > 1) facts.push(["Controllers", watch.controllers.join(", ")]);
  keyed($("facts"), facts, (fact) => fact[0], (fact) => {
    const box = make("div", fact[0] === "Leader" || fact[0] === "Controllers" ? "wide" : "");
    box.append(make("dt", "", fact[0]), make("dd"));
    return box;
  }, (box, fact) => put(box.lastChild, fact[1]));
}

// --- what is being done, and why, and what it waits for

function doings() {
  const watch = state.watch;
  const rows = [];
  const add = (kind, what, why, aside) => rows.push({ kind, what, why: why || "", aside: aside || "" });
  if (watch.approval) {
    add("approval", "a rollout of " + watch.steps + " steps waits for a person", "arcform approve " + watch.approval);
  }
  if (watch.specError) add("spec refused", watch.specError, "the last good one is kept");
  for (const one of watch.doing) add("doing " + one.id, one.text, one.reason, ago(one.forMs));
  if (watch.waitingFor) add("waiting", watch.waitingFor);
  for (const one of watch.withheld) add("withheld", one.text, one.why);
  for (const one of watch.held) add("left alone", one.subject, one.hold + ": " + one.reason);
  for (const one of watch.pauses) {
    add("paused", one.scope, one.reason + ", by " + one.by, one.until ? "until " + one.until.slice(11, 19) : "");
  }
  for (const one of state.unobserved) add("unknown", one.subject, one.why);
  const list = $("now-list");
  if (rows.length === 0) {
    if (!list.querySelector(".quiet")) list.replaceChildren(make("p", "quiet"));
    put(list.firstChild, state.converged ? "Nothing to do: everything is as the spec says." : "Nothing is under way.");
    return;
  }
  if (!list.querySelector("ul")) list.replaceChildren(make("ul", "rows"));
  keyed(list.firstChild, rows, (row) => row.kind + " " + row.what, (row) => {
    const item = make("li");
    item.append(make("b", "", row.kind), make("span", "what", row.what), make("span", "aside"), make("span", "why"));
    return item;
  }, (item, row) => {
    put(item.children[2], row.aside);
    put(item.children[3], row.why);
  });
}

function alarms() {
  keyed($("alarms"), state.watch.alarms, (text) => text, (text) => make("p", "bar bad", "▲ Alarm: " + text));
}

// --- the grid

function servers() {
  $("ensemble").hidden = state.servers.length === 0;
  keyed($("servers"), state.servers, (server) => server.id, () => {
    const tile = make("li", "tile");
    const text = make("span");
    text.append(make("span", "who"), make("br"), make("span", "word"));
    tile.append(make("span", "letter"), text);
    return tile;
  }, (tile, server) => {
    const [letter, colour] = kServerModes[server.mode] || ["?", "warn"];
    tile.className = "tile " + colour;
    tile.dataset.mode = server.mode;
    put(tile.firstChild, letter);
    put(tile.lastChild.firstChild, server.id + " · " + server.host);
    put(tile.lastChild.lastChild, server.mode + ", " + server.connections + " connections");
  });
}

function node_tile(node) {
  const item = make("li");
  const tile = make("button", "tile");
  tile.type = "button";
  tile.dataset.node = node.address;
  tile.tabIndex = -1;
  const text = make("span");
  text.append(make("span", "who", node.address.split(":")[1]), make("br"), make("span", "word"));
  const rows = make("span", "loads");
  for (const name of ["hits", "mem", "conn"]) rows.append(make("span", "", name), make("span"), spark());
  tile.append(make("span", "letter"), text, rows);
  tile.addEventListener("click", () => more(node.address));
  item.append(tile);
  return item;
}

function note_verdict(node) {
  const last = seen.get(node.address);
  if (last && last.verdict === node.verdict) return last;
  const fresh = { verdict: node.verdict, before: last ? last.verdict : "", since: now() };
  seen.set(node.address, fresh);
  if (last) say(node.address + " is " + node.verdict + ", was " + last.verdict);
  return fresh;
}

function update_node(item, node) {
  const tile = item.firstChild;
  const [letter, colour] = kVerdicts[node.verdict] || ["?", "warn"];
  const known = note_verdict(node);
  const fresh = known.before && now() - known.since < 2000 ? " fresh" : "";
  tile.className = "tile " + colour + fresh;
  tile.dataset.verdict = node.verdict;
  tile.dataset.before = known.before;
  put(tile.firstChild, letter);
  put(tile.children[1].lastChild, node.verdict + (node.inSpec ? "" : ", not in the spec"));
  const kept = loads.of(node.address);
  const last = kept && kept.last;
  const cells = tile.lastChild.children;
  put(cells[1], last ? percent(last.hitPermille) : "–");
  put(cells[4], last ? bytes(last.bytes) : "–");
  put(cells[7], last ? String(last.connections) : "–");
  if (kept) {
    draw(cells[2], kept.hit, 1000);
    draw(cells[5], kept.bytes, 0);
    draw(cells[8], kept.connections, 0);
  }
  tile.setAttribute("aria-label", "node " + node.address + " on " + (node.host || "no known host") + ", " +
    node.verdict + ": " + node.why + (last ? ", hits " + percent(last.hitPermille) + ", memory " +
    bytes(last.bytes) + ", " + last.connections + " connections" : ""));
}

function hosts_of(cloud) {
  const hosts = new Map();
  for (const node of cloud.nodes) {
    const name = node.host || "(host not known)";
    if (!hosts.has(name)) hosts.set(name, { name, nodes: [] });
    hosts.get(name).nodes.push(node);
  }
  return [...hosts.values()];
}

function update_host(box, host) {
  const facts = state.watch.hosts.find((one) => one.name === host.name);
  box.classList.toggle("gone", Boolean(facts && !facts.seen));
  const memory = facts && facts.memoryTotalKb
    ? bytes(facts.memoryAvailableKb * 1024) + " of " + bytes(facts.memoryTotalKb * 1024) + " free" : "";
  put(box.firstChild.firstChild, host.name + " ");
  put(box.firstChild.lastChild, facts && !facts.seen ? "not seen: " + facts.why : memory);
  keyed(box.lastChild, host.nodes, (node) => node.address, node_tile, update_node);
}

function clouds() {
  const count = state.clouds.reduce((sum, cloud) => sum + cloud.nodes.length, 0);
  document.body.classList.toggle("many", count > 120);
  keyed($("clouds"), state.clouds, (cloud) => cloud.serviceCode, () => {
    const box = make("div", "cloud");
    const title = make("h2");
    title.append(make("span"), make("small"));
    box.append(title, make("div", "hosts"));
    return box;
  }, (box, cloud) => {
    put(box.firstChild.firstChild, cloud.serviceCode + " ");
    put(box.firstChild.lastChild, cloud.nodesUp + " of " + cloud.nodesWanted + " nodes up, " + cloud.clients +
      (cloud.clients === 1 ? " client" : " clients") + (cloud.inSpec ? "" : ", not in the spec"));
    keyed(box.lastChild, hosts_of(cloud), (host) => host.name, () => {
      const host = make("div", "host");
      const title = make("h3");
      title.append(make("span"), make("small"));
      host.append(title, make("ul", "tiles"));
      return host;
    }, update_host);
  });
  const tiles = node_tiles();
  if (tiles.length > 0 && !tiles.some((tile) => tile.tabIndex === 0)) tiles[0].tabIndex = 0;
}

// --- by keyboard: one node is in the order of Tab, arrows go on from there

function node_tiles() {
  return [...document.querySelectorAll("button.tile")];
}

$("clouds").addEventListener("keydown", (event) => {
  const tiles = node_tiles();
  const at = tiles.indexOf(document.activeElement);
  if (at < 0) return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const to = event.key === "Home" ? 0 : event.key === "End" ? tiles.length - 1 : step ? at + step : -1;
  if (to < 0 || to >= tiles.length) return;
  event.preventDefault();
  tiles[at].tabIndex = -1;
  tiles[to].tabIndex = 0;
  tiles[to].focus();
});

// --- more of one node

function more(address) {
  shown = address;
  show_more();
  $("more").showModal();
}

function show_more() {
  const node = state.clouds.flatMap((cloud) => cloud.nodes).find((one) => one.address === shown);
  if (!node) return;
  const known = seen.get(shown);
  const kept = loads.of(shown);
  const last = kept && kept.last;
  put($("more-title"), "Cache node " + shown);
  const facts = [
    ["Host", node.host || "nobody knows"],
    ["Verdict", node.verdict + ": " + node.why],
    ["Before", known.before ? known.before + ", until " + ago(now() - known.since) + " ago" : "no other since this page was opened"],
    ["Process", node.pid === null ? "none, or not known" : String(node.pid)],
    ["Answers", node.answers], ["Joined", node.joined], ["Version", node.version || "–"],
    ["Memory limit", node.config ? node.config.memlimitMb + " MB" : "–"],
    ["Hits", last ? percent(last.hitPermille) + " of the gets lately" : "–"],
    ["Memory", last ? bytes(last.bytes) + " of " + bytes(last.limitBytes) + ", " + last.items + " items" : "–"],
    ["Connections", last ? String(last.connections) : "–"],
  ];
  const list = make("dl", "history");
  for (const [name, text] of facts) {
    const value = make("dd", "", text);
    list.append(make("dt", "", name), value);
    const values = kept && { Hits: kept.hit, Memory: kept.bytes, Connections: kept.connections }[name];
    if (values) {
      const line = spark();
      draw(line, values, name === "Hits" ? 1000 : name === "Memory" ? last && last.limitBytes : 0);
      value.append(line);
    }
  }
  $("more-body").replaceChildren(list);
}

// --- events and the connection

function say(text) {
  put($("said"), text);
}

function add_event(event) {
  if (event.id <= lastEvent) return; // Seen before the connection was lost.
  lastEvent = event.id;
  const item = make("li", event.severity);
  const time = make("time", "", event.at.slice(11, 19));
  time.dateTime = event.at;
  item.append(time, make("span", "id", event.action || (event.round ? String(event.round) : "–")),
    make("span", "kind", event.event),
    make("span", "text", event.text + (event.seconds ? " (" + event.seconds.toFixed(1) + " s)" : "")));
  const list = $("event-list");
  list.prepend(item);
  while (list.children.length > 200) list.lastChild.remove();
  if (event.severity === "error") say(event.event + ": " + event.text);
}

function render() {
  loads.add(state.watch.loads);
  header();
  alarms();
  doings();
  servers();
  clouds();
  if ($("more").open) show_more();
}

function connection(how, text) {
  document.body.dataset.connection = how;
  $("link").className = "chip " + { live: "good", lost: "bad", connecting: "warn" }[how];
  put($("link"), text);
}

function on(name, act) {
  source.addEventListener(name, (message) => {
    heard = performance.now();
    act(JSON.parse(message.data));
    connection("live", "● live");
  });
}

function open() {
  if (source) source.close();
  source = new EventSource("/api/v1/events");
  heard = performance.now();
  on("hello", (hello) => {
    if (hello.run !== run) {
      $("event-list").replaceChildren();
      lastEvent = 0;
    }
    run = hello.run;
  });
  on("event", add_event);
  on("beat", () => {});
  on("state", (fresh) => {
    state = fresh;
    skew = Date.parse(state.watch.now) - Date.now();
    if (Math.abs(skew) < 2000) skew = 0;
    render();
  });
  source.onerror = () => connection("lost", "○ no connection");
}

setInterval(() => {
  const silent = performance.now() - heard;
  if (silent > 12000) {
    connection("lost", "○ nothing heard for " + ago(silent));
    if (silent > 20000) open();
  }
  if (state) header();
}, 1000);

for (const [verdict, [letter, colour, words]] of Object.entries(kVerdicts)) {
  const item = make("li", colour);
  item.append(make("b", "", letter), " " + (words.startsWith(verdict) ? words : verdict + ": " + words));
  $("letters").append(item);
}
fetch("/api/v1/history").then((answer) => answer.json()).then((history) => loads.fill(history)).catch(() => {}).finally(open);
