// The watch over pages sees what it is there for: each fault planted in a small site is found, a clean page passes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, visit as visitSite } from "./lib/browser.mjs";
import { expectNoAxeViolations, inspect, screenshotFolder } from "./lib/inspect.mjs";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' http:";
const STYLE = "body{margin:0;color:#111;background:#fff}@media(prefers-color-scheme:dark){body{color:#eee;background:#111}}";
const SITE = {
  "/clean": "<h1>Clean</h1><p>Nothing wrong here.</p>",
  "/script-error": "<h1>Error</h1><script src='/throws.js'></script>",
  "/inline-script": "<h1>Inline</h1><script>document.title = 'ran'</script>",
  "/inline-style": "<h1 style='color:red'>Inline</h1>",
  "/other-host": "<h1>Other</h1><img alt='' src='http://pictures.example/a.png'>",
  "/missing-part": "<h1>Missing</h1><img alt='' src='/no-such.png'>",
  "/no-alt": "<h1>Picture</h1><img src='/pixel.svg'>",
  "/wide": "<h1>Wide</h1><svg width='3000' height='10' aria-hidden='true'></svg>",
  "/pale": "<link rel='stylesheet' href='/pale.css'><h1>Pale</h1><p class='pale'>Hardly to be read.</p>",
};
const FILES = {
  "/style.css": ["text/css", STYLE],
  "/pale.css": ["text/css", "@media(prefers-color-scheme:dark){.pale{color:#222}}"],
  "/throws.js": ["text/javascript", "throw new Error('planted')"],
  "/pixel.svg": ["image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"],
  "/favicon.ico": ["image/x-icon", ""],
};

const document = (body) =>
  `<!doctype html><html lang="en"><head><title>Site</title><meta name="viewport" content="width=device-width">` +
  `<link rel="stylesheet" href="/style.css"></head><body><main>${body}</main></body></html>`;

function handle({ url }, response) {
  const [type, body] = SITE[url] ? ["text/html", document(SITE[url])] : (FILES[url] ?? ["text/plain", undefined]);
  response.writeHead(body === undefined ? 404 : 200, { "content-type": type, "content-security-policy": POLICY });
  response.end(body ?? "not found");
}

let browser;
let site;
let url;
let pictures;

before(async () => {
  pictures = await mkdtemp(join(tmpdir(), "lakegate-guard-"));
  process.env.LAKEGATE_SCREENSHOTS = pictures;
  site = createServer(handle).listen(0, "127.0.0.1");
  await once(site, "listening");
  url = `http://127.0.0.1:${site.address().port}`;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  site?.close();
  await rm(pictures, { recursive: true, force: true });
});

const visit = (path, step = async () => undefined) =>
  visitSite(browser, url, async (page, guard) => {
    await page.goto(path, { waitUntil: "networkidle" });
    await step(page, guard);
  });

test("a clean page passes every check and leaves four pictures", async () => {
  await visit("/clean", (page) => inspect(page, "clean"));
  const taken = (await readdir(await screenshotFolder())).filter((name) => name.startsWith("clean-")).sort();
  assert.deepEqual(taken, ["clean-dark-1440.png", "clean-dark-390.png", "clean-light-1440.png", "clean-light-390.png"]);
});

const FAULTS = {
  "/script-error": /script error: planted/,
  "/inline-script": /console error.*Content Security Policy/s,
  "/inline-style": /console error.*Content Security Policy/s,
  "/other-host": /request to another host: http:\/\/pictures\.example/,
  "/missing-part": /404 from .*no-such\.png/,
};

for (const [path, expected] of Object.entries(FAULTS)) {
  test(`the guard reports ${path}`, async () => {
    await assert.rejects(visit(path), (error) => expected.test(error.actual.join("\n")) || assert.fail(error));
  });
}

test("an expected refusal is allowed only during its step", async () => {
  await visit("/clean", (page, guard) => guard.allowing([404], () => page.goto("/no-such-page")));
  await assert.rejects(visit("/clean", (page) => page.goto("/no-such-page")));
  await assert.rejects(visit("/clean", (page, guard) => guard.allowing([500], async () => undefined)), /500 is never right/);
});

test("axe finds a picture without a text, and contrast that fails in the dark theme alone", async () => {
  await visit("/no-alt", (page) => assert.rejects(expectNoAxeViolations(page), /image-alt/));
  await visit("/pale", async (page) => {
    await expectNoAxeViolations(page);
    await assert.rejects(inspect(page, "pale"), /pale \(dark-1440\)[^]*color-contrast/);
  });
});

test("a failed step tells what was on the page", async () => {
  const fails = visit("/clean", (page) => page.getByRole("button", { name: "Absent" }).click({ timeout: 200 }));
  await assert.rejects(fails, /Timeout[^]*\/clean showed:[^]*heading "Clean"[^]*The guard noted: nothing/);
});

test("a page wider than its window is refused", async () => {
  await visit("/wide", (page) => assert.rejects(inspect(page, "wide"), /3000 px wide in a window of 1440 px/));
});
