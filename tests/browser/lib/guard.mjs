// Watches a page for what is never right: script errors, policy violations, other hosts, unexpected refusals, crashes.
import assert from "node:assert/strict";

/** Chromium's own remark on a failed request; the status of each answer is judged apart. */
const ABOUT_A_STATUS = /^Failed to load resource: the server responded with a status of/;

export class Guard {
  #problems = [];
  #allowed = new Set();
  #host;

  constructor(page, url) {
    this.#host = new URL(url).host;
    page.on("console", (message) => this.#heard(message));
    page.on("pageerror", (error) => this.#note(`script error: ${error.message}`));
    page.on("crash", () => this.#note("the page crashed"));
    page.on("request", (request) => this.#asked(request.url()));
    page.on("response", (response) => this.#answered(response));
  }

  #note(problem) {
    this.#problems.push(problem);
  }

  #heard(message) {
    if (message.type() !== "error" || ABOUT_A_STATUS.test(message.text())) return;
    this.#note(`console error at ${message.location().url}: ${message.text()}`);
  }

  #asked(address) {
    const url = new URL(address);
    const local = ["data:", "blob:", "about:"].includes(url.protocol) || url.host === this.#host;
    if (!local) this.#note(`request to another host: ${address}`);
  }

  #answered(response) {
    const status = response.status();
    if (status >= 400 && !this.#allowed.has(status)) this.#note(`${status} from ${response.url()}`);
  }

  /** Runs `step`, during which answers with one of `statuses` are right. A server's own failure (500) never is. */
  async allowing(statuses, step) {
    assert.ok(!statuses.includes(500), "500 is never right");
    for (const status of statuses) this.#allowed.add(status);
    try {
      return await step();
    } finally {
      this.#allowed.clear();
    }
  }

  /** What was noted so far, one sentence each. */
  get problems() {
    return [...this.#problems];
  }

  expectNothingWrong() {
    assert.deepEqual(this.#problems, [], "the page did what no page may do");
  }
}
