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
  await follow(page, /^domains/i);
  await press(page, /^(new|create|add) domain/i);
  await page.getByLabel(/^name/i).fill(name);
  await press(page, /^create/i);
  await sees(page, name);
}

export async function createProject(page, { name, domain }) {
  await goTo(page, /^projects/i);
  await follow(page, /^new project/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^domain/i).selectOption({ label: domain });
  await press(page, /^create project/i);
  await seesHeading(page, name);
}

async function openProject(page, name, part) {
  await goTo(page, /^projects/i);
  await follow(page, exactly(name));
  await seesHeading(page, name);
  if (part) await follow(page.getByRole("main"), part);
}

export async function addOwner(page, project, displayName) {
  await openProject(page, project, /^members/i);
  await follow(page.getByRole("main"), /^add member/i);
  await page.getByLabel(/^person or group/i).fill(displayName);
  await page.getByRole("option", { name: new RegExp(displayName, "i") }).click();
  await page.getByLabel(/^role/i).selectOption({ label: "Owner" });
  await press(page, /^add member/i);
  await sees(page.getByRole("table"), displayName);
}

export async function createEnvironment(page, { project, name, location }) {
  await openProject(page, project, /^environments/i);
  await follow(page.getByRole("main"), /^new environment/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^location/i).fill(location);
  await press(page, /^create environment/i);
  await sees(page, name);
}

export async function runDataSource(page, { project, name, environment, location, table }) {
  await openProject(page, project, /^data sources/i);
  await follow(page.getByRole("main"), /^new data source/i);
  await page.getByLabel(/^name/i).fill(name);
  await page.getByLabel(/^environment/i).selectOption({ label: environment });
  await page.getByLabel(/^location/i).fill(location);
  await press(page, /^create data source/i);
  await press(page, /^run now/i);
  await sees(page, /succeeded/i);
  await sees(page, table);
}

/** Accepts every suggested name of a table in the inventory and publishes it under a title. */
export async function publish(page, { project, table, title, description }) {
  await openProject(page, project, /^inventory/i);
  await follow(page.getByRole("main"), exactly(table));
  await press(page, /^accept all/i);
  await sees(page, /order number/i);
  await follow(page, /^edit/i);
  await page.getByLabel(/^title/i).fill(title);
  await page.getByLabel(/^description/i).fill(description);
  await press(page, /^save/i);
  await press(page, /^publish/i);
  await press(page.getByRole("dialog"), /^publish/i);
  await sees(page, /^published/i);
}

/** Searches from the top line and gives the number of hits that the page states. */
export async function search(page, words) {
  const box = page.getByRole("banner").getByRole("searchbox", { name: "Search" });
  await box.fill(words);
  await box.press("Enter");
  const stated = page.getByRole("main").getByText(/^(\d+|no) results?/i).first();
  return Number.parseInt((await stated.textContent()).replace(/^no/i, "0"), 10);
}

/** Asks for access from the asset's page and gives the number to quote, REQ-000123. */
export async function requestAccess(page, { title, project, reason }) {
  await search(page, title);
  await follow(page.getByRole("main"), title);
  await seesHeading(page, title);
  await page.getByRole("main").getByRole("button", { name: /^request access/i }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^project/i).selectOption({ label: project });
  await dialog.getByLabel(/^reason/i).fill(reason);
  await press(dialog, /^(send|submit) request/i);
  const number = await page.getByText(/REQ-\d{6}/).first().textContent();
  return number.match(/REQ-\d{6}/)[0];
}

export async function openRequest(page, number) {
  await goTo(page, /^inbox/i);
  await follow(page.getByRole("main"), new RegExp(number));
  await seesHeading(page, new RegExp(number));
}

export async function approve(page, reason) {
  await press(page.getByRole("main"), /^approve/i);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^reason/i).fill(reason);
  await press(dialog, /^approve/i);
  await sees(page.getByRole("main"), /^approved/i);
}

export async function revoke(page, { title, project, reason }) {
  await search(page, title);
  await follow(page.getByRole("main"), title);
  await follow(page.getByRole("main"), /^who has access/i);
  await press(page.getByRole("row", { name: new RegExp(project, "i") }), /^revoke/i);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^reason/i).fill(reason);
  await press(dialog, /^revoke/i);
  await sees(page.getByRole("main"), /revoked/i);
}

async function runSql(page, sql) {
  await goTo(page, /^query/i);
  const editor = page.getByRole("textbox", { name: /sql/i });
  await editor.click();
  await page.keyboard.press("ControlOrMeta+a");
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
