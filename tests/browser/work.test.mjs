// Daily work with data that is there: marks, questions, columns that arrive later, links to queries, who takes rows
// away, what asks before it acts, and another owner.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import * as daily from "./lib/daily.mjs";
import * as deeds from "./lib/deeds.mjs";
import { inspect } from "./lib/inspect.mjs";
import { continueAs, DEMO_PEOPLE } from "./lib/people.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration, fileBelow } from "./lib/scene.mjs";

const SALES = "Catalog Sales Data";
const COMPANIES = "Companies";
const PRODUCER = "Sales producer project";
const CONSUMER = "Marketing consumer project";
const FIRST = "gift_note";
const SECOND = "loyalty_points";
const REFUSED = [403, 404, 422];
const FEW = "select * from companies limit 3";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

chapter("what one bookmarks stands on the first page, until one takes it back", async () => {
  await visitAs("ann", async (page) => {
    assert.deepEqual(await daily.bookmarks(page), []);
    for (const title of [SALES, COMPANIES]) {
      await portal.openAsset(page, title);
      await daily.mark(page, /^bookmark/i, true);
    }
    await inspect(page, "asset-bookmarked");
    assert.deepEqual(await daily.bookmarks(page), [COMPANIES, SALES], "the latest first");
    await inspect(page, "home-bookmarks");
    await portal.follow(page.getByRole("region", { name: "Bookmarks" }), COMPANIES);
    await daily.mark(page, /^bookmark/i, false);
    assert.deepEqual(await daily.bookmarks(page), [SALES]);
  });
  await visitAs("mark", async (page) => assert.deepEqual(await daily.bookmarks(page), [], "bookmarks are one's own"));
});

chapter("who watches is told of a change, who does not is not", async () => {
  await visitAs("ann", async (page) => {
    await portal.openAsset(page, SALES);
    await daily.mark(page, /^watch/i, true);
  });
  await visitAs("olga", async (page) => {
    await deeds.openEdit(page, SALES);
    await page.getByLabel(/^description/i).first().fill("Orders of the printed catalogue, fed twice a night.");
    await portal.press(page, /^save$/i);
    await portal.sees(page.getByRole("main"), "fed twice a night");
  });
  await visitAs("ann", async (page) => {
    await daily.openNotices(page);
    await inspect(page, "notices-changed");
    await portal.follow(page.getByRole("main"), `${SALES} changed`);
    await portal.sees(page.getByRole("main"), "fed twice a night");
  });
  await visitAs("mark", async (page) => {
    await daily.openNotices(page);
    assert.equal(await page.getByRole("main").getByText(`${SALES} changed`).count(), 0);
  });
});

chapter("a question reaches the owner, its answer the one who asked, and both everybody who finds the data", async () => {
  const question = "Are returned orders in it?";
  const words = "No, returns are booked elsewhere.";
  await visitAs("ann", async (page) => {
    await daily.ask(page, { title: SALES, question });
    await inspect(page, "question-asked");
  });
  await visitAs("olga", async (page) => {
    await daily.openNotice(page, `A question about ${SALES}`);
    await daily.answer(page, words);
    await inspect(page, "question-answered");
  });
  await visitAs("ann", async (page) => {
    await daily.openNotice(page, `Your question about ${SALES} was answered`);
    await daily.openTab(page, /^questions/i);
    await portal.sees(page.getByRole("list"), words);
  });
  await visitAs("mark", async (page) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^questions/i);
    for (const text of [question, words]) await portal.sees(page.getByRole("list"), text);
    assert.equal(await page.getByRole("button", { name: /^answer$/i }).count(), 0, "only editors answer");
  });
});

/** Gives the file of the orders two more columns, as a supplier would. */
async function widenFile() {
  const path = await fileBelow(scene.folder, "catalog_sales.csv");
  const [head, ...rows] = (await readFile(path, "utf8")).trim().split(/\r?\n/);
  const wider = [`${head},${FIRST},${SECOND}`, ...rows.map((row, at) => `${row},note ${at},${at}`)];
  await writeFile(path, `${wider.join("\n")}\n`);
}

