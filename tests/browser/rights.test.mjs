// Who may read what: the search of the audit, the explorer of rights, tags and what hangs on them, rules on tags and
// databases, what could be read earlier, and the pages of reviews, purposes and rules.
import assert from "node:assert/strict";
import * as daily from "./lib/daily.mjs";
import { inspect } from "./lib/inspect.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const SALES = "Catalog Sales Data";
const PRODUCER = "Sales producer project";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

/** Fills in a form that gives access to a person. */
async function fillGrant(page, { username, reason }) {
  await page.getByLabel(/^person$/i).last().fill(username);
  await page.getByLabel(/^reason/i).fill(reason);
}

async function tryIt(page) {
  await portal.press(page, /^preview$/i);
  await portal.seesHeading(page, /who gains, who loses/i);
}

chapter("an owner puts a tag on a column and sees what hangs on it", async () => {
  await visitAs("olga", async (page, guard) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^tags/i);
    await inspect(page, "tags");
    await page.getByLabel(/^where$/i).selectOption({ index: 1 });
    await page.getByLabel(/^tag$/i).fill("pii=order");
    await tryIt(page);
    await inspect(page, "tags-preview");
    await portal.press(page, /^do it$/i);
    await portal.sees(page, "The tag is on");
    await portal.follow(page, /take off pii=order/i);
    await portal.seesHeading(page, /take pii=order off/i);
    await guard.allowing([422], async () => {
      await portal.press(page, /^do it$/i);
      await portal.sees(page, "say why", { exact: false });
    });
    await inspect(page, "tags-reason");
  });
});

chapter("an owner gives a whole database, and takes it back", async () => {
  await visitAs("olga", async (page) => {
    await portal.openProject(page, PRODUCER, "Environments");
    await portal.follow(page, /^access/i);
    await inspect(page, "database-access-none");
    await portal.follow(page, /^give access$/i);
    await fillGrant(page, { username: "ann", reason: "She counts the stock of the whole lake" });
    await tryIt(page);
    await inspect(page, "database-grant-preview");
    await portal.press(page, /^give access$/i);
    await portal.sees(page, "She counts the stock");
    await inspect(page, "database-access");
  });
});

chapter("the explorer tells by person, by column and by tag", async () => {
  await visitAs("olga", async (page) => {
    await page.goto("/permissions?person=ann");
    await portal.sees(page, "She counts the stock");
    await page.locator("details").last().locator("summary").click();
    await inspect(page, "permissions-person");
    await portal.follow(page, "By asset and column");
    await inspect(page, "permissions-assets");
    await portal.follow(page, SALES);
    await inspect(page, "permissions-asset");
    await page.locator("tbody a").first().click();
    await portal.seesHeading(page, /who sees/i);
    await inspect(page, "permissions-column");
    await page.goto("/permissions/tags");
    await inspect(page, "permissions-tag-none");
    await page.getByRole("textbox", { name: "Tag" }).fill("pii");
    await portal.press(page.getByRole("search", { name: "Find by tag" }), /^show$/i);
    await portal.sees(page, SALES);
    await inspect(page, "permissions-tag");
  });
  await visitAs("ann", async (page) => {
    await page.goto("/permissions");
    await portal.seesHeading(page, /what you may read/i);
    assert.equal(await page.getByLabel("Whose reading").count(), 0, "she reviews nobody");
    await inspect(page, "permissions-own");
  });
});

chapter("an earlier day is asked for on the page of the asset", async () => {
  await visitAs("olga", async (page) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^access/i);
    await portal.follow(page, /^who reads what, and why$/i);
    await inspect(page, "why");
    await portal.follow(page, /on an earlier day/i);
    await page.getByLabel(/^person$/i).fill("ann");
    await page.getByLabel(/^day$/i).fill("2020-01-01");
    await page.getByLabel(/^compared with/i).fill(new Date().toISOString().slice(0, 10));
    await portal.press(page, /^show$/i);
    await portal.seesHeading(page, /what changed for/i);
    await inspect(page, "past-change");
  });
});

chapter("the audit is searched, and an event opened", async () => {
  await visitAs("aud", async (page, guard) => {
    await page.goto("/audit?words=counts+the+stock");
    await portal.sees(page, "Grant created");
    assert.match(page.url(), /words=counts/);
    await inspect(page, "audit-found");
    await portal.follow(page, "Grant created");
    await portal.seesHeading(page, "Grant created");
    await inspect(page, "audit-event");
    await guard.allowing([422], () => page.goto("/audit?subject=nothing"));
    await portal.sees(page, "REQ-000123");
    await inspect(page, "audit-wrong");
    await page.goto("/audit?words=no+such+thing+anywhere");
    await portal.sees(page, "No event fits");
    await inspect(page, "audit-none");
  });
});

chapter("reviews, purposes and rules stand in every look", async () => {
  await visitAs("olga", async (page) => {
    await page.goto("/reviews");
    await inspect(page, "reviews-none");
    await page.goto("/reviews/new");
    await inspect(page, "reviews-new");
    await page.getByLabel(/^title$/i).fill("Access in the last quarter");
    await page.getByLabel(/^over$/i).selectOption({ label: `Project: ${PRODUCER}` });
    await page.getByLabel(/^due$/i).fill("2030-06-01");
    await portal.press(page, /^start$/i);
    await portal.seesHeading(page, "Access in the last quarter");
    await inspect(page, "review");
    await page.goto("/reviews");
    await inspect(page, "reviews");
  });
  await visitAs("aud", async (page) => {
    await page.goto("/purposes");
    await inspect(page, "purposes");
  });
});
