// A query whose result is a table: written as a service account, refused where it cannot be, run, given another query, and
// not there for those who do not see what it was made from.
import assert from "node:assert/strict";
import { inspect } from "./lib/inspect.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const PRODUCER = "Sales producer project";
const SQL = "select order_number, sum(quantity) as quantity from catalog_sales group by order_number";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

async function openDerived(page) {
  await portal.openProject(page, PRODUCER, /^queries/i);
  await portal.follow(page.getByRole("main"), /^derived tables$/i);
}

/** Waits until the page, which draws itself anew, says that the table was built from a version. */
const built = (page, version) => portal.sees(page.getByRole("main"), new RegExp(`from version ${version}$`));

chapter("without an account the page says what is missing, and an owner makes one", async () => {
  await visitAs("olga", async (page) => {
    await openDerived(page);
    await portal.sees(page, "No derived tables");
    await inspect(page, "derived-empty");
    await portal.follow(page.getByRole("main"), /^new derived table$/i);
    await portal.sees(page, "No service account to run it as");
    await portal.follow(page.getByRole("main"), /^service accounts$/i);
    await page.getByLabel(/^name/i).fill("nightly-sums");
    await page.getByLabel(/^role/i).selectOption({ label: "Contributor" });
    await portal.press(page, /^create$/i);
    await portal.seesHeading(page, /token/i);
    await portal.openProject(page, PRODUCER, /^service accounts/i);
    await portal.sees(page, /owners may always/i);
    await inspect(page, "accounts-acting");
  });
});

chapter("a query is written by keyboard, refused on its field, and makes a table", async () => {
  await visitAs("olga", async (page, guard) => {
    await openDerived(page);
    await portal.follow(page.getByRole("main"), /^new derived table$/i);
    await page.getByLabel(/^name/i).fill("quantities");
    const sql = page.getByLabel("SQL");
    await sql.fill(SQL.replace("quantity)", "quantty)"));
    await inspect(page, "derived-new");
    await guard.allowing([422], async () => {
      await portal.press(page, /^create derived table$/i);
      await portal.sees(page, /quantty/);
    });
    assert.equal(await page.getByLabel(/^name/i).inputValue(), "quantities", "what was typed is still there");
    await inspect(page, "derived-refused");
    await sql.fill(SQL);
    await portal.press(page, /^create derived table$/i);
    await portal.sees(page, "Never built");
    const run = page.getByRole("button", { name: /^run now$/i });
    await run.focus();
    await page.keyboard.press("Enter");
    await built(page, 1);
    await inspect(page, "derived");
    await portal.follow(page.getByRole("main"), /^open the table$/i);
    await portal.seesHeading(page, "quantities");
    await portal.sees(page, /made by/i);
  });
});

chapter("another query takes its place, and its list shows how the runs ended", async () => {
  await visitAs("olga", async (page) => {
    await openDerived(page);
    await portal.follow(page.getByRole("main"), "quantities");
    await portal.follow(page.getByRole("main"), /^change its query$/i);
    await page.getByLabel("SQL").fill(`${SQL} having sum(quantity) > 1`);
    await portal.press(page, /^save as the next version$/i);
    await portal.sees(page.getByRole("status"), /version 2 is there/i);
    await portal.sees(page, "The latest definition has not run yet");
    await inspect(page, "derived-waiting");
    await portal.press(page, /^run now$/i);
    await built(page, 2);
    await portal.openProject(page, PRODUCER, /^queries/i);
    await portal.follow(page.getByRole("main"), /^derived tables$/i);
    await page.getByRole("row").filter({ hasText: "quantities" }).getByRole("link", { name: /^succeeded/i }).waitFor();
    await inspect(page, "derived-list");
  });
});

chapter("a stranger knows of nothing, and the query goes", async () => {
  let address;
  await visitAs("olga", async (page) => {
    await openDerived(page);
    await portal.follow(page.getByRole("main"), "quantities");
    await portal.seesHeading(page, "quantities");
    address = page.url();
  });
  await visitAs("mark", async (page, guard) => {
    await guard.allowing([404], async () => {
      await page.goto(address);
      assert.equal(await page.getByText("quantities").count(), 0);
    });
  });
  await visitAs("olga", async (page) => {
    await page.goto(address);
    await page.getByText("Remove this query").click();
    await page.getByLabel(/^type .* to confirm$/i).fill("quantities");
    await portal.press(page, /^remove query$/i);
    await portal.sees(page, "No derived tables");
  });
});
