// The steward's grid: <table class="table edit-grid" data-edit-grid="/assets/…/columns"> whose cells
// <td data-cell="description" data-row="column id" tabindex="-1"> hold plain text. Arrow keys move, Enter or a
// letter edits, Enter or Tab saves and moves on, Escape gives up. Each save is PATCH {row, field, value, version}.
import { ask, h, toast } from "./dom.js";

class EditGrid {
  constructor(table) {
    this.table = table;
    this.sent = Promise.resolve();
    this.rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("[data-cell]")]);
    this.rows.flat().forEach((cell, index) => cell.setAttribute("tabindex", index === 0 ? "0" : "-1"));
    table.addEventListener("keydown", (event) => this.onKey(event));
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-cell]");
      if (cell && !this.editing) this.focus(cell);
    });
    table.addEventListener("dblclick", (event) => {
      const cell = event.target.closest("[data-cell]");
      if (cell) this.edit(cell);
    });
  }

  place(cell) {
    const row = this.rows.findIndex((cells) => cells.includes(cell));
    return [row, this.rows[row]?.indexOf(cell) ?? -1];
  }

  focus(cell) {
    if (!cell) return;
    for (const other of this.table.querySelectorAll('[data-cell][tabindex="0"]')) other.setAttribute("tabindex", "-1");
    cell.setAttribute("tabindex", "0");
    cell.focus();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  move(cell, down, along) {
    const [row, column] = this.place(cell);
    const cells = this.rows[Math.min(this.rows.length - 1, Math.max(0, row + down))];
    this.focus(cells?.[Math.min(cells.length - 1, Math.max(0, column + along))]);
  }

  onKey(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell || this.editing) return;
    const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
    if (steps[event.key]) this.move(cell, ...steps[event.key]);
    else if (event.key === "Enter" || event.key === "F2") this.edit(cell);
    else if (event.key === "Delete") this.save(cell, "");
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) this.edit(cell, event.key);
    else return;
    event.preventDefault();
  }

  /** Puts a field into the cell; `first` replaces what stood there, as typing over it does. */
  edit(cell, first) {
    if (this.editing) return;
    const before = cell.textContent.trim();
    const label = `${cell.dataset.label ?? cell.dataset.cell} of ${cell.closest("tr").querySelector("th")?.textContent.trim() ?? "this row"}`;
    const input = h("input", { class: "input", "aria-label": label });
    input.value = first ?? before;
    this.editing = input;
    const finish = (keep, step) => {
      if (this.editing !== input) return;
      this.editing = null;
      const value = input.value.trim();
      cell.textContent = before;
      if (keep && value !== before) this.save(cell, value);
      if (step) this.move(cell, ...step);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") finish(true, [event.shiftKey ? -1 : 1, 0]);
      else if (event.key === "Tab") finish(true, [0, event.shiftKey ? -1 : 1]);
      else if (event.key === "Escape") finish(false, [0, 0]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    input.addEventListener("blur", () => finish(true));
    cell.replaceChildren(input);
    input.focus();
  }

  /** Shows the new text at once; a refusal brings the old one back and says why. */
  save(cell, value) {
    const before = cell.textContent.trim();
    cell.textContent = value;
    cell.classList.remove("saved", "failed");
    cell.classList.add("saving");
    // One after the other: each is about the version that the one before left.
    this.sent = this.sent.then(() => this.send(cell, before, value));
  }

  async send(cell, before, value) {
    try {
      const answer = await ask("PATCH", this.table.dataset.editGrid, { row: cell.dataset.row, field: cell.dataset.cell, value, version: this.table.dataset.version });
      if (answer?.version) this.table.dataset.version = answer.version;
      if (typeof answer?.value === "string") cell.textContent = answer.value;
      cell.classList.add("saved");
      setTimeout(() => cell.classList.remove("saved"), 1500);
    } catch (refusal) {
      cell.textContent = before;
      cell.classList.add("failed");
      toast([refusal.message, refusal.fix].filter(Boolean).join(" "), "danger");
    } finally {
      cell.classList.remove("saving");
    }
  }
}

export const startColumns = (table) => new EditGrid(table);