chapter("columns that arrive later are closed to others", async () => {
  await visitAs("olga", async (page) => {
    await portal.goTo(page, /^inbox/i);
    await page.getByRole("main").getByRole("listitem").filter({ hasText: SALES }).getByRole("link").first().click();
    await portal.approve(page, "Fits the purpose");
    await widenFile();
    await daily.runAgain(page, { project: PRODUCER, source: "Catalogue orders", runs: 2 });
    assert.ok((await daily.columnsOf(page, SALES)).includes(FIRST), "its own project sees what arrived");
    await inspect(page, "asset-pending");
  });
  await visitAs("mark", async (page, guard) => {
    const columns = await daily.columnsOf(page, SALES);
    assert.ok(columns.includes("quantity") && !columns.includes(FIRST) && !columns.includes(SECOND), `${columns}`);
    await guard.allowing(REFUSED, () => portal.refusalOf(page, `select ${FIRST} from catalog_sales`));
  });
});

chapter("the owner releases one of them, the steward the other, and others read what is released", async () => {
  await visitAs("olga", async (page) => {
    await daily.openRelease(page, { title: SALES, waiting: 2 });
    await inspect(page, "asset-release");
    await page.getByRole("main").getByLabel(new RegExp(`^${SECOND}`)).uncheck();
    await portal.press(page, /^release$/i);
    await portal.sees(page.getByRole("status"), /^the columns are open/i);
  });
  await visitAs("mark", async (page, guard) => {
    assert.equal(await portal.rowsOf(page, `select ${FIRST} from catalog_sales`), 11);
    await guard.allowing(REFUSED, () => portal.refusalOf(page, `select ${SECOND} from catalog_sales`));
  });
  await visitAs("stella", async (page) => {
    await daily.openPending(page);
    await portal.sees(page.getByRole("row").filter({ hasText: SALES }), SECOND);
    await inspect(page, "bench-pending");
    await portal.follow(page.getByRole("row").filter({ hasText: SALES }), /^open grid/i);
    await page.getByRole("main").getByLabel(new RegExp(`^${SECOND}`)).check();
    await inspect(page, "bench-release");
    await portal.press(page, /^release chosen$/i);
    await page.getByText(/pending column/i).waitFor({ state: "detached" });
  });
  await visitAs("mark", async (page) => {
    assert.equal(await portal.rowsOf(page, `select ${SECOND} from catalog_sales`), 11);
    assert.ok((await daily.columnsOf(page, SALES)).includes(SECOND));
  });
});

chapter("a link to a query carries its text, and everybody runs it with rights of his own", async () => {
  let link;
  await visitAs("mark", async (page) => {
    assert.equal(await portal.rowsOf(page, FEW), 3);
    link = await daily.copyLink(page);
    assert.ok(link.startsWith(`${scene.server.url}/query?`), link);
  });
  await scene.visit(async (page) => {
    await page.goto(link);
    await continueAs(page, "ann");
    assert.equal(await daily.sqlText(page), FEW, "signing in leads back to the link");
    await portal.press(page, /^run$/i);
    await portal.sees(page.getByRole("main"), /^3 rows/i);
    await inspect(page, "query-link");
  });
  await visitAs("aud", async (page, guard) => {
    await page.goto(link);
    assert.equal(await daily.sqlText(page), FEW);
    await portal.sees(page.getByRole("main"), "Choose a project");
    await guard.allowing([400], async () => {
      await portal.press(page, /^run$/i);
      await portal.sees(page.getByRole("main").getByRole("alert"), /did not run/i);
    });
    await inspect(page, "query-link-refused");
  });
});

