// Opens Debian's Chromium, cut off from every host but the loopback one, and pages whose misbehaviour is watched.
import { chromium } from "playwright-core";
import { Guard } from "./guard.mjs";
import { takePicture } from "./inspect.mjs";

const EXECUTABLE = process.env.LAKEGATE_TEST_CHROMIUM ?? "/usr/bin/chromium";
const ANSWER_SECONDS = 10;

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export async function openBrowser() {
  return chromium.launch({ executablePath: EXECUTABLE, chromiumSandbox: false, args: FLAGS });
}

async function openPage(browser, url) {
  const context = await browser.newContext({
    baseURL: url,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    viewport: { width: 1440, height: 900 },
  });
  context.setDefaultTimeout(ANSWER_SECONDS * 1000);
  return context.newPage();
}

/** The error of a step, with what was on the page: its address, its words as a screen reader has them, a picture. */
async function explained(error, page, guard) {
  const words = await page.locator("body").ariaSnapshot().catch(() => "(no page)");
  await takePicture(page, "failed", String(Date.now())).catch(() => undefined);
  const trouble = guard.problems.map((problem) => `\n  ${problem}`).join("") || " nothing";
  const story = `${error.message}\n\nThe page ${page.url()} showed:\n${words}\nThe guard noted:${trouble}`;
  return new Error(story, { cause: error });
}

/**
 * Does `step(page, guard)` on a fresh page, with cookies and storage of its own, of the server at `url`.
 * Fails when the step does, and when the page did what no page may do.
 */
export async function visit(browser, url, step) {
  const page = await openPage(browser, url);
  const guard = new Guard(page, url);
  try {
    await step(page, guard);
  } catch (error) {
    throw await explained(error, page, guard);
  } finally {
    await page.context().close();
  }
  guard.expectNothingWrong();
}
