// The main job of the product, clicked through by three people: bring a table in, publish it, find it, be refused,
// ask for it, approve, query, revoke, be refused again, and read it all in the audit.
import assert from "node:assert/strict";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { openBrowser, visit } from "./lib/browser.mjs";
import * as deeds from "./lib/deeds.mjs";
import { inspect, walk } from "./lib/inspect.mjs";
import { addPerson, PEOPLE, signIn } from "./lib/people.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters } from "./lib/scene.mjs";
import { startServer, temporaryFolder } from "./lib/server.mjs";

const CASES = new URL("../fixtures/cases/", import.meta.url).pathname;
const DOMAIN = "Retail";
const PRODUCER = "Sales producer project";
const CONSUMER = "Marketing consumer project";
const THIRD = "Third project";
const TITLE = "Catalog Sales Data";
const TABLE = "catalog_sales";
const COUNT = "select order_number from catalog_sales";
const NEWER = "Catalog Orders";

const story = { folder: "", server: undefined, browser: undefined, request: "" };
const chapter = chapters();

async function makeFolders() {
  story.folder = await temporaryFolder();
  for (const name of ["data", "sales", "marketing", "third"]) await mkdir(join(story.folder, name));
  await cp(join(CASES, "catalog_sales.csv"), join(story.folder, "sales", "catalog_sales.csv"));
}

before(async () => {
  await makeFolders();
  const dataDir = join(story.folder, "data");
  for (const person of Object.values(PEOPLE)) await addPerson(dataDir, person);
  story.server = await startServer({ dataDir, env: { LAKEGATE_SOURCES__ROOTS: JSON.stringify([story.folder]) } });
  story.browser = await openBrowser();
});

after(async () => {
  await story.browser?.close();
  await story.server?.stop();
  if (story.folder) await rm(story.folder, { recursive: true, force: true });
});

/** One visit: `who` signs in and does `step`; the page must have behaved all the time. */
const visitAs = (who, step) =>
  visit(story.browser, story.server.url, async (page, guard) => {
    await signIn(page, who.username, who.password);
    await step(page, guard);
  });

const location = (name) => `file://${join(story.folder, name)}/`;

async function prepareProject(page, { name, environment, folder }) {
  await portal.createProject(page, { name, domain: DOMAIN });
  await inspect(page, `project-${folder}`);
  await portal.createEnvironment(page, { project: name, name: environment, location: location(folder) });
}

async function refusedSignIn(page, guard, username) {
  await page.getByLabel(/^user ?name$/i).fill(username);
  await page.getByLabel(/^password$/i).fill("not the password");
  return guard.allowing([401, 422], async () => {
    await portal.press(page, /^sign in$/i);
    const alert = page.getByRole("alert").first();
    await alert.waitFor();
    return alert.textContent();
  });
}

chapter("the sign-in page is finished, and a wrong password is refused without a hint", async () => {
  await visit(story.browser, story.server.url, async (page, guard) => {
    await page.goto("/");
    await page.getByRole("button", { name: /^sign in$/i }).waitFor();
    await inspect(page, "sign-in");
    const known = await refusedSignIn(page, guard, PEOPLE.producer.username);
    await page.goto("/");
    const unknown = await refusedSignIn(page, guard, "nobody-of-this-name");
    assert.equal(known, unknown, "a known and an unknown name are refused alike");
  });
});

chapter("the administrator prepares a domain with a word of its own, and sees the place for files", async () => {
  await visitAs(PEOPLE.admin, async (page) => {
    await inspect(page, "home-empty");
    await portal.createDomain(page, DOMAIN);
    await inspect(page, "domain");
    await deeds.nameSteward(page, PEOPLE.admin.username);
    await deeds.defineTerm(page, { name: "Order", definition: "What a customer bought at once." });
    await inspect(page, "term");
    await portal.seesStorage(page, `file://${story.folder}`);
    await inspect(page, "storage");
  });
});

chapter("each of the three starts a project with an environment", async () => {
  const { producer, consumer, stranger } = PEOPLE;
  const projects = [
    { owner: producer, name: PRODUCER, environment: "publish-environment", folder: "sales" },
    { owner: consumer, name: CONSUMER, environment: "subscriber-environment", folder: "marketing" },
    { owner: stranger, name: THIRD, environment: "third-environment", folder: "third" },
  ];
  for (const project of projects) await visitAs(project.owner, (page) => prepareProject(page, project));
});

