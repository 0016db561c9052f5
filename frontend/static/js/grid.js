// A result grid that stays quick with many rows: only the rows in sight are in the document, pages are fetched as
// they come into sight. Keys: arrows, Home, End, PageUp/Down move; Shift extends; Ctrl-C copies, Ctrl-Shift-C with
// heads; Enter shows the whole value; Alt-Left/Right change the width; P pins the column.
// A page is {"columns":[{"name","type","marks":["masked","partial"]}],"rows":[[…]],"total":n}; no value is null.
import { ask, copyText, h, icon, toast } from "./dom.js";
import { showValue, toTabbedText } from "./cells.js";

const ROW = 28;
const SPARE = 12;
const PAGE = 200;
const NUMERIC = /^(u?int|float|double|decimal|numeric|bigint|smallint|tinyint|real)/i;

export class Grid {
  /** `load(offset, limit)` resolves to the rows of that part. */
  constructor(host, { columns, total, load, label = "Result" }) {
    Object.assign(this, { host, columns, total, load, pages: new Map(), at: [0, 0], anchor: [0, 0], pinned: -1 });
    this.widths = columns.map((column) => Math.min(320, Math.max(80, column.name.length * 8 + 36)));
    this.window = h("div", { class: "grid-window", role: "presentation" });
    this.space = h("div", { class: "grid-space", role: "rowgroup" }, this.window);
    this.head = h("div", { class: "grid-head", role: "row", "aria-rowindex": "1" });
    this.grid = h("div", { class: "grid", role: "grid", "aria-label": label, "aria-rowcount": String(total + 1), "aria-colcount": String(columns.length + 1), tabindex: "-1" },
      h("div", { class: "grid-heads", role: "rowgroup" }, this.head), this.space);
    this.space.style.height = `${total * ROW}px`;
    host.replaceChildren(this.grid);
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.grid.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.grid.addEventListener("dblclick", () => this.open());
    this.resize = new ResizeObserver(() => this.draw());
    this.resize.observe(this.grid);
    this.drawHead();
    this.draw();
  }

  /** Lets go of everything; the host may then show something else. */
  close() {
    this.resize.disconnect();
    this.grid.remove();
  }

  /** Rows from the kept pages; asks for those that are missing and draws again when they come. */
  row(index) {
    const page = Math.floor(index / PAGE);
    const kept = this.pages.get(page);
    if (Array.isArray(kept)) return kept[index % PAGE];
    if (!kept) this.fetchPage(page).catch((refusal) => toast(refusal.message, "danger"));
    return undefined;
  }

  async fetchPage(page) {
    const kept = this.pages.get(page);
    if (kept) return kept;
    const coming = this.load(page * PAGE, PAGE);
    this.pages.set(page, coming);
    try {
      const rows = await coming;
      this.pages.set(page, rows);
      if (page === 0) this.fitWidths(rows);
      this.draw();
      return rows;
    } catch (error) {
      // Forgotten, so that scrolling back asks again.
      this.pages.delete(page);
      throw error;
    }
  }

  /** Widths follow the first rows, within bounds, as long as nobody has chosen one. */
  fitWidths(rows) {
    this.columns.forEach((column, index) => {
      const longest = rows.slice(0, 50).reduce((most, row) => Math.max(most, String(row[index] ?? "NULL").length), column.name.length + 3);
      this.widths[index] = Math.min(360, Math.max(72, longest * 7.4 + 18));
    });
    this.drawHead();
  }

  order() {
    const rest = this.columns.map((_, index) => index).filter((index) => index !== this.pinned);
    return this.pinned < 0 ? rest : [this.pinned, ...rest];
  }

