// Sends a form with a file, <form data-upload>, and shows how far it is. Without script the form posts by itself.
// Inside the form: [data-upload-progress] with a <progress> and a <p role="status">.
import { bytes, csrfToken, toast } from "./dom.js";

class Upload {
  constructor(form) {
    this.form = form;
    this.panel = form.querySelector("[data-upload-progress]");
    this.bar = this.panel.querySelector("progress");
    this.words = this.panel.querySelector("p");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  send() {
    if (this.request) return;
    this.busy(true);
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", this.form.action);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", csrfToken());
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => this.sent(event));
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.failed({ detail: "The upload broke off.", fix: "Check the connection and try again." }));
    request.send(new FormData(this.form));
  }

  busy(on) {
    this.panel.hidden = !on;
    const button = this.form.querySelector("button.primary");
    button.disabled = on;
    button.setAttribute("aria-busy", String(on));
    if (!on) this.request = null;
  }

  sent({ loaded, total }) {
    this.bar.value = total > 0 ? (100 * loaded) / total : 0;
    this.words.textContent = loaded < total ? `${bytes(loaded)} of ${bytes(total)} sent` : "Sent. Reading the file and writing the table …";
  }

  answered(request) {
    if (request.status >= 200 && request.status < 300 && request.response?.href) location.assign(request.response.href);
    else this.failed(request.response ?? { detail: `The server answered ${request.status}.` });
  }

  /** Says it beside the field it is about, else as a toast. */
  failed({ detail, fix, field }) {
    this.busy(false);
    const text = [detail, fix].filter(Boolean).map((words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`).join(" ");
    const input = field ? this.form.elements.namedItem(field) : null;
    const box = input?.closest?.(".field");
    if (!box) return toast(text, "danger");
    for (const other of this.form.querySelectorAll(".field.invalid")) other.classList.remove("invalid");
    box.classList.add("invalid");
    box.querySelector(".error span").textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

export const startUpload = (form) => new Upload(form);
