// What other programs report: somebody looks at it, decides what it is, and sees it in the picture.
import assert from "node:assert/strict";
import { inspect } from "./lib/inspect.mjs";
import { accessToken, DEMO_PASSWORD } from "./lib/people.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const PRODUCER = "Sales producer project";
const RUN = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

async function openReported(page) {
  await portal.openProject(page, PRODUCER, /^data sources/i);
  await portal.follow(page.getByRole("main"), /^reported datasets$/i);
}

const topic = { namespace: "kafka://broker:9092", name: "orders", facets: {
  schema: { fields: [{ name: "order_no", type: "long" }, { name: "units", type: "int" }] },
  ownership: { owners: [{ name: "team:shop" }] } } };
const columnLineage = { fields: { quantity: { inputFields: [
  { namespace: topic.namespace, name: topic.name, field: "units", transformations: [{ type: "DIRECT", subtype: "IDENTITY" }] }] } } };
const target = { namespace: "postgres://prod:5432", name: "shop.public.catalog_sales", facets: { columnLineage } };

const event = (eventType, second, further = {}) => ({
  eventType, eventTime: `2026-05-03T10:00:${second}Z`, producer: "https://example.org/loader",
  run: { runId: RUN, facets: further.run ?? {} },
  job: { namespace: "nightly", name: "load orders", facets: { jobType: { processingType: "BATCH", integration: "LOADER" } } },
  inputs: [topic], outputs: [target],
});

chapter("a loader reports a run", async () => {
  const token = await accessToken(scene.server.url, "olga", DEMO_PASSWORD);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const projects = await (await fetch(`${scene.server.url}/api/v1/projects`, { headers })).json();
  const project = projects.items.find((one) => one.name === PRODUCER);
  const failed = event("FAIL", "09", { run: { errorMessage: { message: "the broker did not answer" } } });
  failed.run.runId = RUN.replace("0190", "0191");
  const events = [event("START", "01"), event("COMPLETE", "07"), failed];
  const url = `${scene.server.url}/api/v1/lineage`;
  const said = await fetch(url, { method: "POST", headers: { ...headers, "lakegate-project": project.id }, body: JSON.stringify(events) });
  assert.equal((await said.json()).status, "success");
});

chapter("its runs are read, with why one failed", async () => {
  await visitAs("olga", async (page) => {
    await openReported(page);
    await portal.sees(page.getByRole("main"), "shop.public.catalog_sales");
    await inspect(page, "reported-datasets");
    await portal.follow(page.getByRole("main"), /^reported jobs$/i);
    await inspect(page, "reported-jobs");
    await portal.follow(page.getByRole("main"), "load orders");
    await portal.sees(page.getByRole("main"), "the broker did not answer");
    await portal.sees(page.getByRole("main"), /^completed$/i);
    await inspect(page, "reported-runs");
  });
});

chapter("a rule says which table it is, and the picture shows where that comes from", async () => {
  await visitAs("olga", async (page) => {
    await openReported(page);
    await page.getByLabel(/^namespace/i).fill("postgres://prod:5432");
    await page.getByLabel(/^prefix/i).fill("shop.public.");
    await portal.press(page, /^add rule$/i);
    await portal.sees(page.getByRole("main"), /^by a rule$/i);
    await portal.follow(page.getByRole("main"), "shop.public.catalog_sales");
    await inspect(page, "reported-dataset");
    await portal.follow(page.getByRole("main"), /catalog.sales/i);
    await portal.follow(page.getByRole("navigation", { name: /pages of this asset/i }), /^lineage$/i);
    const picture = page.getByRole("group", { name: /^lineage; arrow keys/i });
    await picture.getByRole("button", { name: /^orders,/ }).waitFor();
    await portal.sees(page.getByRole("main"), "is copied from");
    await portal.sees(page.getByRole("main"), /reported by/i);
    await inspect(page, "lineage-reported");
  });
});

chapter("somebody decides otherwise, and takes it back", async () => {
  await visitAs("olga", async (page) => {
    await openReported(page);
    await portal.follow(page.getByRole("main"), /^orders$/i);
    await page.getByLabel(/^a thing of its own/i).check();
    await portal.press(page, /^decide$/i);
    await portal.sees(page.getByRole("main"), /^decided: a thing of its own$/i);
    await inspect(page, "reported-decided");
    await portal.press(page, /^undo the decision$/i);
    await portal.sees(page.getByRole("main"), /^not known$/i);
  });
});
