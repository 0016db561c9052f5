// Mends what the GraphQL explorer leaves out for people who do not see it: names of its text fields, and tabs that
// hold buttons of their own. It draws itself anew at will, so each look at it starts from what stands there.
import { debounce } from "./dom.js";

const NAMES = [
  [".graphiql-query-editor", "GraphQL text. Control and Enter runs it."],
  [".graphiql-editor-tool .graphiql-editor:nth-child(1)", "Variables as JSON"],
  [".graphiql-editor-tool .graphiql-editor:nth-child(2)", "Headers as JSON"],
  [".result-window", "Answer"],
];

function mend(host) {
  for (const [place, name] of NAMES) {
    for (const field of host.querySelectorAll(`${place} textarea`)) field.setAttribute("aria-label", name);
    for (const scroller of host.querySelectorAll(`${place} .CodeMirror-scroll`)) scroller.setAttribute("tabindex", "0");
  }
  host.querySelector(".graphiql-tabs[role=tablist]")?.setAttribute("role", "list");
  for (const tab of host.querySelectorAll(".graphiql-tab[role=tab]")) {
    tab.removeAttribute("role");
    tab.removeAttribute("aria-selected");
  }
}

const host = document.getElementById("graphiql");
if (host) {
  new MutationObserver(debounce(() => mend(host), 50)).observe(host, { childList: true, subtree: true });
  mend(host);
}
