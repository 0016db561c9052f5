// The picture of where data comes from: tables as boxes, their columns inside, what is read for what as lines. The list
// below the picture says the same in words.
import { ask, debounce, h, icon, toast } from "./dom.js";
import { draw, svg } from "./lineage-drawing.js";
import { merge, placed, traced } from "./lineage-graph.js";

const STEP = 1.25;
/** Farthest that the first look steps back; beyond, text could not be read. */
const FARTHEST = 1.7;
/** What makes the look of a shape, as attributes of its own. */
const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

/** Saves text as a file. */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

class Picture {
  constructor(host) {
    this.host = host;
    this.graph = { nodes: new Map(), links: [], edges: [], more: false };
    this.open = new Set();
    this.chosen = null;
    this.byProject = false;
    this.influences = true;
    this.view = { x: 0, y: 0, width: 1, height: 1 };
    this.canvas = svg("svg", { class: "lineage-canvas", role: "group", "aria-label": "Lineage; arrow keys go from box to box" });
    this.map = svg("svg", { class: "lineage-map", "aria-hidden": "true" });
    this.said = h("p", { class: "visually-hidden", "aria-live": "polite" });
    const frame = h("div", { class: "lineage-frame" }, this.canvas, this.map);
    host.replaceChildren(this.tools(), frame, this.said);
    this.listen();
  }

