// The editor's tabs: drafts in this browser, apart for each person.
import { debounce, h, icon, store } from "./dom.js";

const MOST = 20;

/** A name for an unnamed tab: the table it reads, or its number. */
function nameOf(tab, index) {
  return tab.title || tab.sql.match(/\bfrom\s+([\w."]+)/i)?.[1]?.split(".").at(-1)?.replaceAll('"', "") || `Query ${index + 1}`;
}

export class Tabs {
  /** `owner` keeps the drafts of two people on one machine apart; `kept` are those of the account, used where this
      browser has none; `changed(sql)` shows another draft; `keep(body)` hands the drafts to the account. */
  constructor(host, { owner, first, kept = "", changed, keep = () => {} }) {
    Object.assign(this, { host, kept, changed, key: `editor:${owner}` });
    this.tabs = [{ title: "", sql: first }];
    this.at = 0;
    this.restore();
    const handOver = debounce(() => keep(this.body()), 2000);
    this.save = debounce(() => {
      store.set(this.key, this.body());
      handOver();
    }, 300);
    addEventListener("pagehide", () => store.set(this.key, this.body()));
    this.draw();
    changed(this.tabs[this.at].sql);
  }

  body() {
    return JSON.stringify({ at: this.at, tabs: this.tabs });
  }

  restore() {
    try {
      const kept = JSON.parse(store.get(this.key) || this.kept || "null");
      if (!Array.isArray(kept?.tabs) || kept.tabs.length === 0) return;
      this.tabs = kept.tabs.slice(0, MOST).map((tab) => ({ title: String(tab.title ?? ""), sql: String(tab.sql ?? "") }));
      this.at = Math.min(this.tabs.length - 1, Math.max(0, Number(kept.at) || 0));
    } catch {
      store.remove(this.key);
    }
  }

  /** The text of the open tab has changed. */
  keep(sql) {
    const tab = this.tabs[this.at];
    const before = nameOf(tab, this.at);
    tab.sql = sql;
    this.save();
    if (nameOf(tab, this.at) !== before) this.draw();
  }

  open(sql, title = "") {
    const known = this.tabs.findIndex((tab) => tab.sql === sql);
    if (known >= 0) return this.show(known);
    if (this.tabs.length >= MOST) this.tabs.shift();
    this.tabs.push({ title, sql });
    this.show(this.tabs.length - 1);
  }

  show(index) {
    this.at = index;
    this.draw();
    this.save();
    this.changed(this.tabs[index].sql);
  }

  close(index) {
    const [gone] = this.tabs.splice(index, 1);
    if (gone.sql.trim()) store.set(`${this.key}:closed`, gone.sql);
    if (this.tabs.length === 0) this.tabs.push({ title: "", sql: "" });
    this.show(Math.min(this.tabs.length - 1, index < this.at ? this.at - 1 : this.at));
  }

  draw() {
    const tabs = this.tabs.map((tab, index) => {
      const name = nameOf(tab, index);
      const pick = h("button", { class: "clip", type: "button", "aria-pressed": String(index === this.at), onclick: () => this.show(index) }, name);
      const shut = h("button", { type: "button", "aria-label": `Close ${name}`, onclick: () => this.close(index) }, icon("x"));
      return h("span", { class: `editor-tab${index === this.at ? " active" : ""}` }, pick, shut);
    });
    const add = h("button", { class: "button quiet icon-only", type: "button", "aria-label": "New tab", title: "New tab", onclick: () => this.open("") }, icon("plus"));
    this.host.replaceChildren(...tabs, add);
  }
}
