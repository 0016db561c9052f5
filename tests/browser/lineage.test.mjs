// Where data comes from, in a picture and in words: columns are followed, the way is told, owners see who would notice.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { inspect } from "./lib/inspect.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const PRODUCER = "Sales producer project";
const TABLES = [
  ["quantities", "select order_number, sum(quantity) as quantity from catalog_sales group by order_number"],
  ["largest", "select order_number, quantity * 2 as twice from quantities where quantity > 1"],
];

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

async function openDerived(page) {
  await portal.openProject(page, PRODUCER, /^queries/i);
  await portal.follow(page.getByRole("main"), /^derived tables$/i);
}

async function openLineage(page, name) {
  await openDerived(page);
  await portal.follow(page.getByRole("main"), name);
  await portal.follow(page.getByRole("main"), /^open the table$/i);
  await portal.follow(page.getByRole("navigation", { name: /pages of this asset/i }), /^lineage$/i);
}

const picture = (page) => page.getByRole("group", { name: /^lineage; arrow keys/i });
const box = (page, name) => picture(page).getByRole("button", { name: new RegExp(`^${name},`) });

chapter("an owner makes tables of tables", async () => {
  await visitAs("olga", async (page) => {
    await portal.openProject(page, PRODUCER, /^service accounts/i);
    await page.getByLabel(/^name/i).fill("nightly-sums");
    await page.getByLabel(/^role/i).selectOption({ label: "Contributor" });
    await portal.press(page, /^create$/i);
    for (const [name, sql] of TABLES) {
      await openDerived(page);
      await portal.follow(page.getByRole("main"), /^new derived table$/i);
      await page.getByLabel(/^name/i).fill(name);
      await page.getByLabel("SQL").fill(sql);
      await portal.press(page, /^create derived table$/i);
      await portal.press(page, /^run now$/i);
      await portal.sees(page.getByRole("main"), /from version 1$/i);
    }
  });
});

chapter("the picture shows what the plans say, and the list says the same", async () => {
  await visitAs("olga", async (page) => {
    await openLineage(page, "quantities");
    await box(page, "quantities").waitFor();
    await box(page, "largest").waitFor();
    assert.equal(await picture(page).getByRole("button").count(), 3);
    await portal.sees(page.getByRole("main"), "largest.twice");
    await portal.sees(page.getByRole("main"), "is computed from");
    await inspect(page, "lineage");
    // A column is followed both ways, and what it has nothing to do with steps back.
    await picture(page).locator(".row", { hasText: "twice" }).click();
    const followed = async () => (await picture(page).locator(".row.on .column").allTextContents()).sort();
    assert.deepEqual(await followed(), ["order_number", "quantity", "quantity", "twice"], "rows were grouped by the number");
    await page.getByLabel("What decides about rows").uncheck();
    assert.deepEqual(await followed(), ["quantity", "quantity", "twice"]);
    await inspect(page, "lineage-followed");
  });
});

chapter("it is used by keyboard, searched, and saved", async () => {
  await visitAs("olga", async (page) => {
    await openLineage(page, "quantities");
    await box(page, "quantities").focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^largest,/);
    await page.keyboard.press("Space");
    await picture(page).getByRole("button", { name: /^largest,.*folded$/ }).waitFor();
    await page.keyboard.press("Enter");
    await portal.sees(page, /tables and queries are on its way/i);
    await page.getByLabel(/^find a table or column/i).fill("order_number");
    await portal.sees(page, /^3 found\.$/);
    await page.getByLabel("Group by project").check();
    await picture(page).locator(".frame").first().waitFor();
    await inspect(page, "lineage-grouped");
    for (const [label, check] of [["Save as JSON", (text) => JSON.parse(text).nodes.length === 3], ["Save as SVG", (text) => text.startsWith("<svg") && text.includes("largest")]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: label }).click()]);
      assert.ok(check(await readFile(await download.path(), "utf8")), label);
    }
  });
});

chapter("one column is asked for, and a wrong question is answered beside its field", async () => {
  await visitAs("olga", async (page, guard) => {
    await openLineage(page, "largest");
    await page.getByLabel("Follow").selectOption("twice");
    await page.getByLabel("Direction").selectOption({ label: "What it comes from" });
    await page.getByLabel("Values only").check();
    await portal.press(page, /^show$/i);
    await portal.sees(page.getByRole("main"), /is aggregated from/i);
    await guard.allowing([422], async () => {
      await page.getByLabel("Steps").fill("99");
      await portal.press(page, /^show$/i);
      await portal.sees(page.getByRole("main"), /from 1 to 20/i);
    });
  });
});

chapter("an owner sees who would notice a change, others do not", async () => {
  await visitAs("olga", async (page) => {
    await openLineage(page, "quantities");
    await portal.follow(page.getByRole("main"), /^who would notice a change$/i);
    await portal.sees(page.getByRole("main"), "nightly-sums");
    await inspect(page, "impact");
    await page.getByLabel("What changes").selectOption("order_number");
    await portal.press(page, /^show$/i);
    await portal.sees(page.getByRole("link", { name: "largest" }), "largest");
  });
});
