// The graph behind the picture of lineage: putting answers together, following ways, and laying boxes out.
import { dagre } from "../vendor/dagre.js";

const WIDTH = 232;
const HEAD = 52;
const ROW = 24;
/** Columns that a box shows at most. */
const COLUMNS = 40;
/** Boxes up to which the layout library is asked; beyond, ranks and their order are enough. */
const LAID_OUT = 600;

let answers = 0;

/** Adds an answer of the server to a graph. Nameless nodes have a name within their answer only. */
export function merge(graph, answer) {
  answers += 1;
  const own = (key) => (key.startsWith("nameless-") ? `${answers} ${key}` : key);
  const offset = graph.nodes.get(answer.nodes[0]?.key)?.distance ?? 0;
  for (const node of answer.nodes) {
    const key = own(node.key);
    if (!graph.nodes.has(key)) graph.nodes.set(key, { ...node, key, distance: node.distance + offset });
  }
  const known = new Set(graph.links.map((link) => `${link.source} ${link.target}`));
  for (const link of answer.links) {
    const [source, target] = [own(link.source), own(link.target)];
    if (known.has(`${source} ${target}`)) continue;
    known.add(`${source} ${target}`);
    graph.links.push({ ...link, source, target });
  }
  const name = (edge) => [edge.source, edge.source_column, edge.target, edge.target_column, edge.kind].join("\n");
  const edges = new Set(graph.edges.map(name));
  for (const edge of answer.edges) {
    if (edges.has(name(edge))) continue;
    edges.add(name(edge));
    graph.edges.push(edge);
  }
  graph.more ||= answer.more;
}

const VALUES = new Set(["copied", "cast", "computed", "aggregated", "tokenised", "masked"]);

/** Whether cells of the source stand in the target. */
export const isValue = (edge) => VALUES.has(edge.kind);