chapter("a viewer looks at rows and is told that he cannot take them away", async () => {
  await visitAs("mark", (page) => deeds.invite(page, { project: CONSUMER, username: "aud", role: "Viewer" }));
  await visitAs("aud", async (page, guard) => {
    await deeds.answerInvitation(page, CONSUMER, "Accept");
    await portal.actIn(page, CONSUMER);
    assert.equal(await portal.rowsOf(page, FEW), 3);
    assert.equal(await page.getByText(/^download$/i).isVisible(), false, "no download is offered to him");
    const address = `/query/${await daily.latestResult(page)}/download?format=csv`;
    await guard.allowing([403], async () => {
      assert.equal((await page.goto(address)).status(), 403);
      await portal.sees(page.getByRole("main"), /not take it away as a file/i);
      await portal.sees(page.getByRole("main"), /make you a contributor/i);
      await inspect(page, "download-refused");
    });
  });
  await visitAs("ann", async (page) => {
    assert.equal(await portal.rowsOf(page, FEW), 3);
    assert.equal((await deeds.download(page, /^csv/i)).trim().split(/\r?\n/).length, 4, "a head and three rows");
  });
});

const memberRow = (page, username) => page.getByRole("row").filter({ hasText: DEMO_PEOPLE[username] });

chapter("what cannot be undone asks before, and going back changes nothing", async () => {
  await visitAs("mark", async (page) => {
    await portal.openProject(page, CONSUMER, /^members/i);
    await portal.follow(memberRow(page, "aud"), /^remove/i);
    await portal.seesHeading(page, `Remove ${DEMO_PEOPLE.aud} from ${CONSUMER}?`);
    await inspect(page, "confirm-remove-member");
    await portal.follow(page.getByRole("main"), /^keep$/i);
    await memberRow(page, "aud").waitFor();
  });
  await visitAs("olga", async (page) => {
    await portal.openAsset(page, COMPANIES);
    await daily.openTab(page, /^access/i);
    await portal.follow(page.getByRole("row").filter({ hasText: CONSUMER }), /^take back/i);
    await page.getByLabel(/^reason/i).fill("Not meant");
    await inspect(page, "confirm-take-back");
    await portal.follow(page.getByRole("main"), /^keep$/i);
    await deeds.openEdit(page, COMPANIES);
    await portal.follow(page.getByRole("main"), /^archive/i);
    await page.getByLabel(/^type .* to confirm$/i).fill("Another name");
    assert.ok(await page.getByRole("button", { name: /^archive$/i }).isDisabled(), "a wrong name archives nothing");
    await inspect(page, "confirm-archive");
    await portal.follow(page.getByRole("main"), /^keep$/i);
    await page.getByRole("heading", { level: 1, name: /published/i }).waitFor();
  });
  await visitAs("aud", async (page) => assert.equal(await portal.rowsOf(page, FEW), 3, "all is as it was"));
});

chapter("the owner masks a column: everybody reads the mask, until she lifts it", async () => {
  const few = "select quantity from catalog_sales where quantity < 999999999";
  await visitAs("olga", async (page, guard) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^access/i);
    await portal.follow(page.getByRole("main"), /^restrict$/i);
    await page.getByRole("main").getByLabel(/^quantity /).check();
    await page.getByLabel(/^what masked columns show/i).selectOption("show-last-4");
    await page.getByLabel(/^reason/i).fill("Nobody needs single quantities");
    await inspect(page, "asset-restrict");
    await guard.allowing([422], async () => {
      await portal.press(page, /^restrict$/i);
      await portal.sees(page.getByRole("main"), /is not defined for bigint/i);
    });
    await page.getByLabel(/^what masked columns show/i).selectOption("mask-to-fixed-value");
    await portal.press(page, /^restrict$/i);
    await page.getByRole("row").filter({ hasText: "Masked" }).waitFor();
    await inspect(page, "asset-restricted");
  });
  await visitAs("mark", async (page) => assert.equal(await portal.rowsOf(page, few), 0, "all show 999999999"));
  await visitAs("olga", async (page) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^access/i);
    await portal.press(page.getByRole("row").filter({ hasText: "Masked" }), /^lift/i);
    await page.getByRole("row").filter({ hasText: "Masked" }).getByText(/^lifted/).waitFor();
  });
  await visitAs("mark", async (page) => assert.equal(await portal.rowsOf(page, few), 11));
});