chapter("the producer's data source brings the table into the inventory", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.actIn(page, PRODUCER);
    const source = { project: PRODUCER, name: "sales files", environment: "publish-environment" };
    await portal.runDataSource(page, { ...source, location: location("sales"), table: TABLE });
    await inspect(page, "data-source-run");
  });
});

chapter("before it is published nobody else finds it", async () => {
  await visitAs(PEOPLE.consumer, async (page) => {
    assert.equal(await portal.search(page, "catalog sales"), 0);
    await inspect(page, "search-empty");
  });
});

chapter("the producer accepts the suggested names and publishes", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.actIn(page, PRODUCER);
    await portal.acceptNames(page, { project: PRODUCER, table: TABLE, expected: /order number/i });
    await inspect(page, "asset-edit");
    await portal.publish(page, { title: TITLE, description: "Orders of the catalogue." });
    await inspect(page, "asset-owner");
  });
});

chapter("the consumer finds it, is refused a query, and asks for access", async () => {
  await visitAs(PEOPLE.consumer, async (page, guard) => {
    await portal.actIn(page, CONSUMER);
    assert.equal(await portal.search(page, "catalog sales"), 1);
    await inspect(page, "search-hit");
    const refusal = await guard.allowing([403, 404, 422], () => portal.refusalOf(page, COUNT));
    const unknown = await guard.allowing([403, 404, 422], () => portal.refusalOf(page, COUNT.replace(TABLE, "no_such_table")));
    assert.equal(refusal, unknown.replace("no_such_table", TABLE), "hidden and unknown are refused alike");
    story.request = await portal.requestAccess(page, { title: TITLE, project: CONSUMER, reason: "Plan the spring campaign" });
    await inspect(page, "asset-requested");
  });
});

chapter("the owner asks back, the consumer answers and says more in the reason", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.openRequest(page, story.request);
    await deeds.say(page, /^ask for information/i, "Which countries?");
  });
  await visitAs(PEOPLE.consumer, async (page) => {
    await deeds.openOwnRequest(page, story.request);
    await portal.sees(page.getByRole("main"), "Which countries?");
    await inspect(page, "request-asked-back");
    await deeds.say(page, /^answer or add/i, "Only those we deliver to");
    await deeds.changeReason(page, "Plan the spring campaign where we deliver");
  });
});

chapter("an owner of the producer project sees who asks and why, and approves", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.openRequest(page, story.request);
    const main = page.getByRole("main");
    for (const fact of [PEOPLE.consumer.displayName, CONSUMER, "Plan the spring campaign"]) await portal.sees(main, fact);
    await inspect(page, "request-open");
    await portal.approve(page, "Fits the purpose");
    await inspect(page, "request-approved");
  });
});

chapter("the consumer queries eleven rows", async () => {
  await visitAs(PEOPLE.consumer, async (page) => {
    await portal.actIn(page, CONSUMER);
    assert.equal(await portal.rowsOf(page, COUNT), 11);
    await inspect(page, "query-result");
  });
});

chapter("a third project is still refused", async () => {
  await visitAs(PEOPLE.stranger, async (page, guard) => {
    await portal.actIn(page, THIRD);
    await guard.allowing([403, 404, 422], () => portal.refusalOf(page, COUNT));
    await inspect(page, "query-refused");
  });
});

chapter("after the revocation the next query is refused", async () => {
  await visitAs(PEOPLE.producer, (page) =>
    portal.revoke(page, { title: TITLE, project: CONSUMER, reason: "The campaign is over" }),
  );
  await visitAs(PEOPLE.consumer, async (page, guard) => {
    await portal.actIn(page, CONSUMER);
    await guard.allowing([403, 404, 422], () => portal.refusalOf(page, COUNT));
  });
});

chapter("the consumer takes one request back; the next is rejected, and he reads why", async () => {
  const wish = { title: TITLE, project: CONSUMER, reason: "Plan the autumn campaign" };
  let number;
  await visitAs(PEOPLE.consumer, async (page) => {
    await portal.requestAccess(page, wish);
    await deeds.withdraw(page);
    await inspect(page, "request-withdrawn");
    number = await portal.requestAccess(page, wish);
  });
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.openRequest(page, number);
    await deeds.reject(page, "Autumn data comes in September");
  });
  await visitAs(PEOPLE.consumer, async (page) => {
    await page.getByRole("link", { name: /^notices/i }).click();
    await page.getByRole("main").getByRole("link", { name: new RegExp(number) }).first().click();
    await portal.sees(page.getByRole("main"), "Autumn data comes in September");
    await inspect(page, "request-rejected");
  });
});

