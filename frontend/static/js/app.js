// Loaded on every page. Each part looks for its own marks in the page and does nothing without them.
import { debounce, toast } from "./dom.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startOverlays } from "./overlays.js";
import { attachSuggestions } from "./palette.js";
import { startCopying } from "./copy.js";
import { startTheme } from "./theme.js";
import { startTimes } from "./times.js";
import { startHtmx } from "./wire.js";

// Heavy parts load where their mark stands.
const onDemand = [
  ["[data-editor]", () => import("./editor.js").then((m) => m.startEditor)],
  ["[data-grid-src]", () => import("./grid.js").then((m) => m.startGrid)],
  ["[data-edit-grid]", () => import("./columns.js").then((m) => m.startColumns)],
  ["[data-lineage]", () => import("./lineage.js").then((m) => m.startLineage)],
  ["[data-upload]", () => import("./upload.js").then((m) => m.startUpload)],
];

/** Brings the tab of this page into view where the row of tabs is wider than the window. */
function showTab(root) {
  for (const tab of root.querySelectorAll(".tabs > [aria-current]")) {
    const [row, own] = [tab.parentElement, tab.getBoundingClientRect()];
    row.scrollLeft += own.left - row.getBoundingClientRect().left - (row.clientWidth - own.width) / 2;
  }
}

/** Wires everything inside `root`: the whole page at first, later what htmx brought. */
function wire(root) {
  startTimes(root);
  showTab(root);
  startForms(root);
  startOverlays(root);
  for (const form of root.querySelectorAll("[data-suggest]")) attachSuggestions(form);
  for (const [mark, load] of onDemand) {
    for (const element of root.querySelectorAll(mark)) {
      if (element.dataset.started) continue;
      element.dataset.started = "yes";
      load().then((start) => start(element)).catch(() => toast("A part of this page did not load. Reload to try again.", "danger"));
    }
  }
}

startTheme();
startCopying();
startKeys();
startHtmx(debounce(() => wire(document), 0));
wire(document);
