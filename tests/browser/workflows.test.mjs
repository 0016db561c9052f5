// Work in an order: somebody writes a workflow over a data source and sees it succeed; another fails, is mended and
// ends well; days are made up for; the workflow goes.
import assert from "node:assert/strict";
import { inspect } from "./lib/inspect.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const PRODUCER = "Sales producer project";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

const openWorkflows = (page) => portal.openProject(page, PRODUCER, /^workflows/i);
const definitionField = (page) => page.getByLabel("Definition");

/** The example of a new workflow, as it was made for this project. */
async function example(page) {
  return JSON.parse(await definitionField(page).inputValue());
}

async function type(page, definition) {
  await definitionField(page).fill(JSON.stringify(definition, null, 2));
}

/** Waits for the end of the run whose page is open, which draws itself anew. */
async function seesEnd(page, words) {
  await page.getByRole("main").getByText(words, { exact: true }).first().waitFor();
  await page.getByRole("button", { name: /^stop$/i }).waitFor({ state: "detached" });
}

chapter("what is there already explains itself", async () => {
  await visitAs("olga", async (page) => {
    await openWorkflows(page);
    await inspect(page, "workflows");
    await portal.follow(page.getByRole("main"), "Nightly catalogue");
    await portal.sees(page, "It has not run yet");
    await page.getByText("The steps as a list").click();
    await page.getByRole("row").filter({ hasText: "orders_once_more" }).getByText("failed").waitFor();
    await inspect(page, "workflow-never-ran");
  });
});

chapter("a workflow is written by keyboard, started, and succeeds", async () => {
  await visitAs("olga", async (page, guard) => {
    await openWorkflows(page);
    await portal.follow(page.getByRole("main"), /^new workflow$/i);
    await inspect(page, "workflow-new");
    const definition = await example(page);
    const [first] = definition.steps;
    definition.steps.push({ ...first, name: "again", after: [{ step: "nobody" }] });
    await page.getByLabel(/^name/i).fill("Orders twice");
    await type(page, definition);
    await guard.allowing([422], async () => {
      await definitionField(page).press("ControlOrMeta+Enter");
      await portal.sees(page, /In the step again, at after\[0\]\.step: there is no step "nobody"/);
    });
    assert.deepEqual(await example(page), definition, "what was typed is still there");
    assert.equal(await page.getByLabel(/^name/i).inputValue(), "Orders twice");
    await inspect(page, "workflow-refused");
    definition.steps[1].after[0].step = first.name;
    await type(page, definition);
    await definitionField(page).press("ControlOrMeta+Enter");
    await portal.seesHeading(page, "Orders twice");
    const start = page.getByRole("button", { name: /^start$/i });
    await start.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\//);
    await seesEnd(page, "2 of 2 steps ended");
    await inspect(page, "workflow-run");
    await page.getByRole("row").filter({ hasText: "again" }).getByRole("link", { name: "again" }).click();
    await portal.seesHeading(page, "Parts of again");
    await page.getByText("Output", { exact: true }).click();
    await portal.sees(page, /tables_same/);
    await portal.follow(page, /the run of part 1/i);
    await portal.seesHeading(page, /^look for tables/i);
  });
});

chapter("one that fails says where, is mended and ends well", async () => {
  await visitAs("olga", async (page) => {
    await openWorkflows(page);
    await portal.follow(page.getByRole("main"), /^new workflow$/i);
    const definition = await example(page);
    const { subject } = definition.steps[0];
    const each = { name: "each", kind: "crawl", subject: { from: "item" }, for_each: { from: "input.sources" }, at_most: 2 };
    const sorry = { name: "sorry", kind: "crawl", subject, after: [{ step: "each", on: "failed" }, { step: "gone" }] };
    definition.steps = [each, { name: "gone", kind: "crawl", subject: { from: "input.gone" } }, sorry];
    await page.getByLabel(/^name/i).fill("Each of them");
    await type(page, definition);
    await portal.press(page, /^create workflow$/i);
    await portal.seesHeading(page, "Each of them");
    await inspect(page, "workflow");
    const input = page.getByLabel(/^input/i);
    assert.deepEqual(JSON.parse(await input.inputValue()), { sources: [subject], gone: subject });
    await input.fill(JSON.stringify({ sources: [subject, subject, subject], gone: "018f0000-0000-7000-8000-000000000000" }));
    await portal.press(page, /^start with this$/i);
    await seesEnd(page, "3 of 3 steps ended");
    await portal.press(page, /^try again what failed$/i);
    await portal.sees(page.getByRole("status"), /tried again/i);
    await seesEnd(page, "3 of 3 steps ended");
    await portal.sees(page.getByRole("row").filter({ hasText: "gone" }), "Failed");
    await portal.sees(page.getByRole("row").filter({ hasText: "sorry" }), "Skipped");
    await portal.sees(page.getByRole("row").filter({ hasText: "each" }), "3 of 3");
    await inspect(page, "workflow-run-failed");
    await portal.follow(page.getByRole("main"), "Each of them");
    await portal.follow(page.getByRole("main"), /^change what it does$/i);
    definition.steps = [each, { name: "gone", kind: "crawl", subject }];
    await type(page, definition);
    await portal.press(page, /^save as the next version$/i);
    await portal.sees(page.getByRole("status"), /version 2 is there/i);
    await portal.press(page, /^start with this$/i);
    await seesEnd(page, "2 of 2 steps ended");
    await portal.sees(page.getByRole("main"), "Succeeded");
    await portal.follow(page.getByRole("complementary"), "Each of them");
    await portal.follow(page.getByRole("main"), "Version 1");
    await portal.sees(page, /^start this version/i);
    await inspect(page, "workflow-version");
  });
});

chapter("days are made up for, once", async () => {
  await visitAs("olga", async (page) => {
    await openWorkflows(page);
    await portal.follow(page.getByRole("main"), "Orders twice");
    await page.getByText("Run it over days").click();
    await page.getByLabel(/^first day/i).fill("2026-05-03");
    await page.getByLabel(/^last day/i).fill("2026-05-06");
    await page.getByLabel(/^days at once/i).fill("2");
    await inspect(page, "workflow-days");
    await portal.press(page, /^run these days$/i);
    await page.waitForURL(/\/backfills\//);
    await seesEnd(page, "4 days: 4 succeeded");
    await inspect(page, "workflow-backfill");
    await portal.follow(page.getByRole("main"), "2026-05-04");
    await portal.seesHeading(page, "Orders twice, 2026-05-04");
  });
});

chapter("a colleague of another project knows of nothing, and the workflow goes", async () => {
  let address;
  await visitAs("olga", async (page) => {
    await openWorkflows(page);
    await portal.follow(page.getByRole("main"), "Each of them");
    await portal.seesHeading(page, "Each of them");
    address = page.url();
  });
  await visitAs("mark", async (page, guard) => {
    await guard.allowing([404], async () => {
      await page.goto(address);
      assert.equal(await page.getByText("Each of them").count(), 0);
    });
  });
  await visitAs("olga", async (page) => {
    await page.goto(address);
    await page.getByText("Delete this workflow").click();
    const button = page.getByRole("button", { name: /^delete workflow$/i });
    assert.ok(await button.isDisabled(), "deleting wants the name typed");
    await page.getByLabel(/^type .* to confirm$/i).fill("Each of them");
    await button.click();
    await portal.sees(page.getByRole("status"), /each of them is gone/i);
  });
});
