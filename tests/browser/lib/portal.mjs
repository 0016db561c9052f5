// What people do in the portal, one function per deed, in the words that stand on the pages.
import assert from "node:assert/strict";

export const exactly = (text) => new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`, "i");

export const press = (scope, name) => scope.getByRole("button", { name }).click();

export const follow = (scope, name) => scope.getByRole("link", { name }).first().click();

export const sees = (scope, text) => scope.getByText(text).first().waitFor();

export const seesHeading = (page, name) => page.getByRole("heading", { name }).first().waitFor();

/** Goes to a place of the main navigation. */
export async function goTo(page, place) {
  await follow(page.getByRole("navigation", { name: "Main" }), place);
}

/** Chooses the project whose rights the session uses; `undefined` for none. */
export async function actIn(page, project) {
  await page.getByLabel(/^acting in/i).click();
  await press(page, project ? exactly(project) : /^no project/i);
  await page.getByLabel(new RegExp(`^acting in ${project ?? "no project"}`, "i")).waitFor();
}

export async function createDomain(page, name) {
  await goTo(page, /^admin/i);
  await follow(page.getByRole("main"), /^domains/i);
  await follow(page.getByRole("main"), /^new domain/i);
  await page.getByLabel(/^name/i).fill(name);
  await press(page, /^create domain/i);
  await seesHeading(page, name);
}

/** Shows the administrator where projects may keep and find files, which must name `uri`. */
export async function seesStorage(page, uri) {
  await goTo(page, /^admin/i);
  await follow(page.getByRole("main"), /^storage/i);
  await page.getByRole("row", { name: uri }).waitFor();
}

/** Creates a project, of which the person who is signed in becomes owner. */
export async function createProject(page, { name, domain }) {
  await goTo(page, /^projects/i);
  await follow(page.getByRole("main"), /^new project/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^domain/i).selectOption({ label: domain });
  await press(page, /^create project/i);
  await seesHeading(page, name);
}

/** Opens a tab of a project. */
export async function openProject(page, name, tab) {
  await goTo(page, /^projects/i);
  await follow(page.getByRole("main"), exactly(name));
  await seesHeading(page, name);
  await follow(page.getByRole("navigation", { name: "Project" }), tab);
}

export async function createEnvironment(page, { project, name, location }) {
  await openProject(page, project, /^environments/i);
  await follow(page.getByRole("main"), /^new environment/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^location/i).fill(location);
  await press(page, /^create environment/i);
  await seesHeading(page, exactly(name));
}

/** Creates a data source, whose first run starts at once, and waits until that run has brought the table in. */
export async function runDataSource(page, { project, name, environment, location, table }) {
  await openProject(page, project, /^data sources/i);
  await follow(page.getByRole("main"), /^new data source/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^location/i).fill(location);
  await page.getByLabel(/^environment/i).selectOption({ label: environment });
  await press(page, /^create data source/i);
  await sees(page.getByRole("table"), /^succeeded$/i);
  await page.getByRole("link", { name: table }).waitFor();
}

/** Accepts every suggested name of a table in the inventory. */
export async function acceptNames(page, { project, table, expected }) {
  await openProject(page, project, /^inventory/i);
  await follow(page.getByRole("main"), /^\d+ proposed names/i);
  await seesHeading(page, /^proposed names/i);
  await press(page, /^accept all/i);
  await page.getByRole("heading", { name: /^proposed names/i }).waitFor({ state: "detached" });
  await page.getByRole("row", { name: expected }).waitFor();
  await sees(page.getByRole("main"), table);
}

/** Describes the table whose edit page is open and publishes it under a title. */
export async function publish(page, { title, description }) {
  await page.getByLabel(/^title/i).first().fill(title);
  await page.getByLabel(/^description/i).first().fill(description);
  await press(page, /^save/i);
  await seesHeading(page, title);
  await follow(page.getByRole("main"), /^publish/i);
  await sees(page.getByRole("main"), /^nothing is missing$/i);
  await press(page, /^publish$/i);
  await page.getByRole("heading", { level: 1, name: /published/i }).waitFor();
}

/** Searches from the top line and gives the number of hits that the page states. */
export async function search(page, words) {
  const box = page.getByRole("banner").getByRole("combobox", { name: "Search" });
  await box.fill(words);
  await box.press("Enter");
  await page.waitForURL(/\/search\?/);
  const stated = page.getByRole("main").getByText(/^(\d+|no) results?/i).first();
  return Number.parseInt((await stated.textContent()).replace(/^no/i, "0"), 10);
}

/** Opens the page of a published table the way people find it. */
export async function openAsset(page, title) {
  await search(page, title);
  await follow(page.getByRole("main"), title);
  await seesHeading(page, title);
}

/** Asks for access from the asset's page and gives the number to quote, REQ-000123. */
export async function requestAccess(page, { title, project, reason }) {
  await openAsset(page, title);
  await follow(page.getByRole("main"), /^request access/i);
  await page.getByLabel(/^for the project/i).selectOption({ label: project });
  await page.getByLabel(/^reason/i).fill(reason);
  await press(page, /^send request/i);
  await page.waitForURL(/\/requests\/REQ-\d{6}/);
  const number = await page.getByRole("main").getByText(/REQ-\d{6}/).first().textContent();
  return number.match(/REQ-\d{6}/)[0];
}

/** Opens a request from the inbox of one who decides. */
export async function openRequest(page, number) {
  await goTo(page, /^inbox/i);
  const row = page.getByRole("main").getByRole("listitem").filter({ hasText: number });
  await row.getByRole("link").first().click();
  await seesHeading(page, /^your decision$/i);
}

/** Approves the request whose page is open. */
export async function approve(page, reason) {
  const decision = page.getByRole("complementary").filter({ hasText: "Your decision" });
  await decision.getByLabel(/^reason/i).fill(reason);
  await press(decision, /^approve/i);
  await page.getByRole("heading", { level: 1, name: /approved/i }).waitFor();
}

/** Takes a project's access to a table back. */
export async function revoke(page, { title, project, reason }) {
  await openAsset(page, title);
  await follow(page.getByRole("navigation", { name: "Pages of this asset" }), /^access/i);
  const holder = page.getByRole("row").filter({ hasText: project });
  await follow(holder, /^take back/i);
  await page.getByLabel(/^reason/i).fill(reason);
  await press(page, /^take back/i);
  await sees(page.getByRole("row").filter({ hasText: project }), /^revoked/i);
}

async function runSql(page, sql) {
  await goTo(page, /^query/i);
  await seesHeading(page, /^results appear here$/i);
  await page.getByRole("main").getByRole("textbox", { name: /^sql text\. control and enter/i }).click();
  await page.keyboard.press("ControlOrMeta+a");
  // Text put over coloured text would take its style along, which the browser writes as an attribute.
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(sql);
  await page.keyboard.press("ControlOrMeta+Enter");
}

/** Runs SQL in the editor and gives the number of rows that the page states. */
export async function rowsOf(page, sql) {
  await runSql(page, sql);
  const stated = await page.getByRole("main").getByText(/^\d[\d,]* rows?/i).first().textContent();
  return Number.parseInt(stated.replaceAll(",", ""), 10);
}

/** Runs SQL in the editor, which must be refused, and gives the words of the refusal. */
export async function refusalOf(page, sql) {
  await runSql(page, sql);
  const alert = page.getByRole("main").getByRole("alert").first();
  await alert.waitFor();
  const words = await alert.textContent();
  assert.ok(words.trim().length > 0, "a refusal says why");
  return words;
}
