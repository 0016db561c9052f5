// The SQL editor page, on the element [data-editor]. Marks inside it:
//   [data-editor-tabs] [data-editor-text] (holds a <textarea name="sql">) [data-editor-run] [data-editor-cancel]
//   [data-editor-status] [data-editor-result] [data-editor-download] [data-editor-copy] [data-insert="text"]
// Talks to: GET /query/schema.json, POST /query/run {sql, project} -> {id}, GET /query/{id} -> {state, elapsed_ms,
//   rows, bytes_scanned, truncated, columns, error}, GET /query/{id}/rows?offset&limit, POST /query/{id}/cancel.
import { ask, bytes, copyText, h, icon, toast } from "./dom.js";
import { Grid } from "./grid.js";
import { SqlText } from "./sqltext.js";
import { Tabs } from "./tabs.js";

const FIRST_LOOK = 60;
const SLOWEST_LOOK = 1000;

const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

class Editor {
  constructor(page) {
    this.page = page;
    this.part = (name) => page.querySelector(`[data-editor-${name}]`);
    this.run = this.run.bind(this);
    this.text = new SqlText(this.part("text"), { run: this.run, changed: (sql) => this.tabs?.keep(sql) });
    this.tabs = new Tabs(this.part("tabs"), {
      owner: page.dataset.editor,
      first: this.text.sql,
      kept: page.dataset.kept,
      changed: (sql) => this.text.set(sql),
      keep: (body) => { ask("PUT", "/query/draft", { body }).catch(() => { /* this browser has it */ }); },
    });
    // A permalink or a saved query comes with its text; it opens in a tab of its own.
    if (page.dataset.sql) this.tabs.open(page.dataset.sql, page.dataset.title);
    this.part("run").addEventListener("click", (event) => { event.preventDefault(); this.run(); });
    this.wireForm();
    this.wireLink();
    this.part("filter")?.addEventListener("input", (event) => this.filter(event.target.value.trim().toLowerCase()));
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("copy")?.addEventListener("click", (event) => this.grid?.copy(event.target.closest("[data-heads]") !== null, true));
    page.addEventListener("click", (event) => {
      const insert = event.target.closest("[data-insert]");
      if (insert) this.text.insert(insert.dataset.insert);
    });
    this.loadSchema();
  }

  /** The form is for browsers without script; here it only carries the text to be saved. */
  wireForm() {
    const form = document.querySelector("[data-editor-form]");
    form?.addEventListener("submit", (event) => {
      if (!event.submitter?.hasAttribute("data-editor-save")) return event.preventDefault();
      form.querySelector('[name="sql"]')?.remove();
      form.append(Object.assign(h("input", { type: "hidden", name: "sql" }), { value: this.text.sql }));
    });
  }

