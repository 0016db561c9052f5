// Keys: an owner declares what identifies a row and takes up what is suggested; rows as GraphQL follow.
import assert from "node:assert/strict";
import { inspect } from "./lib/inspect.mjs";
import { accessToken, DEMO_PASSWORD } from "./lib/people.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration } from "./lib/scene.mjs";

const PROJECT = "Market research project";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

async function openKeys(page, title) {
  await portal.openAsset(page, title);
  await portal.follow(page.getByRole("navigation", { name: /pages of this asset/i }), /^keys$/i);
}

/** Asks for rows as somebody who acts in the project that owns them. */
async function rows(query) {
  const token = await accessToken(scene.server.url, "olga", DEMO_PASSWORD);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const projects = await (await fetch(`${scene.server.url}/api/v1/projects`, { headers })).json();
  headers["lakegate-project"] = projects.items.find((one) => one.name === PROJECT).id;
  const answer = await fetch(`${scene.server.url}/data/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  return answer.json();
}

chapter("a key that names no column is told so, and what was typed stays", async () => {
  await visitAs("olga", async (page, guard) => {
    await openKeys(page, "Company owners");
    const field = page.getByLabel(/^columns of the key/i);
    await field.fill("people_number");
    await guard.allowing([422], async () => {
      await portal.press(page, /^save$/i);
      await page.locator("[aria-invalid]").waitFor();
    });
    assert.deepEqual([await field.inputValue(), await field.getAttribute("aria-invalid")], ["people_number", "true"]);
    await inspect(page, "keys-wrong");
  });
});

chapter("an owner declares what identifies a row, and takes up a suggestion", async () => {
  await visitAs("olga", async (page) => {
    await openKeys(page, "Company owners");
    await page.getByLabel(/^columns of the key/i).fill("people_id");
    await portal.press(page, /^save$/i);
    await portal.sees(page.getByRole("main"), /^primary key$/i);
    await openKeys(page, "Companies");
    await inspect(page, "keys-suggested");
    await portal.press(page, /^declare owner_id$/i);
    await portal.sees(page.getByRole("region", { name: /^keys$/i }), "owner_id");
    await inspect(page, "keys");
  });
});

chapter("rows as GraphQL lead from a company to its owner", async () => {
  const { data } = await rows("{ _tables { field relations { field } } }");
  const companies = data._tables.find((table) => table.field.endsWith("__companies"));
  const [relation] = companies.relations;
  assert.match(relation.field, /__owners__of__owner_id$/);
  const found = await rows(`{ ${companies.field}(first: 3) { nodes { owner_id ${relation.field} { people_id } } } }`);
  const nodes = found.data[companies.field].nodes;
  assert.equal(nodes.length, 3);
  for (const node of nodes) assert.equal(node[relation.field].people_id, node.owner_id);
});