  drawHead() {
    const heads = this.order().map((index) => {
      const column = this.columns[index];
      const marks = [column.masked && icon("venetian-mask"), column.partial && icon("contrast")].filter(Boolean);
      const words = [column.masked && "masked for you", column.partial && "only some rows for you"].filter(Boolean).join(", ");
      const grip = h("span", { class: "grid-grip", "aria-hidden": "true" });
      grip.addEventListener("pointerdown", (event) => this.dragWidth(event, index));
      const head = h("div", { class: this.cellClass(index), role: "columnheader", title: [column.name, column.type, words].filter(Boolean).join(" · "), "data-column": String(index) },
        h("span", { class: "clip" }, column.name), h("span", { class: "column-type clip" }, column.type),
        marks.length > 0 ? h("span", { class: "grid-marks" }, ...marks, h("span", { class: "visually-hidden" }, words)) : null, grip);
      head.style.width = `${this.widths[index]}px`;
      return head;
    });
    this.head.replaceChildren(h("div", { class: "grid-cell grid-number", role: "columnheader" }, h("span", { class: "visually-hidden" }, "Row")), ...heads);
  }

  cellClass(index) {
    return `grid-cell${NUMERIC.test(this.columns[index].type) ? " num" : ""}${index === this.pinned ? " pinned" : ""}`;
  }