/** What lies before and behind a node or one of its columns: keys of nodes, and names of columns. */
export function traced(graph, { key, column }, influences) {
  const nodes = new Set([key]);
  const columns = new Set(column === null ? [] : [`${key}\n${column}`]);
  for (const forward of [true, false]) {
    const ahead = [{ key, column }];
    const seen = new Set();
    while (ahead.length > 0) {
      const at = ahead.pop();
      const mark = `${at.key}\n${at.column}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      for (const next of at.column === null ? linked(graph, at, forward) : followed(graph, at, forward, influences)) {
        nodes.add(next.key);
        if (next.column !== null) columns.add(`${next.key}\n${next.column}`);
        ahead.push(next);
      }
    }
  }
  return { nodes, columns };
}

const linked = (graph, at, forward) => graph.links
  .filter((link) => (forward ? link.source : link.target) === at.key)
  .map((link) => ({ key: forward ? link.target : link.source, column: null }));

function followed(graph, at, forward, influences) {
  const fits = (edge) => (influences || isValue(edge)) && (forward
    ? edge.source === at.key && edge.source_column === at.column
    : edge.target === at.key && (edge.target_column === at.column || edge.target_column === null));
  return graph.edges.filter(fits).map((edge) => (forward
    ? { key: edge.target, column: edge.target_column }
    : { key: edge.source, column: edge.source_column }));
}

/** The rows that an open box shows. */
export function rows(graph, node, open) {
  if (!open) return [];
  if (node.columns.length > 0) return node.columns.slice(0, COLUMNS);
  // A saved query has the columns that edges lead into.
  const names = new Set(graph.edges.filter((edge) => edge.target === node.key && edge.target_column).map((edge) => edge.target_column));
  return [...names].slice(0, COLUMNS).map((name) => ({ name, type: "" }));
}

/** Where everything stands: boxes by key, lines, frames of projects, and the size of it all. */
export function placed(graph, { open, byProject, influences }) {
  const boxes = new Map();
  for (const node of graph.nodes.values()) {
    const shown = rows(graph, node, open.has(node.key));
    const left = open.has(node.key) ? node.columns.length - shown.length : 0;
    const below = shown.length + (left > 0 ? 1 : 0);
    boxes.set(node.key, { node, rows: shown, left, width: WIDTH, height: HEAD + (below > 0 ? below * ROW + 8 : 0), x: 0, y: 0 });
  }
  const size = boxes.size > LAID_OUT ? ranked(boxes) : laidOut(graph, boxes, byProject);
  const frames = byProject ? framed(boxes) : [];
  return { boxes, frames, ...size, lines: lines(graph, boxes, influences), beside: (key, step) => beside(boxes, key, step) };
}

function laidOut(graph, boxes, byProject) {
  const layout = new dagre.graphlib.Graph({ compound: byProject });
  layout.setGraph({ rankdir: "LR", nodesep: byProject ? 40 : 24, ranksep: 96, ranker: boxes.size > 150 ? "longest-path" : "network-simplex" });
  layout.setDefaultEdgeLabel(() => ({}));
  for (const [key, box] of boxes) layout.setNode(key, { width: box.width, height: box.height });
  for (const link of graph.links) if (boxes.has(link.source) && boxes.has(link.target)) layout.setEdge(link.source, link.target);
  if (byProject) {
    for (const [key, { node }] of boxes) {
      if (!node.project_id) continue;
      layout.setNode(`project ${node.project_id}`, {});
      layout.setParent(key, `project ${node.project_id}`);
    }
  }
  dagre.layout(layout);
  for (const [key, box] of boxes) {
    const at = layout.node(key);
    box.x = at.x - box.width / 2;
    box.y = at.y - box.height / 2;
  }
  return { width: layout.graph().width, height: layout.graph().height };
}

/** A column of boxes for each distance. */
function ranked(boxes) {
  const ranks = new Map();
  for (const box of boxes.values()) ranks.set(box.node.distance, [...(ranks.get(box.node.distance) ?? []), box]);
  let [x, height] = [0, 0];
  for (const distance of [...ranks.keys()].sort((a, b) => a - b)) {
    let y = 0;
    for (const box of ranks.get(distance)) {
      [box.x, box.y] = [x, y];
      y += box.height + 16;
    }
    height = Math.max(height, y);
    x += WIDTH + 160;
  }
  return { width: x - 160, height };
}

function framed(boxes) {
  const frames = new Map();
  for (const { node, x, y, width, height } of boxes.values()) {
    if (!node.project_id) continue;
    const frame = frames.get(node.project_id) ?? { name: node.project_name, left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    frame.left = Math.min(frame.left, x - 14);
    frame.top = Math.min(frame.top, y - 30);
    frame.right = Math.max(frame.right, x + width + 14);
    frame.bottom = Math.max(frame.bottom, y + height + 14);
    frames.set(node.project_id, frame);
  }
  return [...frames.values()];
}

/** A line for each edge between rows that show; for each other link one from box to box. */
function lines(graph, boxes, influences) {
  const found = [];
  const drawn = new Set();
  const row = (box, name) => {
    const at = box.rows.findIndex((column) => column.name === name);
    return at < 0 ? box.y + HEAD / 2 : box.y + HEAD + at * ROW + ROW / 2;
  };
  for (const edge of graph.edges) {
    const [from, to] = [boxes.get(edge.source), boxes.get(edge.target)];
    if (!from || !to || (from.rows.length === 0 && to.rows.length === 0) || (!influences && !isValue(edge))) continue;
    drawn.add(`${edge.source} ${edge.target}`);
    found.push({ edge, from: [from.x + from.width, row(from, edge.source_column)], to: [to.x, edge.target_column === null ? to.y + HEAD / 2 : row(to, edge.target_column)] });
  }
  for (const link of graph.links) {
    const [from, to] = [boxes.get(link.source), boxes.get(link.target)];
    if (!from || !to || drawn.has(`${link.source} ${link.target}`) || (!influences && link.by_value === false)) continue;
    found.push({ link, from: [from.x + from.width, from.y + HEAD / 2], to: [to.x, to.y + HEAD / 2] });
  }
  return found;
}

function beside(boxes, key, step) {
  const own = boxes.get(key);
  const rank = [...boxes.entries()].filter(([, box]) => Math.abs(box.x - own.x) < WIDTH / 2).sort((a, b) => a[1].y - b[1].y);
  return rank[rank.findIndex(([name]) => name === key) + step]?.[0];
}
