// Dialogs, menus and toasts. Without script dialogs are pages of their own and menus still open.

const TOAST_TIME = 6000;

function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea)")?.focus();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

/** Arrow keys walk through an open menu. */
function walkMenu(event) {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll(".menu-list :is(a, button)")];
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  items[(at + items.length) % items.length]?.focus();
  event.preventDefault();
}

function onClick(event) {
  const target = event.target;
  if (!(target instanceof Element)) return;
  closeMenus(target.closest("details[data-menu]"));
  const opener = target.closest("[data-dialog-open]");
  if (opener) openDialog(document.getElementById(opener.dataset.dialogOpen));
  if (target.closest("[data-dialog-close]")) target.closest("dialog")?.close();
  // A click on the dialog element itself is a click on its backdrop.
  if (target instanceof HTMLDialogElement && target.open && !target.hasAttribute("data-modal-strict")) target.close();
  if (target.closest("[data-toast-close]")) target.closest("[data-toast]")?.remove();
}

function onEscape(event) {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  } else if (location.hash === "#nav") {
    location.hash = "#content";
  }
}

/** Toasts leave by themselves, except failures and those under the pointer. */
function watchToasts() {
  const box = document.getElementById("toasts");
  if (!box) return;
  const leave = (item) => setTimeout(() => (item.matches(":hover, :focus-within") ? leave(item) : item.remove()), TOAST_TIME);
  // What the page itself came with leaves like what is said later.
  for (const item of box.children) if (!item.matches(".danger")) leave(item);
  new MutationObserver((changes) => {
    for (const item of changes.flatMap((change) => [...change.addedNodes])) {
      if (item instanceof Element && !item.matches(".danger")) leave(item);
    }
  }).observe(box, { childList: true });
}

document.addEventListener("click", onClick);
document.addEventListener("keydown", walkMenu);
document.addEventListener("keydown", onEscape);
watchToasts();

/** Dialogs that the server wants open at once, for instance after a form that failed. */
export function startOverlays(root) {
  for (const dialog of root.querySelectorAll("dialog[data-dialog-now]")) {
    dialog.removeAttribute("data-dialog-now");
    openDialog(dialog);
  }
}