  /** The row of tools above the picture. */
  tools() {
    const button = (label, name, act) => h("button", { class: "button small icon-only", type: "button", "aria-label": label, title: label, onclick: act }, icon(name));
    const check = (label, checked, act) => h("label", { class: "check" }, h("input", { type: "checkbox", checked, onchange: (event) => act(event.target.checked) }), h("span", {}, label));
    this.find = h("input", { class: "input", type: "search", placeholder: "Find in the picture", "aria-label": "Find a table or column in the picture" });
    this.find.addEventListener("input", debounce(() => this.search(), 150));
    this.find.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.next(); } });
    return h("div", { class: "lineage-tools" }, this.find,
      check("What decides about rows", true, (on) => { this.influences = on; this.redraw(); }),
      check("Group by project", false, (on) => { this.byProject = on; this.redraw(true); }),
      h("span", { class: "grow" }),
      button("Show all columns", "columns-3", () => this.unfold()),
      button("Make it larger", "zoom-in", () => this.zoom(1 / STEP)),
      button("Make it smaller", "zoom-out", () => this.zoom(STEP)),
      button("Show all of it", "maximize", () => this.fit()),
      button("Save as SVG", "image-down", () => save("lineage.svg", "image/svg+xml", this.asSvg())),
      button("Save as JSON", "braces", () => save("lineage.json", "application/json", this.asJson())));
  }

  async load(url) {
    const found = await ask("GET", url);
    merge(this.graph, found);
    const first = found.nodes[0];
    if (found.nodes.length <= 12) for (const node of found.nodes) this.open.add(node.key);
    else if (first) this.open.add(first.key);
    this.redraw(true);
  }

  /** Adds what lies next to a node. */
  async extend(node) {
    try {
      const before = this.graph.nodes.size;
      merge(this.graph, await ask("GET", `/api/v1/assets/${node.asset_id}/lineage?depth=1`));
      node.followed = true;
      const news = this.graph.nodes.size - before;
      this.say(news === 0 ? "Nothing else is next to it." : `${news} more.`);
      this.redraw(true);
    } catch (error) {
      toast(error.message, "danger");
    }
  }

  redraw(again = false) {
    this.place = placed(this.graph, this);
    const way = this.chosen ? traced(this.graph, this.chosen, this.influences) : null;
    draw(this.canvas, this.map, this.place, { picture: this, way });
    if (again) this.fit(false);
    this.mark();
  }

  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.redraw();
    this.canvas.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  unfold() {
    const all = [...this.graph.nodes.keys()];
    const folded = all.some((key) => !this.open.has(key));
    this.open = new Set(folded ? all : []);
    this.redraw(true);
  }

  /** Follows one column, or the whole of a table; once more for none. */
  choose(key, column = null) {
    const same = this.chosen?.key === key && this.chosen.column === column;
    this.chosen = same ? null : { key, column };
    this.redraw();
    const way = this.chosen && traced(this.graph, this.chosen, this.influences);
    this.say(way ? `${way.nodes.size - 1} tables and queries are on its way.` : "Everything is shown.");
  }

  say(text) {
    this.said.textContent = text;
  }

  search() {
    const word = this.find.value.trim().toLowerCase();
    const fits = (node) => node.name?.toLowerCase().includes(word) || node.columns.some((column) => column.name.toLowerCase().includes(word));
    this.hits = word ? [...this.graph.nodes.values()].filter(fits).map((node) => node.key) : [];
    this.hit = -1;
    this.mark();
    if (word) this.say(`${this.hits.length} found.`);
    if (this.hits.length > 0) this.next();
  }

  next() {
    if (!this.hits?.length) return;
    this.hit = (this.hit + 1) % this.hits.length;
    this.center(this.hits[this.hit]);
  }

  mark() {
    for (const box of this.canvas.querySelectorAll("[data-key]")) box.classList.toggle("hit", Boolean(this.hits?.includes(box.dataset.key)));
  }

  show(view) {
    this.view = view;
    this.canvas.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    const seen = this.map.querySelector(".seen");
    for (const [name, value] of Object.entries(view)) seen?.setAttribute(name, value);
  }

  /** Shows all of it; at first no smaller than can be read, around what was asked about. */
  fit(all = true) {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [across, down] = [this.place.width + 48, this.place.height + 48];
    // Never larger than life: a single table is no poster.
    const whole = Math.max(across / Math.max(width, 1), down / Math.max(height, 1), 1);
    const scale = all ? whole : Math.min(whole, FARTHEST);
    const [wide, high] = [width * scale, height * scale];
    this.show({ x: (this.place.width - wide) / 2, y: (this.place.height - high) / 2, width: wide, height: high });
    if (scale < whole) this.center([...this.graph.nodes.keys()][0]);
  }

  zoom(by, at = null) {
    const { x, y, width, height } = this.view;
    const [cx, cy] = at ?? [x + width / 2, y + height / 2];
    this.show({ x: cx - (cx - x) * by, y: cy - (cy - y) * by, width: width * by, height: height * by });
  }

  center(key) {
    const box = this.place.boxes.get(key);
    if (!box) return;
    const { width, height } = this.view;
    this.show({ x: box.x + box.width / 2 - width / 2, y: box.y + box.height / 2 - height / 2, width, height });
  }

  point(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [this.view.x + ((event.clientX - frame.left) / frame.width) * this.view.width, this.view.y + ((event.clientY - frame.top) / frame.height) * this.view.height];
  }

  listen() {
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.1 : 1 / 1.1, this.point(event));
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.drag(event));
    this.map.addEventListener("pointerdown", (event) => {
      const frame = this.map.getBoundingClientRect();
      const [across, down] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
      const { width, height } = this.view;
      this.show({ x: across * this.place.width - width / 2, y: down * this.place.height - height / 2, width, height });
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(debounce(() => this.place && this.fit(false), 100)).observe(this.canvas);
  }

  drag(event) {
    if (event.button !== 0 || event.target.closest(".box")) return;
    const [from, start] = [{ ...this.view }, [event.clientX, event.clientY]];
    const frame = this.canvas.getBoundingClientRect();
    const move = (now) => this.show({ ...from, x: from.x - ((now.clientX - start[0]) / frame.width) * from.width, y: from.y - ((now.clientY - start[1]) / frame.height) * from.height });
    const end = () => { this.canvas.removeEventListener("pointermove", move); this.canvas.classList.remove("held"); };
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.classList.add("held");
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end, { once: true });
    this.canvas.addEventListener("pointercancel", end, { once: true });
  }

  /** Arrow keys go along the lines and within a rank; enter follows, space folds and unfolds. */
  key(event) {
    const box = event.target.closest("[data-key]");
    if (!box) return;
    const key = box.dataset.key;
    const node = this.graph.nodes.get(key);
    const go = (to) => { if (to) { this.canvas.querySelector(`[data-key="${CSS.escape(to)}"]`)?.focus(); this.center(to); } };
    const acts = {
      ArrowRight: () => go(this.graph.links.find((link) => link.source === key)?.target),
      ArrowLeft: () => go(this.graph.links.find((link) => link.target === key)?.source),
      ArrowDown: () => go(this.place.beside(key, 1)),
      ArrowUp: () => go(this.place.beside(key, -1)),
      Enter: () => this.choose(key),
      " ": () => this.toggle(key),
      "+": () => node?.asset_id && this.extend(node),
      o: () => node?.asset_id && location.assign(`/assets/${node.asset_id}`),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  asSvg() {
    const copy = this.canvas.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("viewBox", `-24 -24 ${this.place.width + 48} ${this.place.height + 48}`);
    // A file stands alone: each shape gets the look that the page gave it.
    const shapes = [this.canvas, copy].map((root) => [...root.querySelectorAll("*")]);
    shapes[0].forEach((shape, at) => {
      const look = getComputedStyle(shape);
      for (const name of LOOKS) shapes[1][at].setAttribute(name, look.getPropertyValue(name));
    });
    return new XMLSerializer().serializeToString(copy);
  }

  asJson() {
    const bare = ({ followed, ...node }) => node;
    return JSON.stringify({ nodes: [...this.graph.nodes.values()].map(bare), links: this.graph.links, edges: this.graph.edges }, null, 2);
  }
}

/** Draws the lineage whose address stands on the element. */
export function startLineage(host) {
  const picture = new Picture(host);
  picture.load(host.dataset.lineage).catch((error) => {
    host.replaceChildren(h("p", { class: "muted" }, `The picture did not load: ${error.message} The list says the same.`));
  });
}
