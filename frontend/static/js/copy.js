// [data-copy] copies its value, or the text of the code block it stands in.
import { copyText, icon, toast } from "./dom.js";

export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const text = button.dataset.copy || button.closest(".code")?.querySelector("pre")?.textContent || "";
    try {
      await copyText(text);
      const before = button.querySelector(".icon");
      before?.replaceWith(icon("check"));
      setTimeout(() => before && button.querySelector(".icon")?.replaceWith(before), 1500);
      toast("Copied.", "good");
    } catch {
      toast("The browser did not allow copying. Select the text instead.", "danger");
    }
  });
}
