// Looks at a page as people do: light and dark, wide and narrow; keeps pictures, asks axe, refuses sideways scrolling.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const THEMES = ["light", "dark"];
const VIEWPORTS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
/** The look in which most goes wrong: little room, and the colours that fewer people see while they build. */
const HARDEST = { colorScheme: "dark", viewport: VIEWPORTS[1] };
const AXE_SOURCE = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let folder;

/** Where pictures go: `$LAKEGATE_SCREENSHOTS`, else one temporary folder per process. */
export async function screenshotFolder() {
  folder ??= process.env.LAKEGATE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), "lakegate-screenshots-")));
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Calls `step(label)` in each theme at each width and puts the page back as it was. */
async function inEachLook(page, step) {
  const before = page.viewportSize();
  for (const viewport of VIEWPORTS) {
    await page.setViewportSize(viewport);
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      await step(`${colorScheme}-${viewport.width}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}

/** One picture of the page as it is, as `NAME-LOOK.png`. */
export async function takePicture(page, name, look) {
  const path = join(await screenshotFolder(), `${name}-${look}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}

/** Pictures of the page as `NAME-THEME-WIDTH.png`. */
export async function screenshot(page, name) {
  await inEachLook(page, (look) => takePicture(page, name, look));
}

function describe({ id, impact, help, nodes }) {
  return `${impact} ${id}: ${help}\n${nodes.map((node) => `    ${node.target.join(" ")}  ${node.failureSummary}`).join("\n")}`;
}

/** Fails with every rule that the page breaks and the elements that break it. */
export async function expectNoAxeViolations(page, name = page.url()) {
  // Evaluated by the debugger, so a strict content policy neither forbids it nor has to be relaxed for it.
  await page.evaluate(await AXE_SOURCE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.equal(violations.length, 0, `${name} breaks accessibility rules:\n${violations.map(describe).join("\n")}`);
}

async function expectNoSidewaysScroll(page, name) {
  const [content, window] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  assert.ok(content <= window, `${name} is ${content} px wide in a window of ${window} px`);
}

/** Everything a finished page must pass, with a picture of each look. */
export async function inspect(page, name) {
  await inEachLook(page, async (look) => {
    await takePicture(page, name, look);
    await expectNoSidewaysScroll(page, `${name} (${look})`);
    await expectNoAxeViolations(page, `${name} (${look})`);
  });
}

/** A page's kind: its path without ids and numbers. */
function kindOf(address) {
  const { pathname } = new URL(address, "http://portal");
  return pathname.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replaceAll(/REQ-\d+/g, "ID").replaceAll(/\/\d+/g, "/N");
}

/** Addresses of pages to be read; not files, not what ends the visit. */
const isPage = (href) => href.startsWith("/") && !href.startsWith("//") && !/^\/(assets\/[0-9a-f]{12}\/|demo|api|notices\/)|\.csv|\/download/.test(href);

/**
 * Follows every link from `starts`, one page of each kind, and asks of each in the hardest look what `inspect` asks.
 * Kinds in `seen` are left out; those met are added. Gives the number of pages looked at.
 */
export async function walk(page, starts, seen) {
  await page.setViewportSize(HARDEST.viewport);
  await page.emulateMedia({ colorScheme: HARDEST.colorScheme });
  const ahead = [...starts];
  let count = 0;
  for (let address = ahead.shift(); address !== undefined; address = ahead.shift()) {
    const kind = kindOf(address);
    if (seen.has(kind)) continue;
    seen.add(kind);
    await page.goto(address);
    await expectNoSidewaysScroll(page, address);
    await expectNoAxeViolations(page, address);
    count += 1;
    const links = await page.locator("a[href]:not([download])").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    ahead.push(...links.filter(isPage).map((href) => href.split("#")[0]));
  }
  return count;
}
