// Draws the picture of lineage. Text is never read as markup.
import { isValue } from "./lineage-graph.js";

const SPACE = "http://www.w3.org/2000/svg";
const HEAD = 52;
const ROW = 24;

/** An SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(Boolean));
  return element;
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Fills the picture and its small map. `way` is what is followed, or null. */
export function draw(canvas, map, place, { picture, way }) {
  const frames = place.frames.map((frame) => svg("g", { class: "frame" },
    svg("rect", { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top, rx: 12 }),
    svg("text", { x: frame.left + 12, y: frame.top + 19 }, frame.name)));
  const lines = place.lines.map((line) => lineOf(line, way));
  const boxes = [...place.boxes.values()].map((box) => boxOf(box, picture, way));
  canvas.replaceChildren(svg("g", {}, frames), svg("g", { "aria-hidden": "true" }, lines), svg("g", {}, boxes));
  map.setAttribute("viewBox", `0 0 ${Math.max(place.width, 1)} ${Math.max(place.height, 1)}`);
  map.replaceChildren(...[...place.boxes.values()].map((box) => svg("rect", { class: "dot", x: box.x, y: box.y, width: box.width, height: box.height })), svg("rect", { class: "seen", x: 0, y: 0, width: 0, height: 0 }));
  map.classList.toggle("idle", place.boxes.size < 8);
}

function lineOf({ edge, link, from, to }, way) {
  const bend = Math.max(36, Math.abs(to[0] - from[0]) / 2);
  const path = `M${from[0]} ${from[1]} C${from[0] + bend} ${from[1]} ${to[0] - bend} ${to[1]} ${to[0] - 6} ${to[1]}`;
  const tip = `M${to[0] - 10} ${to[1] - 4} L${to[0] - 3} ${to[1]} L${to[0] - 10} ${to[1] + 4}`;
  const on = way && (edge
    ? way.nodes.has(edge.source) && way.nodes.has(edge.target) && onWay(edge, way)
    : way.nodes.has(link.source) && way.nodes.has(link.target));
  const kind = (edge ? isValue(edge) : link.by_value !== false) ? "value" : "influence";
  const words = edge ? `${edge.kind}${edge.steps.length > 0 ? `: ${edge.steps.join("; ")}` : ""}` : "";
  return svg("g", { class: `line ${kind} ${way ? (on ? "on" : "off") : ""}` }, svg("path", { class: "way", d: path }, words && svg("title", {}, words)), svg("path", { class: "tip", d: tip }));
}

/** Where columns are followed, an edge is on the way if its ends are; where tables are, all between them is. */
function onWay(edge, way) {
  if (way.columns.size === 0) return true;
  const target = edge.target_column === null || way.columns.has(`${edge.target}\n${edge.target_column}`);
  return target && way.columns.has(`${edge.source}\n${edge.source_column}`);
}

const KINDS = {
  asset: (node) => node.project_name,
  saved_query: (node) => `Saved query · ${node.project_name}`,
  dataset: (node) => node.namespace,
  nameless: () => "You may not know what this is",
};

function boxOf({ node, rows, left, x, y, width, height }, picture, way) {
  const open = picture.open.has(node.key);
  const state = way ? (way.nodes.has(node.key) ? "on" : "off") : "";
  const name = node.name ?? "Hidden";
  const below = KINDS[node.kind](node);
  const foldable = node.kind !== "nameless" && (node.columns.length > 0 || node.kind === "saved_query");
  const label = `${name}, ${below}${foldable ? `, columns ${open ? "shown" : "folded"}` : ""}`;
  const parts = [
    // What is focused holds no text, so that its name is all that is read out.
    svg("rect", { class: "body", width, height, rx: 8, tabindex: 0, role: "button", "aria-label": label, "aria-pressed": String(picture.chosen?.key === node.key), "data-key": node.key }),
    svg("text", { class: "name", x: 14, y: 22 }, cut(name, 24)),
    svg("text", { class: "below", x: 14, y: 40 }, cut(below, 30)),
    svg("title", {}, `${name}\n${below}`),
  ];
  if (foldable) parts.push(fold(width, open, () => picture.toggle(node.key)));
  if (rows.length > 0) parts.push(svg("line", { class: "rule", x1: 0, x2: width, y1: HEAD, y2: HEAD }));
  rows.forEach((column, at) => parts.push(rowOf(node, column, at, width, picture, way)));
  if (left > 0) parts.push(svg("text", { class: "below", x: 14, y: HEAD + rows.length * ROW + 18 }, `and ${left} more`));
  const attributes = {
    class: `box ${node.kind} ${node.distance === 0 ? "start" : ""} ${state}`,
    transform: `translate(${x} ${y})`,
    onclick: () => picture.choose(node.key),
    ondblclick: () => node.asset_id && picture.extend(node),
  };
  return svg("g", attributes, parts);
}

function fold(width, open, act) {
  const turn = (event) => { event.stopPropagation(); act(); };
  return svg("g", { class: "fold", transform: `translate(${width - 34} 14)`, onclick: turn, ondblclick: (event) => event.stopPropagation() },
    svg("rect", { width: 24, height: 24, rx: 6 }),
    svg("path", { d: open ? "M7 14 L12 9 L17 14" : "M7 10 L12 15 L17 10" }));
}

function rowOf(node, column, at, width, picture, way) {
  const own = `${node.key}\n${column.name}`;
  const on = way?.columns.has(own);
  const choose = (event) => { event.stopPropagation(); picture.choose(node.key, column.name); };
  return svg("g", { class: `row ${on ? "on" : ""}`, transform: `translate(0 ${HEAD + at * ROW})`, onclick: choose, ondblclick: (event) => event.stopPropagation() },
    svg("rect", { x: 5, y: 4, width: width - 10, height: ROW - 2, rx: 4 }),
    svg("text", { class: "column", x: 14, y: 19 }, cut(column.name, 20)),
    svg("text", { class: "type", x: width - 14, y: 19 }, cut(column.type, 10)),
    svg("title", {}, `${column.name} ${column.type}`));
}
