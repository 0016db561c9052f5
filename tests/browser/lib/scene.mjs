// One file of tests: chapters that follow one another, and the demonstration with its people to tell them in.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, visit } from "./browser.mjs";
import { continueAs } from "./people.mjs";
import { startServer, temporaryFolder } from "./server.mjs";

/** Gives `chapter(name, tell)`: a test that continues the one before; after a failure the rest has no ground to stand on. */
export function chapters() {
  let brokenAt = "";
  return (name, tell) =>
    test(name, async () => {
      if (brokenAt) throw new Error(`the story broke off at: ${brokenAt}`);
      brokenAt = name;
      await tell();
      brokenAt = "";
    });
}

/** The demonstration, with a browser, for all tests of a file. `visitAs(username, step)` is one visit of its people. */
export function demonstration() {
  const scene = { folder: "", server: undefined, browser: undefined };
  before(async () => {
    scene.folder = await temporaryFolder();
    scene.server = await startServer({ command: "demo", dataDir: scene.folder });
    scene.browser = await openBrowser();
  });
  after(async () => {
    await scene.browser?.close();
    await scene.server?.stop();
    if (scene.folder) await rm(scene.folder, { recursive: true, force: true });
  });
  scene.visit = (step) => visit(scene.browser, scene.server.url, step);
  scene.visitAs = (username, step) =>
    scene.visit(async (page, guard) => {
      await page.goto("/");
      await continueAs(page, username);
      await step(page, guard);
    });
  return scene;
}

/** The one file of this name below a folder. */
export async function fileBelow(folder, name) {
  const found = (await readdir(folder, { recursive: true })).filter((path) => path.split("/").at(-1) === name);
  assert.equal(found.length, 1, `${name} should be there once: ${found}`);
  return join(folder, found[0]);
}

const AGE = `
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=10)
with store:
    store.execute("UPDATE sessions SET confirmed_at = '2000-01-01T00:00:00.000000+00:00'")
`;

/** Makes every session one whose password was given long ago; nobody waits ten minutes for that. */
export function forgetConfirmations(folder) {
  const { status, stderr } = spawnSync("python3", ["-c", AGE, join(folder, "lakegate.db")], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}
