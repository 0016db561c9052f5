// Search while typing: a combobox on every [data-suggest] form. Answers come from
// GET /search/suggest?q= as {"items":[{"kind","title","subtitle","href","icon"}]}; commands are known here.
// Enter without a choice sends the form, which is what happens without script too.
import { ask, debounce, h, icon } from "./dom.js";
import { toggleTheme } from "./theme.js";

let boxes = 0;

/** What one can do from the box besides finding: places of the navigation, and a few commands. */
function commands() {
  const places = [...document.querySelectorAll(".sidenav .navlink")].map((link) => ({
    kind: "Go to", title: link.querySelector("span")?.textContent ?? "", href: link.getAttribute("href"), icon: "corner-down-left",
  }));
  return [
    ...places,
    { kind: "Command", title: "Switch between light and dark", icon: "contrast", run: toggleTheme },
    { kind: "Command", title: "Keyboard shortcuts", icon: "command", run: () => document.getElementById("shortcuts")?.showModal() },
  ];
}

const matching = (text) => commands().filter((item) => item.title.toLowerCase().includes(text.toLowerCase()));

class Suggestions {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input[type=search]");
    this.list = h("div", { class: "suggest-list", role: "listbox", id: `suggest-${(boxes += 1)}`, "aria-label": "Suggestions", hidden: true });
    this.items = [];
    this.at = -1;
    form.append(this.list);
    const attributes = { role: "combobox", "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
    const look = debounce(() => this.look(), 90);
    this.input.addEventListener("input", look);
    this.input.addEventListener("focus", look);
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) this.close(); });
  }

  /** Asks for what is typed; an older question is given up, and answers never overtake. */
  async look() {
    if (document.activeElement !== this.input) return;
    this.question?.abort();
    this.question = new AbortController();
    const { signal } = this.question;
    const text = this.input.value.trim();
    if (!text) return this.show(commands(), "");
    try {
      const answer = await ask("GET", `/search/suggest?q=${encodeURIComponent(text)}`, undefined, signal);
      if (!signal.aborted) this.show([...answer.items, ...matching(text)], "Nothing found. Enter searches everywhere.");
    } catch (error) {
      if (error.name !== "AbortError") this.show(matching(text), "Suggestions are not available now. Enter searches.");
    }
  }

  show(items, nothing) {
    if (document.activeElement !== this.input) return;
    this.items = items;
    this.at = -1;
    const options = items.map((item, index) => this.option(item, index));
    this.list.replaceChildren(...(options.length > 0 ? options : [h("p", { class: "suggest-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, nothing)]));
    this.list.hidden = options.length === 0 && !nothing;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
  }

  option(item, index) {
    const subtitle = item.subtitle ? h("span", { class: "suggest-kind clip" }, item.subtitle) : null;
    const text = h("span", { class: "suggest-text" }, h("span", { class: "clip" }, item.title), subtitle);
    const option = h("div", { class: "suggest-item", role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false" },
      icon(item.icon || "table-2"), text, h("span", { class: "suggest-kind" }, item.kind));
    // The pointer must not take the focus, or the list would close before the click.
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => this.choose(index));
    option.addEventListener("pointermove", () => this.point(index));
    return option;
  }

  point(index) {
    this.list.children[this.at]?.setAttribute("aria-selected", "false");
    this.at = index;
    const option = this.list.children[index];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
  }

  choose(index) {
    const item = this.items[index];
    if (!item) return;
    this.close();
    this.input.blur();
    if (item.run) item.run();
    else location.assign(item.href);
  }

  onKey(event) {
    const last = this.items.length - 1;
    if (event.key === "ArrowDown" && !this.list.hidden) this.point(this.at >= last ? 0 : this.at + 1);
    else if (event.key === "ArrowUp" && !this.list.hidden) this.point(this.at <= 0 ? last : this.at - 1);
    else if (event.key === "Enter" && this.at >= 0) this.choose(this.at);
    else if (event.key === "Escape" && !this.list.hidden) this.close();
    else return;
    event.preventDefault();
  }

  close() {
    this.question?.abort();
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

/** Makes a [data-suggest] form suggest, once. */
export function attachSuggestions(form) {
  if (form.dataset.suggesting) return;
  form.dataset.suggesting = "yes";
  new Suggestions(form);
}
