// Keys for the whole page. Single keys are for readers, never for those who type.
import { typing } from "./dom.js";

const PLACES = { h: "/", s: "/search", i: "/inbox", q: "/query", p: "/projects", a: "/account/access", n: "/notices" };
const SEQUENCE_TIME = 1200;
let waitingSince = 0;

/** The search box of this page, or the one of the top line. */
function focusSearch() {
  const box = document.querySelector("[data-search-main] input[type=search]") ?? document.querySelector(".topbar-search input");
  if (!box || box.offsetParent === null) return location.assign("/search");
  box.focus();
  box.select();
}

/** j and k walk through the titles of a list. */
function walkList(step) {
  const titles = [...document.querySelectorAll("main :is(.row-title, .hit h3 a)")];
  if (titles.length === 0) return;
  const at = titles.indexOf(document.activeElement);
  titles[Math.min(titles.length - 1, Math.max(0, at + step))].focus();
}

function onKey(event) {
  if (event.defaultPrevented) return;
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return focusSearch();
  }
  if (command || event.altKey || typing(event) || document.querySelector("dialog[open]:modal")) return;
  if (Date.now() - waitingSince < SEQUENCE_TIME && PLACES[event.key]) {
    waitingSince = 0;
    return location.assign(PLACES[event.key]);
  }
  waitingSince = event.key === "g" ? Date.now() : 0;
  const action = { "/": focusSearch, "?": () => document.getElementById("shortcuts")?.showModal(), j: () => walkList(1), k: () => walkList(-1) }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
}
