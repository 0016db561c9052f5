// Small helpers that the other modules share.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** The token that every changing request carries in `X-CSRF-Token`. */
export const csrfToken = () => meta("csrf-token");

/** The nonce that the query page hands to the editor's style element, or "". */
export const styleNonce = () => meta("csp-nonce");

/** An element with attributes and children; text children are never read as HTML. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One icon of the sprite. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${meta("icons")}#${name}`);
  svg.append(use);
  return svg;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1536 -> "1.5 kB" */
export function bytes(count) {
  let [size, unit] = [count, 0];
  while (size >= 1000 && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${size.toLocaleString("en", { maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0 })} ${UNITS[unit]}`;
}

/** Whether the reader is typing, so that single keys must stay letters. */
export function typing(event) {
  const target = event.target;
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], .cm-editor, [role=grid], [data-cell]") !== null;
}

/** Storage that may be full or forbidden; then nothing is kept and nothing breaks. */
export const store = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); return true; } catch { return false; }
  },
  remove(key) {
    try { localStorage.removeItem(key); } catch { /* nothing was kept */ }
  },
};

/** A failed answer of the server: `message` may be shown, `fix` says the way on. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem?.code;
    this.fix = problem?.fix;
    this.field = problem?.field;
  }
}

/** Sends JSON with the session and the CSRF token; gives the answer's JSON or throws a Refusal. */
export async function ask(method, url, body, signal) {
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      credentials: "same-origin",
      headers: {
        accept: "application/json",
        ...(method === "GET" ? {} : { "x-csrf-token": csrfToken() }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { detail: "The server cannot be reached.", fix: "Check the connection and try again." });
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/** Calls `run` once the calls have paused for `pause` milliseconds. */
export function debounce(run, pause) {
  let timer = 0;
  return (...rest) => {
    clearTimeout(timer);
    timer = setTimeout(run, pause, ...rest);
  };
}

/** Puts text on the clipboard, also where the page is not served by TLS. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const box = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("copying is not allowed here");
}

/** Says something at the edge of the page, also to screen readers. state: "", "good", "danger". */
export function toast(text, state = "") {
  const name = { good: "circle-check", danger: "circle-alert" }[state] ?? "info";
  const close = h("button", { class: "button quiet small icon-only", type: "button", "data-toast-close": true, "aria-label": "Dismiss" }, icon("x"));
  document.getElementById("toasts")?.append(h("div", { class: `toast ${state}`, "data-toast": true }, icon(name), h("span", { class: "grow" }, text), close));
}
