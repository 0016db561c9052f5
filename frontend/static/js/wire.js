// What htmx needs from the page: the CSRF token, a busy line after 300 ms, words for failures.
import { csrfToken, toast } from "./dom.js";

let pending = 0;

function busy(change) {
  pending = Math.max(0, pending + change);
  document.getElementById("busy-line")?.classList.toggle("on", pending > 0);
}

/** Calls `arrived` whenever htmx has put something new into the page. */
export function startHtmx(arrived) {
  const body = document.body;
  body.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = csrfToken(); });
  body.addEventListener("htmx:beforeRequest", (event) => {
    busy(1);
    event.detail.elt.closest?.("form")?.querySelector(".button.primary")?.setAttribute("aria-busy", "true");
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    busy(-1);
    event.detail.elt.closest?.("form")?.querySelector(".button.primary")?.removeAttribute("aria-busy");
  });
  body.addEventListener("htmx:afterSettle", arrived);
  body.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Nothing was changed.", "danger"));
  body.addEventListener("htmx:responseError", (event) => toast(problemText(event.detail.xhr), "danger"));
  // The server says things with the header HX-Trigger: {"toast": {"text": "Saved.", "state": "good"}}.
  body.addEventListener("toast", (event) => toast(event.detail.text ?? "", event.detail.state ?? ""));
}

/** The sentence of a problem document, or a plain one. */
function problemText(xhr) {
  try {
    const problem = JSON.parse(xhr.responseText);
    return [problem.detail ?? problem.title, problem.fix].filter(Boolean).join(" ");
  } catch {
    return xhr.status === 401 ? "You are signed out. Sign in again; what you typed is kept." : `That did not work (${xhr.status}).`;
  }
}
