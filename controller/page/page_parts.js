// SPDX-License-Identifier: Apache-2.0
// What the page is built of. Texts only ever become text nodes: nothing shown can become markup.
"use strict";

const kVerdicts = {
  up: ["U", "good", "joined and answering"],
  starting: ["T", "warn", "starting: not joined yet"],
  stopped: ["S", "gone", "stopped: no process"],
  crashed: ["C", "bad", "crashed: its process is gone, its znode still stands"],
  paused: ["P", "bad", "paused: it lives outside of the cloud"],
  silent: ["N", "bad", "silent: it does not answer"],
  foreign: ["F", "odd", "foreign: another process has the port"],
  unknown: ["?", "warn", "unknown: a witness is missing"],
};
const kServerModes = {
  leader: ["L", "good"], follower: ["F", "good"], observer: ["O", "good"], standalone: ["A", "good"],
  "not serving": ["N", "bad"], down: ["D", "bad"], unknown: ["?", "warn"],
};

function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes `parent` hold one child per item, keeping those it has: focus and place stay. */
function keyed(parent, items, key, create, update) {
  const old = new Map();
  for (const child of parent.children) old.set(child.dataset.key, child);
  let at = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = old.get(name);
    if (child) {
      old.delete(name);
    } else {
      child = create(item);
      child.dataset.key = name;
    }
    if (child === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(child, at);
    }
    if (update) update(child, item);
  }
  for (const child of old.values()) child.remove();
}

function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return s + " s";
  if (s < 5400) return Math.round(s / 60) + " min";
  if (s < 129600) return Math.round(s / 3600) + " h";
  return Math.round(s / 86400) + " days";
}

function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return (n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)) + " " + units[unit];
}

function percent(permille) {
  return permille === null || permille === undefined ? "–" : (permille / 10).toFixed(permille < 995 ? 1 : 0) + " %";
}

const kSvg = "http://www.w3.org/2000/svg";

function spark() {
  const svg = document.createElementNS(kSvg, "svg");
  svg.setAttribute("viewBox", "0 0 100 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(kSvg, "polyline"));
  return svg;
}

/** Draws values, oldest first, null where none is known. `top`: of the scale, or 0: their largest. */
function draw(svg, values, top) {
  const high = top || 1.25 * Math.max(1, ...values.map((value) => value || 0));
  const step = 100 / Math.max(11, values.length - 1);
  const start = 100 - step * (values.length - 1);
  const points = [];
  values.forEach((value, i) => {
    if (value !== null) {
      points.push((start + i * step).toFixed(1) + "," + (19 - 18 * Math.min(1, value / high)).toFixed(1));
    }
  });
  if (points.length === 1) points.push("100," + points[0].split(",")[1]);
  svg.firstChild.setAttribute("points", points.join(" "));
}

const kHistory = 60;

/** The last loads of each node. */
class Loads {
  constructor() {
    this.nodes = new Map();
  }
  /** What /api/v1/history answers: replaces what is kept. */
  fill(history) {
    for (const node of history.nodes) {
      this.nodes.set(node.address, { at: 0, hit: node.hitPermille, bytes: node.bytes, connections: node.connections });
    }
  }
  /** The loads of a state; those that were there before are known by `at`. */
  add(loads) {
    for (const load of loads) {
      const kept = this.nodes.get(load.address) || { at: 0, hit: [], bytes: [], connections: [] };
      this.nodes.set(load.address, kept);
      kept.last = load;
      if (kept.at === load.at) continue;
      const known = kept.at === 0 && kept.bytes.length > 0;
      kept.at = load.at;
      if (known) continue;
      kept.hit.push(load.hitPermille);
      kept.bytes.push(load.bytes);
      kept.connections.push(load.connections);
      for (const list of [kept.hit, kept.bytes, kept.connections]) {
        if (list.length > kHistory) list.shift();
      }
    }
  }
  of(address) {
    return this.nodes.get(address);
  }
}