chapter("the stranger is invited, declines, joins, and leaves again", async () => {
  const invited = { project: PRODUCER, username: PEOPLE.stranger.username, role: "Contributor" };
  await visitAs(PEOPLE.producer, async (page) => {
    await deeds.invite(page, invited);
    await inspect(page, "members-invited");
  });
  await visitAs(PEOPLE.stranger, async (page) => {
    await deeds.answerInvitation(page, PRODUCER, "Decline");
    assert.equal(await deeds.isIn(page, PRODUCER), false);
  });
  await visitAs(PEOPLE.producer, (page) => deeds.invite(page, invited));
  await visitAs(PEOPLE.stranger, async (page) => {
    await inspect(page, "home-invited");
    await deeds.answerInvitation(page, PRODUCER, "Accept");
    assert.equal(await deeds.isIn(page, PRODUCER), true);
    await deeds.leave(page, PRODUCER);
    assert.equal(await deeds.isIn(page, PRODUCER), false);
  });
});

chapter("the producer writes words with the keyboard, and brings others in as CSV", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await deeds.openEdit(page, TITLE);
    await deeds.typeTitles(page, ["Number of the order", "Pieces"]);
    await deeds.wordsOutAndIn(page, (text) => text.replace("Pieces", "Pieces ordered"));
    await page.getByRole("cell", { name: "Pieces ordered" }).waitFor();
    await inspect(page, "asset-words");
  });
});

chapter("the producer uploads a newer table and deprecates the first in its favour", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    const file = join(CASES, "catalog_sales.csv");
    await deeds.upload(page, { project: PRODUCER, file, table: "catalog_orders", title: NEWER, description: "Orders, newer." });
    await portal.publish(page, { title: NEWER, description: "Orders of the catalogue, newer." });
    const successor = page.url();
    await deeds.openEdit(page, TITLE);
    await deeds.deprecate(page, { note: "Prices are wrong before May", successor });
    await inspect(page, "asset-deprecated");
  });
  await visitAs(PEOPLE.consumer, async (page) => {
    await portal.openAsset(page, TITLE);
    await portal.sees(page.getByRole("main"), "Prices are wrong before May");
    await portal.follow(page.getByRole("main"), NEWER);
    await portal.seesHeading(page, NEWER);
  });
});

chapter("a query is kept and found again; its result is taken as CSV; the newer table is put away", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.actIn(page, PRODUCER);
    assert.equal(await portal.rowsOf(page, COUNT), 11);
    const text = await deeds.download(page, /^csv/i);
    assert.equal(text.trim().split(/\r?\n/).length, 12, "a head and eleven rows");
    await deeds.saveQuery(page, "All orders");
    await portal.openProject(page, PRODUCER, /^queries/i);
    await portal.sees(page.getByRole("main"), COUNT);
    await deeds.openEdit(page, NEWER);
    await deeds.archive(page, NEWER);
  });
});

chapter("the GraphQL explorer runs a query", async () => {
  await visitAs(PEOPLE.consumer, async (page) => {
    assert.match(await deeds.explore(page), new RegExp(`"me":\\{"name":"${PEOPLE.consumer.username}"`));
    await inspect(page, "graphql-explorer");
  });
});

chapter("every page stands the hardest look: dark, on a phone", async () => {
  // The explorer draws itself after the page has loaded; its own chapter looks at it.
  const seen = new Set(["/graphiql"]);
  let pages = 0;
  await visitAs(PEOPLE.producer, async (page) => {
    pages += await walk(page, ["/", "/confirm", "/domains", "/bench", "/query/history", "/search?q=sales"], seen);
  });
  await visitAs(PEOPLE.admin, async (page) => {
    pages += await walk(page, ["/admin/users", "/domains/new", "/glossary/new"], seen);
  });
  assert.ok(pages > 50, `only ${pages} pages were found`);
});

chapter("the audit tells each step", async () => {
  await visitAs(PEOPLE.producer, async (page) => {
    await portal.goTo(page, /^audit/i);
    const events = page.getByRole("table");
    const deeds = [/^asset published$/i, /^access requested$/i, /^request approved$/i, /^table queried$/i, /^subscription revoked$/i];
    for (const deed of deeds) await portal.sees(events, deed);
    await portal.sees(events, story.request);
    await inspect(page, "audit");
  });
  await visitAs(PEOPLE.stranger, async (page) => {
    await portal.goTo(page, /^audit/i);
    const refused = page.getByRole("row").filter({ hasText: /denied/i });
    await portal.sees(refused, /^(queried|query ended|table queried)$/i);
  });
});
