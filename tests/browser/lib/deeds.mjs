// Further deeds in the portal, around the main job: talking about a request, people of a project, words, the end of a table.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { exactly, follow, goTo, openAsset, openProject, press, sees, seesHeading } from "./portal.mjs";

/** Opens a request of one's own project from the inbox. */
export async function openOwnRequest(page, number) {
  await goTo(page, /^inbox/i);
  await follow(page.getByRole("main"), /^asked by us/i);
  const row = page.getByRole("main").getByRole("listitem").filter({ hasText: number });
  await row.getByRole("link").first().click();
  await sees(page.getByRole("main"), number);
}

/** Writes into the history of the request whose page is open. */
export async function say(page, label, words) {
  await page.getByLabel(label).fill(words);
  await press(page, /^send$/i);
  await sees(page.getByRole("main").getByRole("listitem"), words);
}

/** Gives the request whose page is open another reason. */
export async function changeReason(page, reason) {
  await follow(page.getByRole("main"), /^change or withdraw/i);
  await page.getByLabel(/^reason/i).fill(reason);
  await press(page, /^save/i);
  await sees(page.getByRole("main"), reason);
}

/** Takes the request whose page is open back. */
export async function withdraw(page) {
  await follow(page.getByRole("main"), /^change or withdraw/i);
  await press(page, /^withdraw request/i);
  await page.getByRole("heading", { level: 1, name: /withdrawn/i }).waitFor();
}

/** Rejects the request whose page is open. */
export async function reject(page, reason) {
  const decision = page.getByRole("complementary").filter({ hasText: "Your decision" });
  await decision.getByLabel(/^reason/i).fill(reason);
  await press(decision, /^reject/i);
  await page.getByRole("heading", { level: 1, name: /rejected/i }).waitFor();
}

export async function invite(page, { project, username, role }) {
  await openProject(page, project, /^members/i);
  await page.getByLabel(/^person/i).fill(username);
  await page.locator("#f-invite-role").selectOption({ label: role });
  await press(page, /^invite$/i);
  await sees(page.getByRole("status"), /was invited/i);
}

/** Answers an invitation in the inbox: "Accept" or "Decline". */
export async function answerInvitation(page, project, answer) {
  await goTo(page, /^inbox/i);
  await press(page, new RegExp(`^${answer} ${project}$`, "i"));
  await page.getByText(`You are invited into ${project}`).waitFor({ state: "detached" });
}

/** Whether a project stands in the list of one's own. */
export async function isIn(page, project) {
  await goTo(page, /^projects/i);
  await seesHeading(page, /^projects$/i);
  return (await page.getByRole("main").getByRole("link", { name: exactly(project) }).count()) > 0;
}

export async function leave(page, project) {
  await openProject(page, project, /^overview/i);
  await page.getByText(/^leave this project$/i).click();
  const button = page.getByRole("button", { name: /^leave$/i });
  assert.ok(await button.isDisabled(), "leaving wants the name typed");
  await page.getByLabel(/^type .* to confirm$/i).fill(project);
  await button.click();
  await page.waitForURL(/\/projects$/);
}

/** Brings a file in through the browser and gives its table a title and a sentence. */
export async function upload(page, { project, file, table, title, description }) {
  await openProject(page, project, /^inventory/i);
  await follow(page.getByRole("main"), /^upload a file/i);
  await page.getByLabel(/^file$/i).setInputFiles(file);
  await page.getByLabel(/^name of a new table/i).fill(table);
  await press(page, /^upload$/i);
  await page.waitForURL(/\/assets\//);
  await follow(page.getByRole("navigation", { name: "Pages of this asset" }), /^edit/i);
  await page.getByLabel(/^title/i).first().fill(title);
  await page.getByLabel(/^description/i).first().fill(description);
  await press(page, /^save/i);
  await seesHeading(page, title);
}

/** Opens the edit page of an asset. */
export async function openEdit(page, title) {
  await openAsset(page, title);
  await follow(page.getByRole("navigation", { name: "Pages of this asset" }), /^edit/i);
  await seesHeading(page, /^words$/i);
}

/** Writes into cells of the grid with the keyboard alone: a title, Enter, the title below. */
export async function typeTitles(page, titles) {
  const cells = page.locator('[data-cell="title"]');
  await page.locator('[data-cell="title"][tabindex="0"]').focus();
  for (const title of titles) {
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
  }
  await page.waitForFunction(() => document.querySelector(".saving") === null);
  await page.reload();
  for (const [at, title] of titles.entries()) assert.equal((await cells.nth(at).textContent()).trim(), title);
}

/** Takes the words of the asset whose edit page is open out as CSV, changes them with `edit(text)`, and brings them back. */
export async function wordsOutAndIn(page, edit) {
  const [file] = await Promise.all([page.waitForEvent("download"), follow(page.getByRole("main"), /^out as csv/i)]);
  const text = edit(await readFile(await file.path(), "utf8"));
  await follow(page.getByRole("main"), /^in as csv/i);
  await page.getByLabel(/^file/i).setInputFiles({ name: "words.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.waitForFunction((words) => document.querySelector('textarea[name="text"]').value.trim() === words.trim(), text);
  await press(page, /^take over/i);
  await page.waitForURL(/\/edit/);
}

/** Deprecates the asset whose edit page is open. */
export async function deprecate(page, { note, successor }) {
  await follow(page.getByRole("main"), /^deprecate/i);
  await page.getByLabel(/^why/i).fill(note);
  await page.getByLabel(/^use this instead/i).fill(successor);
  await press(page, /^deprecate$/i);
  await page.getByRole("heading", { level: 1, name: /deprecated/i }).waitFor();
}

/** Puts the asset whose edit page is open away. */
export async function archive(page, title) {
  await follow(page.getByRole("main"), /^archive/i);
  await page.getByLabel(/^type .* to confirm$/i).fill(title);
  await press(page, /^archive$/i);
  await page.getByRole("heading", { level: 1, name: /archived/i }).waitFor();
}

/** Keeps the query in the editor for the project. */
export async function saveQuery(page, name) {
  await press(page, /^save$/i);
  await page.getByLabel(/^name/i).fill(name);
  await press(page, /^save$/i);
  await page.waitForURL(/\/query\/saved\//);
}

/** Takes the result on the page as a file of `format` and gives its text. */
export async function download(page, format) {
  await page.getByText("Download", { exact: true }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), follow(page.getByRole("main"), format)]);
  return readFile(await file.path(), "utf8");
}

/** Names somebody steward of the domain whose page is open. */
export async function nameSteward(page, username) {
  await page.getByLabel(/^person/i).fill(username);
  await press(page, /^name$/i);
  await sees(page.getByRole("status"), /looks after this domain now/i);
}

/** Writes a word of the business into the glossary. */
export async function defineTerm(page, { name, definition }) {
  await goTo(page, /^glossary/i);
  await follow(page.getByRole("main"), /^new term/i);
  await page.getByLabel(/^term/i).fill(name);
  await page.getByLabel(/^definition/i).fill(definition);
  await press(page, /^save/i);
  await seesHeading(page, exactly(name));
}

/** Runs what stands in the GraphQL explorer and gives the answer as the page shows it. */
export async function explore(page) {
  await page.locator("summary").filter({ hasText: /account of/i }).click();
  await follow(page, /^graphql explorer/i);
  await page.getByRole("button", { name: /^execute query/i }).click();
  const answer = page.locator(".result-window");
  await answer.getByText("data").first().waitFor();
  await page.getByLabel("Answer", { exact: true }).waitFor({ state: "attached" });
  return (await answer.innerText()).replaceAll(/\s/g, "");
}