  wireLink() {
    const button = this.part("link");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await copyText(`${location.origin}/query?sql=${encodeURIComponent(this.text.sql)}`);
        toast("Link copied. Who opens it runs it with their own rights.", "good");
      } catch (refusal) {
        toast(refusal.message, "danger");
      }
    });
  }

  /** Shows the tables whose name or columns hold the text. */
  filter(wanted) {
    for (const table of this.page.querySelectorAll("[data-table]")) {
      const names = [table.dataset.table, ...[...table.querySelectorAll("[data-insert]")].map((leaf) => leaf.dataset.insert)];
      table.hidden = wanted !== "" && !names.some((name) => name.toLowerCase().includes(wanted));
    }
  }

  async loadSchema() {
    try {
      this.text.setSchema(await ask("GET", "/query/schema.json"));
    } catch {
      this.status("Completion is not available now.");
    }
  }

  status(...parts) {
    this.part("status").replaceChildren(...parts.filter(Boolean).map((part) => (typeof part === "string" ? h("span", {}, part) : part)));
  }

  running(on) {
    this.part("run").setAttribute("aria-busy", String(on));
    this.part("run").disabled = on;
    this.part("cancel").hidden = !on;
    if (this.part("download")) this.part("download").hidden = true;
    if (this.part("copy")) this.part("copy").hidden = true;
  }

  async run() {
    if (this.current) return;
    const sql = this.text.selection() || this.text.sql;
    if (!sql.trim()) return this.status("Nothing to run: write a query first.");
    this.text.clearMark();
    this.running(true);
    this.started = performance.now();
    const ticker = setInterval(() => this.status(`Running ${duration(performance.now() - this.started)}`), 200);
    const mine = { id: null };
    this.current = mine;
    try {
      mine.id = (await ask("POST", "/query/run", { sql, project: this.page.dataset.project || null })).id;
      if (mine.unwanted) await this.cancel();
      this.show(await this.follow(mine), mine.id);
    } catch (refusal) {
      this.fail(refusal);
    } finally {
      clearInterval(ticker);
      this.current = null;
      this.part("run").setAttribute("aria-busy", "false");
      this.part("run").disabled = false;
      this.part("cancel").hidden = true;
    }
  }

  /** Looks at the query until it has ended: soon at first, then less and less often. */
  async follow(mine) {
    for (let wait = FIRST_LOOK; ; wait = Math.min(SLOWEST_LOOK, wait * 1.5)) {
      const seen = await ask("GET", `/query/${mine.id}`);
      if (!["queued", "running"].includes(seen.state)) return seen;
      await pause(wait);
    }
  }

  /** Stops the query; one whose number is not known yet as soon as it is. */
  async cancel() {
    if (!this.current) return;
    this.current.unwanted = true;
    if (!this.current.id) return;
    try {
      await ask("POST", `/query/${this.current.id}/cancel`, {});
    } catch (refusal) {
      toast(refusal.message, "danger");
    }
  }

  show(seen, id) {
    if (seen.state !== "done") return this.fail(seen.error ?? { detail: "The query was cancelled. Nothing is kept of it." }, seen.state === "cancelled");
    this.grid?.close();
    const rows = `${Number(seen.rows).toLocaleString("en")} ${Number(seen.rows) === 1 ? "row" : "rows"}${seen.truncated ? ", cut at the limit" : ""}`;
    this.status(h("strong", {}, rows), duration(seen.elapsed_ms), `${bytes(Number(seen.bytes_scanned))} scanned`);
    if (Number(seen.rows) === 0) {
      this.part("result").replaceChildren(h("div", { class: "empty" }, icon("table-2"), h("p", { class: "empty-title" }, "No rows"), h("p", {}, "The query ran; nothing matches it, or your access covers none of the rows.")));
      return;
    }
    const load = async (offset, limit) => (await ask("GET", `/query/${id}/rows?offset=${offset}&limit=${limit}`)).rows;
    this.grid = new Grid(this.part("result"), { columns: seen.columns, total: Number(seen.rows), load });
    for (const link of this.part("download")?.querySelectorAll("[data-format]") ?? []) link.href = `/query/${id}/download?format=${link.dataset.format}`;
    if (this.part("download")) this.part("download").hidden = !seen.download;
    if (this.part("copy")) this.part("copy").hidden = false;
  }

  /** Says what went wrong where the result would stand, and marks the place in the text. */
  fail(problem, quiet = false) {
    this.grid?.close();
    const words = problem.detail ?? problem.message ?? "The query did not run.";
    const fix = problem.fix ? h("p", {}, problem.fix) : null;
    this.part("result").replaceChildren(h("div", { class: `notice ${quiet ? "" : "danger"}`, role: quiet ? "status" : "alert" }, icon(quiet ? "info" : "circle-alert"),
      h("div", { class: "notice-body" }, h("strong", {}, quiet ? "Cancelled" : "The query did not run"), h("pre", {}, words), fix)));
    this.status(quiet ? "Cancelled" : "Failed", duration(performance.now() - this.started));
    if (problem.line) this.text.mark(problem.line, problem.column ?? 1, words);
  }
}

export const startEditor = (page) => new Editor(page);
