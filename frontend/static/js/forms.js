// Forms: drafts that survive, a warning before losing changes, busy buttons, names typed to confirm.
import { debounce, store } from "./dom.js";

const PREFIX = "draft:";
const KEEP = 30 * 24 * 60 * 60 * 1000;

const draftKey = (form) => `${PREFIX}${form.dataset.draft || location.pathname}`;
const keepable = (field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type) && field.name !== "csrf_token";

function readForm(form) {
  const values = {};
  for (const field of form.elements) {
    if (!keepable(field)) continue;
    const value = ["checkbox", "radio"].includes(field.type) ? (field.checked ? field.value : null) : field.value;
    (values[field.name] ??= []).push(value);
  }
  return values;
}

function fillForm(form, values) {
  const at = {};
  for (const field of form.elements) {
    if (!keepable(field) || !(field.name in values)) continue;
    const index = (at[field.name] ??= 0);
    at[field.name] += 1;
    const value = values[field.name][index];
    if (["checkbox", "radio"].includes(field.type)) field.checked = value !== null && value !== undefined;
    else if (typeof value === "string") field.value = value;
  }
}

/** Keeps what is typed into `[data-draft]` forms in this browser, until the form is sent. */
function keepDraft(form) {
  const note = form.querySelector(".draft-note");
  const failed = form.querySelector(".field.invalid") !== null;
  const kept = store.get(draftKey(form));
  if (kept && !failed) {
    try {
      const { at, values } = JSON.parse(kept);
      if (Date.now() - at < KEEP) {
        fillForm(form, values);
        if (note) note.textContent = "Your draft was kept.";
      }
    } catch {
      store.remove(draftKey(form));
    }
  }
  const save = debounce(() => {
    const done = store.set(draftKey(form), JSON.stringify({ at: Date.now(), values: readForm(form) }));
    if (note && done) note.textContent = "Draft kept in this browser.";
  }, 400);
  form.addEventListener("input", save);
  // The draft ends when the server took the form: it then answers with a page that says so.
  form.addEventListener("reset", () => store.remove(draftKey(form)));
}

/** The server names drafts that are done in <meta name="draft-done" content="key …">. */
function dropDoneDrafts() {
  for (const key of (document.querySelector('meta[name="draft-done"]')?.content ?? "").split(/\s+/)) {
    if (key) store.remove(PREFIX + key);
  }
}

const dirty = new Set();

function warnBeforeLoss(form) {
  form.addEventListener("input", () => dirty.add(form));
  form.addEventListener("submit", () => dirty.delete(form));
  form.addEventListener("reset", () => dirty.delete(form));
}

addEventListener("beforeunload", (event) => {
  for (const form of dirty) {
    if (form.isConnected) event.preventDefault();
  }
});

function confirmByName(input) {
  const button = input.form?.querySelector("button.danger, button.primary");
  const judge = () => { if (button) button.disabled = input.value.trim() !== input.dataset.confirmName; };
  input.addEventListener("input", judge);
  judge();
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button?.classList.contains("button") || event.target.method === "dialog" || "download" in event.target.dataset) return;
  button.setAttribute("aria-busy", "true");
  // A second click while the first is under way does nothing.
  event.target.addEventListener("submit", block);
});
function block(event) { event.preventDefault(); }

// Back from the next page: the browser shows this one as it was left.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) form.removeEventListener("submit", block);
  for (const button of document.querySelectorAll('.button[aria-busy="true"]')) button.removeAttribute("aria-busy");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("form");
  if (form && event.target.matches("textarea, input")) form.requestSubmit();
});

// Files are sent where the form says; selects marked so send their form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submit-on-change]")) event.target.form?.requestSubmit();
  if (event.target.matches?.("[data-read-into]")) readInto(event.target);
});

/** Puts the text of a chosen file into the field that its input names. */
async function readInto(input) {
  const field = document.getElementById(input.dataset.readInto);
  const text = await input.files?.[0]?.text();
  if (!field || text === undefined) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Wires the forms below `root` once each; focus goes to the first field that is wrong. */
export function startForms(root) {
  dropDoneDrafts();
  for (const form of root.querySelectorAll("form")) {
    if (form.dataset.wired) continue;
    form.dataset.wired = "yes";
    if (form.hasAttribute("data-draft")) keepDraft(form);
    if (form.hasAttribute("data-dirty")) warnBeforeLoss(form);
    for (const input of form.querySelectorAll("[data-confirm-name]")) confirmByName(input);
    form.querySelector(".field.invalid :is(input, select, textarea)")?.focus();
  }
}