chapter("the owner gives a colleague one column, he asks why he reads it, and she takes it back", async () => {
  const given = "select * from publish_environment_pub.catalog_sales";
  await visitAs("mark", async (page, guard) => guard.allowing([422], () => portal.refusalOf(page, given)));
  await visitAs("olga", async (page, guard) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^access/i);
    await portal.follow(page.getByRole("main"), /^give access$/i);
    await page.getByRole("textbox", { name: /^person/i }).or(page.getByRole("combobox", { name: /^person/i })).fill("mark");
    await page.getByLabel(/^only the chosen ones/i).check();
    await page.getByLabel(/^quantity /).check();
    await inspect(page, "asset-give");
    await page.getByLabel(/^reason/i).fill("He plans by quantity alone");
    await page.getByLabel(/^only rows where/i).fill("nonsense > 3");
    await guard.allowing([422], async () => {
      await portal.press(page, /^give access$/i);
      await portal.sees(page.getByRole("main"), /no column nonsense/i);
    });
    await page.getByLabel(/^only rows where/i).fill("");
    await portal.press(page, /^give access$/i);
    await page.getByRole("row").filter({ hasText: "He plans by quantity alone" }).waitFor();
    await inspect(page, "asset-given");
    await portal.follow(page.getByRole("main"), /who reads what/i);
    await inspect(page, "asset-why-owner");
  });
  await visitAs("mark", async (page) => {
    assert.equal(await portal.rowsOf(page, given), 11);
    await page.goto(new URL("/account/access", page.url()).href);
    await portal.sees(page.getByRole("main"), /given without a request/i);
    await inspect(page, "access-given");
    await portal.openAsset(page, SALES);
    await portal.follow(page.getByRole("main"), /^why\?$/i);
    await page.getByRole("row").filter({ hasText: "quantity" }).getByText("Whole").waitFor();
    await inspect(page, "asset-why");
  });
  await visitAs("olga", async (page) => {
    await portal.openAsset(page, SALES);
    await daily.openTab(page, /^access/i);
    const row = page.getByRole("row").filter({ hasText: "He plans by quantity alone" });
    await portal.press(row, /^take back/i);
    await row.getByText(/^ended/).waitFor();
  });
  await visitAs("mark", async (page, guard) => guard.allowing([422], () => portal.refusalOf(page, given)));
});

chapter("who is removed reads nothing any more", async () => {
  await visitAs("mark", async (page) => {
    await portal.openProject(page, CONSUMER, /^members/i);
    await portal.follow(memberRow(page, "aud"), /^remove/i);
    await portal.press(page, /^remove$/i);
    await memberRow(page, "aud").waitFor({ state: "detached" });
  });
  await visitAs("aud", async (page, guard) => {
    assert.equal(await deeds.isIn(page, CONSUMER), false);
    await guard.allowing([400], () => portal.refusalOf(page, FEW));
  });
});

chapter("the project is handed over: the heir manages it, the former owner no longer", async () => {
  await visitAs("mark", async (page) => {
    await portal.openProject(page, CONSUMER, /^members/i);
    await inspect(page, "members-owner");
    await daily.handOver(page, DEMO_PEOPLE.ann);
    await portal.sees(page.getByRole("main"), /you are a contributor/i);
    assert.equal(await page.getByRole("button", { name: /^invite$/i }).count(), 0);
    await inspect(page, "members-handed-over");
  });
  await visitAs("ann", async (page) => {
    await portal.openProject(page, CONSUMER, /^members/i);
    await portal.sees(page.getByRole("main"), /you are an owner/i);
    await page.getByRole("button", { name: /^invite$/i }).waitFor();
    await memberRow(page, "mark").getByLabel(/^role of/i).waitFor();
  });
});