  /** Draws the rows in sight and a few beyond. */
  draw() {
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW) - SPARE);
    const last = Math.min(this.total, Math.ceil((this.grid.scrollTop + this.grid.clientHeight) / ROW) + SPARE);
    const hadFocus = this.window.contains(document.activeElement);
    this.window.style.transform = `translateY(${first * ROW}px)`;
    const order = this.order();
    const rows = [];
    for (let index = first; index < last; index += 1) rows.push(this.drawRow(index, order));
    this.window.replaceChildren(...rows);
    if (hadFocus) this.current()?.focus({ preventScroll: true });
  }

  drawRow(index, order) {
    const values = this.row(index);
    const cells = order.map((column) => {
      const cell = h("div", { class: this.cellClass(column), role: "gridcell", "data-row": String(index), "data-column": String(column), tabindex: index === this.at[0] && column === this.at[1] ? "0" : "-1" });
      cell.style.width = `${this.widths[column]}px`;
      if (values) showValue(cell, values[column]);
      if (this.selected(index, column)) cell.classList.add("selected");
      return cell;
    });
    return h("div", { class: "grid-row", role: "row", "aria-rowindex": String(index + 2) },
      h("div", { class: "grid-cell grid-number", role: "rowheader" }, (index + 1).toLocaleString("en")), ...cells);
  }

  selected(row, column) {
    const [[r, c], [ar, ac]] = [this.at, this.anchor];
    if (r === ar && c === ac) return false;
    return row >= Math.min(r, ar) && row <= Math.max(r, ar) && column >= Math.min(c, ac) && column <= Math.max(c, ac);
  }

  current() {
    return this.window.querySelector(`[data-row="${this.at[0]}"][data-column="${this.at[1]}"]`);
  }

  go(row, column, extend = false) {
    this.at = [Math.min(this.total - 1, Math.max(0, row)), Math.min(this.columns.length - 1, Math.max(0, column))];
    if (!extend) this.anchor = [...this.at];
    const top = this.at[0] * ROW;
    const room = this.grid.clientHeight - this.head.offsetHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW > this.grid.scrollTop + room) this.grid.scrollTop = top + ROW - room;
    this.draw();
    this.current()?.focus({ preventScroll: true });
    this.current()?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  onPointer(event) {
    const cell = event.target.closest("[data-row]");
    if (!cell) return;
    event.preventDefault();
    this.go(Number(cell.dataset.row), Number(cell.dataset.column), event.shiftKey);
  }

  onKey(event) {
    const [row, column] = this.at;
    const screen = Math.max(1, Math.floor(this.grid.clientHeight / ROW) - 2);
    const command = event.ctrlKey || event.metaKey;
    const key = event.key;
    if (command && key.toLowerCase() === "c") this.copy(event.shiftKey);
    else if (command && key.toLowerCase() === "a") this.selectAll();
    else if (event.altKey && (key === "ArrowLeft" || key === "ArrowRight")) this.setWidth(column, this.widths[column] + (key === "ArrowRight" ? 16 : -16));
    else if (key === "Enter") this.open();
    else if (key.toLowerCase() === "p" && !command) this.pin(column);
    else {
      const along = this.order();
      const beside = (step) => along[Math.min(along.length - 1, Math.max(0, along.indexOf(column) + step))];
      const moves = {
        ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, beside(1)], ArrowLeft: [row, beside(-1)],
        PageDown: [row + screen, column], PageUp: [row - screen, column],
        Home: [command ? 0 : row, along[0]], End: [command ? this.total - 1 : row, along.at(-1)],
      };
      if (!moves[key]) return;
      this.go(...moves[key], event.shiftKey);
    }
    event.preventDefault();
  }

  selectAll() {
    this.anchor = [0, 0];
    this.at = [this.total - 1, this.columns.length - 1];
    this.draw();
  }

  pin(column) {
    this.pinned = this.pinned === column ? -1 : column;
    this.drawHead();
    this.go(...this.at);
  }

  setWidth(column, width) {
    this.widths[column] = Math.min(1200, Math.max(48, width));
    for (const cell of this.grid.querySelectorAll(`[data-column="${column}"]`)) cell.style.width = `${this.widths[column]}px`;
  }

  dragWidth(event, column) {
    event.preventDefault();
    event.stopPropagation();
    const [from, width] = [event.clientX, this.widths[column]];
    const grip = event.target;
    grip.setPointerCapture(event.pointerId);
    const move = (moved) => this.setWidth(column, width + moved.clientX - from);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => grip.removeEventListener("pointermove", move), { once: true });
  }

  /** The selected block, or the whole result where one cell is selected and `all` is set. */
  async copy(withHeads, all = false) {
    const [[r, c], [ar, ac]] = all ? [[0, 0], [this.total - 1, this.columns.length - 1]] : [this.at, this.anchor];
    const [top, bottom, left, right] = [Math.min(r, ar), Math.max(r, ar), Math.min(c, ac), Math.max(c, ac)];
    try {
      const rows = [];
      for (let page = Math.floor(top / PAGE); page <= Math.floor(bottom / PAGE); page += 1) rows.push(...(await this.fetchPage(page)));
      const from = top - Math.floor(top / PAGE) * PAGE;
      const block = rows.slice(from, from + bottom - top + 1).map((row) => row.slice(left, right + 1));
      const heads = withHeads ? [this.columns.slice(left, right + 1).map((column) => column.name)] : [];
      await copyText(toTabbedText([...heads, ...block]));
      toast(`Copied ${block.length.toLocaleString("en")} ${block.length === 1 ? "row" : "rows"}${withHeads ? " with heads" : ""}.`, "good");
    } catch (refusal) {
      toast(refusal.message, "danger");
    }
  }

  /** The whole value of the current cell, in a dialog. */
  open() {
    const value = this.row(this.at[0])?.[this.at[1]];
    if (value === undefined) return;
    const title = h("h2", { id: "grid-value-title" }, this.columns[this.at[1]].name);
    const close = h("button", { class: "button quiet icon-only", type: "button", "data-dialog-close": true, "aria-label": "Close" }, icon("x"));
    const body = h("pre", { tabindex: "0" });
    showValue(body, value);
    const dialog = h("dialog", { class: "dialog wide", "aria-labelledby": "grid-value-title" }, h("div", { class: "dialog-head" }, title, close), h("div", { class: "dialog-body" }, h("div", { class: "code" }, body)));
    dialog.addEventListener("close", () => { dialog.remove(); this.current()?.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  }
}

/** <div data-grid-src="/assets/…/preview.json" data-grid-label="Preview">: a grid fed by one address. */
export async function startGrid(host) {
  const part = (offset, limit) => ask("GET", `${host.dataset.gridSrc}${host.dataset.gridSrc.includes("?") ? "&" : "?"}offset=${offset}&limit=${limit}`);
  const first = await part(0, PAGE);
  if (first.total === 0) return;
  host.setAttribute("data-grid-ready", "");
  let kept = first.rows;
  const load = async (offset, limit) => {
    if (offset === 0 && kept) {
      const rows = kept;
      kept = null;
      return rows;
    }
    return (await part(offset, limit)).rows;
  };
  new Grid(host, { columns: first.columns, total: first.total, load, label: host.dataset.gridLabel });
}
