// Work that is done later: a run that fails is watched, mended and tried again; a call from outside starts one; the
// administrator looks after the queue.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import { inspect } from "./lib/inspect.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration, fileBelow } from "./lib/scene.mjs";

const PRODUCER = "Sales producer project";
const SOURCE = "Catalogue orders";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

/** The folder that the data source looks through. */
let folder;

async function openSource(page) {
  await portal.openProject(page, PRODUCER, /^data sources/i);
  await portal.follow(page.getByRole("main"), SOURCE);
}

/** The latest run of the source that is open. */
async function openLatestRun(page) {
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await portal.seesHeading(page, /^look for tables/i);
}

/** Posts a signed call, as a program outside would. */
async function call(address, secret) {
  const [body, time, nonce] = ["{}", String(Math.floor(Date.now() / 1000)), randomUUID()];
  const signature = createHmac("sha256", secret).update(`${time}.${nonce}.${body}`).digest("hex");
  const headers = {
    "content-type": "application/json",
    "lakegate-timestamp": time,
    "lakegate-nonce": nonce,
    "lakegate-signature": `v1=${signature}`,
  };
  return fetch(new URL(address, scene.server.url), { method: "POST", headers, body });
}

chapter("a run fails, and its page says why", async () => {
  folder = dirname(await fileBelow(scene.folder, "catalog_sales.csv"));
  await rename(folder, `${folder}-aside`);
  await visitAs("olga", async (page) => {
    await openSource(page);
    await portal.press(page, /^run now$/i);
    await page.getByRole("row").filter({ hasText: /failed/i }).first().waitFor();
    await openLatestRun(page);
    await portal.sees(page, "What went wrong");
    await inspect(page, "run-failed");
    await portal.goTo(page, /^jobs$/i);
    await portal.follow(page.getByRole("main"), /^to look after/i);
    await inspect(page, "jobs-dead");
    assert.equal(await page.getByRole("row").filter({ hasText: SOURCE }).count(), 1);
  });
});

chapter("its definition is mended, it is tried again and watched to its end", async () => {
  await visitAs("olga", async (page) => {
    await openSource(page);
    await page.getByText(/^change name, location/i).click();
    const location = page.getByLabel(/^location/i);
    await location.fill((await location.inputValue()).replace(/\/$/, "-aside/"));
    await portal.press(page, /^save$/i);
    await portal.sees(page, "Source saved");
    await portal.goTo(page, /^jobs$/i);
    await portal.follow(page.getByRole("main"), /^to look after/i);
    await portal.follow(page.getByRole("main"), new RegExp(SOURCE));
    await portal.press(page, /^try again$/i);
    await portal.sees(page.getByRole("main"), "Succeeded");
    await portal.sees(page, "Tries anew");
    await inspect(page, "run-again");
    await portal.goTo(page, /^jobs$/i);
    await portal.follow(page.getByRole("main"), /^to look after/i);
    assert.equal(await page.getByRole("row").filter({ hasText: SOURCE }).count(), 0);
  });
});

chapter("a call from outside starts a run", async () => {
  await visitAs("olga", async (page, guard) => {
    await openSource(page);
    await portal.follow(page, /^new trigger$/i);
    await inspect(page, "trigger-new");
    await portal.follow(page, /^somebody calls$/i);
    await page.getByLabel(/^name/i).fill("Deliveries");
    await page.getByLabel(/^events for a run/i).fill("0");
    await guard.allowing([422], async () => {
      await portal.press(page, /^create trigger$/i);
      await portal.sees(page, "this is 1 to 1000");
    });
    await page.getByLabel(/^events for a run/i).fill("1");
    await portal.press(page, /^create trigger$/i);
    await portal.sees(page, "Copy this secret now");
    const secret = (await page.getByText(/^lgh_/).first().innerText()).trim();
    await inspect(page, "trigger-secret");
    await portal.follow(page, /^done$/i);
    await portal.sees(page, "Nothing yet");
    const address = (await page.getByText(/^\/api\/v1\/hooks\//).innerText()).trim();
    assert.equal((await call(address, "not the secret")).status, 401);
    assert.equal((await call(address, secret)).status, 202);
    await page.reload();
    await inspect(page, "trigger");
    await portal.follow(page, /^its run$/i);
    await portal.sees(page.getByRole("main"), "Succeeded");
    await portal.sees(page, "What started it");
    await inspect(page, "run-by-trigger");
  });
});

chapter("the trigger is turned off, and goes", async () => {
  await visitAs("olga", async (page) => {
    await openSource(page);
    await inspect(page, "source-with-trigger");
    await portal.follow(page.getByRole("main"), "Deliveries");
    await page.getByText("Change it").click();
    await page.getByLabel(/^it is on/i).uncheck();
    await portal.press(page, /^save$/i);
    await portal.sees(page, "Trigger saved");
    await portal.sees(page.getByRole("main"), /^Off$/);
    await page.getByText("Remove this trigger").click();
    await portal.press(page, /^remove trigger$/i);
    await portal.sees(page, "Deliveries is gone");
  });
});

chapter("the administrator holds work up and lets it go on", async () => {
  await visitAs("ada", async (page) => {
    await portal.goTo(page, /^jobs$/i);
    await inspect(page, "jobs-of-all");
    await portal.follow(page.getByRole("main"), /queue and workers/i);
    await inspect(page, "queue");
    const crawl = page.getByRole("row").filter({ hasText: "crawl" });
    await crawl.getByText("Hold up").first().click();
    await crawl.getByLabel(/^why/i).fill("The disk is looked after");
    await portal.press(crawl, /^hold up$/i);
    await portal.sees(crawl, "The disk is looked after");
    await inspect(page, "queue-held-up");
    await portal.press(crawl, /^let it go on$/i);
    assert.equal(await crawl.getByText("Held up").count(), 0);
  });
});
