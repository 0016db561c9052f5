// Daily work in the portal: marks, questions, links to queries, columns that arrive later, tokens, sessions.
import assert from "node:assert/strict";
import { follow, goTo, openAsset, openProject, press, sees, seesHeading } from "./portal.mjs";

/** Switches a mark of the asset whose page is open: /^bookmark/ or /^watch/. */
export async function mark(page, name, on) {
  const button = page.getByRole("main").getByRole("button", { name });
  assert.equal(await button.getAttribute("aria-pressed"), String(!on));
  await button.click();
  await page.getByRole("main").getByRole("button", { name, pressed: on }).waitFor();
}

/** The titles that stand on the first page as bookmarks. */
export async function bookmarks(page) {
  await goTo(page, /^home/i);
  await seesHeading(page, /^what is new$/i);
  const links = page.getByRole("region", { name: "Bookmarks" }).getByRole("link");
  return (await links.allTextContents()).map((title) => title.trim());
}

/** Opens a tab of the asset whose page is open. */
export const openTab = (page, name) => follow(page.getByRole("navigation", { name: "Pages of this asset" }), name);

export async function openNotices(page) {
  await page.getByRole("banner").getByRole("link", { name: /^notices/i }).click();
  await page.getByRole("heading", { level: 1, name: "Notices" }).waitFor();
}

/** Opens what a notice is about. */
export async function openNotice(page, title) {
  await openNotices(page);
  await follow(page.getByRole("main"), title);
}

/** Asks the owner of an asset. */
export async function ask(page, { title, question }) {
  await openAsset(page, title);
  await follow(page.getByRole("main"), /^ask a question/i);
  await page.getByLabel(/^your question/i).fill(question);
  await press(page, /^send question$/i);
  await sees(page.getByRole("list"), question);
}

/** Answers the latest question of the asset whose page is open. */
export async function answer(page, words) {
  await openTab(page, /^questions/i);
  await page.getByLabel("Answer", { exact: true }).first().fill(words);
  await press(page, /^answer$/i);
  await sees(page.getByRole("list"), words);
}

/** Runs a data source again and waits until it has `runs` runs that succeeded. */
export async function runAgain(page, { project, source, runs }) {
  await openProject(page, project, /^data sources/i);
  await follow(page.getByRole("main"), source);
  await press(page, /^run now$/i);
  await page.getByRole("row").filter({ hasText: /succeeded/i }).nth(runs - 1).waitFor();
}

/** Opens the form of the columns that wait to be released, as an editor of the asset finds it. */
export async function openRelease(page, { title, waiting }) {
  await openAsset(page, title);
  await follow(page.getByRole("main"), `${waiting} to release`);
  await seesHeading(page, /^columns to release$/i);
}

/** Opens the list of columns that wait, which editors and stewards have. */
export async function openPending(page) {
  await goTo(page, /^to describe/i);
  await follow(page.getByRole("navigation", { name: "What is missing" }), /^pending/i);
}

/** Names of the columns that the page of an asset lists. */
export async function columnsOf(page, title) {
  await openAsset(page, title);
  const heads = page.getByRole("region", { name: "Columns", exact: true }).getByRole("rowheader");
  return (await heads.allInnerTexts()).map((words) => words.trim().split(/\s+/).at(-1));
}

/** What the text field of the editor holds. */
export async function sqlText(page) {
  const field = page.getByRole("main").getByRole("textbox", { name: /^sql text\. control and enter/i });
  return (await field.innerText()).trim();
}

/** Copies the link to the query in the editor and gives it. */
export async function copyLink(page) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await press(page.getByRole("main"), /^copy link$/i);
  await sees(page.getByRole("status"), /^link copied/i);
  return page.evaluate(() => navigator.clipboard.readText());
}

/** The number of the latest of one's own queries, from its result in the history. */
export async function latestResult(page) {
  await page.goto("/query/history");
  const link = page.getByRole("table").locator('a[href^="/query/results/"]').first();
  return (await link.getAttribute("href")).split("/").at(-1);
}

/** Hands the project whose members page is open over. */
export async function handOver(page, name) {
  await page.getByText(/^hand the project over$/i).click();
  await page.getByLabel(/^new owner/i).selectOption({ label: name });
  await press(page, /^hand over$/i);
  await sees(page.getByRole("status"), /has a new owner/i);
}

/** Opens the page about one's own account from the menu. */
export async function openAccount(page) {
  await page.locator("summary").filter({ hasText: /account of/i }).click();
  await follow(page, /^my account/i);
  await page.getByRole("heading", { level: 1, name: "My account" }).waitFor();
}

/** Fills the form for a token and sends it. */
export async function askForToken(page, { name, days }) {
  await page.getByLabel(/^what it is for/i).fill(name);
  await page.getByLabel(/^days until it ends/i).fill(days);
  await press(page, /^make token$/i);
}
