// One's own account: where one is signed in, tokens for programs, and the password that is asked for again.
import assert from "node:assert/strict";
import * as daily from "./lib/daily.mjs";
import { inspect } from "./lib/inspect.mjs";
import { DEMO_PASSWORD, DEMO_PEOPLE } from "./lib/people.mjs";
import * as portal from "./lib/portal.mjs";
import { chapters, demonstration, forgetConfirmations } from "./lib/scene.mjs";

const scene = demonstration();
const { visitAs } = scene;
const chapter = chapters();

chapter("one ends another session of one's own, and that browser has to sign in again", async () => {
  await visitAs("ann", async (elsewhere) => {
    await visitAs("ann", async (page) => {
      await daily.openAccount(page);
      await inspect(page, "account");
      const sessions = page.getByRole("region", { name: "Where I am signed in" });
      assert.equal(await sessions.getByRole("listitem").count(), 2);
      await portal.press(sessions, /^end$/i);
      await sessions.getByRole("listitem").nth(1).waitFor({ state: "detached" });
      await portal.sees(sessions, "This one");
      assert.equal(await sessions.getByRole("button").count(), 0, "the session that shows the page is ended by signing out");
    });
    await elsewhere.goto("/inbox");
    await elsewhere.getByRole("button", { name: /^sign in$/i }).waitFor();
  });
});

const whoIs = async (token) => {
  const answer = await fetch(`${scene.server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, text: await answer.text() };
};

chapter("a token is shown once, works for programs, and no longer after it is revoked", async () => {
  await visitAs("ann", async (page, guard) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await daily.openAccount(page);
    await guard.allowing([422], async () => {
      await daily.askForToken(page, { name: "Notebook", days: "4000" });
      await page.getByLabel(/^days until it ends/i).and(page.locator("[aria-invalid]")).waitFor();
    });
    assert.equal(await page.getByLabel(/^what it is for/i).inputValue(), "Notebook", "what was typed is kept");
    await inspect(page, "account-token-refused");
    await daily.askForToken(page, { name: "Notebook", days: "7" });
    await portal.sees(page.getByRole("main"), "Your token, shown this once");
    const shown = page.getByRole("main").getByText("Your token, shown this once");
    assert.ok(await shown.evaluate((note) => note.getBoundingClientRect().top < window.innerHeight && note.getBoundingClientRect().bottom > 0), "it stands in view");
    await inspect(page, "account-token");
    await portal.press(page.getByRole("main"), /^copy$/i);
    const token = await page.evaluate(() => navigator.clipboard.readText());
    const me = await whoIs(token);
    assert.equal(me.status, 200, me.text);
    assert.equal(JSON.parse(me.text).user.username, "ann");
    await page.goto("/account");
    await portal.seesHeading(page, /^tokens for programs$/i);
    assert.ok(!(await page.content()).includes(token), "the secret stands nowhere any more");
    await portal.press(page, /^revoke notebook$/i);
    await portal.sees(page.getByRole("row").filter({ hasText: "Notebook" }), "Revoked");
    assert.equal((await whoIs(token)).status, 401);
  });
});

async function refusedPassword(page, guard) {
  await page.getByLabel(/^password$/i).fill("not the password");
  await guard.allowing([401, 422], async () => {
    await portal.press(page, /^confirm$/i);
    await page.getByRole("alert").first().waitFor();
  });
}

async function openAnn(page) {
  await portal.goTo(page, /^admin/i);
  await portal.follow(page.getByRole("main"), /^users/i);
  await portal.follow(page.getByRole("main"), DEMO_PEOPLE.ann);
  await portal.seesHeading(page, DEMO_PEOPLE.ann);
}

const auditor = (page) => page.getByLabel(/^auditor/i);

chapter("an administrator's weighty step wants the password again; who turns back has changed nothing", async () => {
  await visitAs("ada", async (page, guard) => {
    await openAnn(page);
    const annsPage = page.url();
    forgetConfirmations(scene.folder);
    await auditor(page).check();
    await portal.press(page, /^save roles$/i);
    await portal.seesHeading(page, /^confirm your password$/i);
    await inspect(page, "confirm-password");
    await refusedPassword(page, guard);
    await inspect(page, "confirm-password-refused");
    await page.goto(annsPage);
    assert.equal(await auditor(page).isChecked(), false, "nothing was saved");
    await auditor(page).check();
    await portal.press(page, /^save roles$/i);
    await page.getByLabel(/^password$/i).fill(DEMO_PASSWORD);
    await portal.press(page, /^confirm$/i);
    await page.waitForURL(annsPage);
    assert.equal(await auditor(page).isChecked(), false, "confirming alone saves nothing");
    await auditor(page).check();
    await portal.press(page, /^save roles$/i);
    await portal.sees(page.getByRole("status"), /./);
    assert.equal(await auditor(page).isChecked(), true);
  });
});

chapter("an approval long after signing in asks for the password in its own form, and keeps what was written", async () => {
  await visitAs("olga", async (page, guard) => {
    forgetConfirmations(scene.folder);
    await portal.goTo(page, /^inbox/i);
    await page.getByRole("main").getByRole("listitem").filter({ hasText: "REQ-" }).getByRole("link").first().click();
    await portal.seesHeading(page, /^your decision$/i);
    const decision = page.getByRole("complementary").filter({ hasText: "Your decision" });
    await decision.getByLabel(/^reason/i).fill("Fits the purpose");
    await decision.getByLabel(/^your password/i).fill("not the password");
    await guard.allowing([401, 422], async () => {
      await portal.press(decision, /^approve/i);
      await portal.sees(decision, /not your password/i);
    });
    assert.equal(await decision.getByLabel(/^reason/i).inputValue(), "Fits the purpose");
    await inspect(page, "request-password-refused");
    await decision.getByLabel(/^your password/i).fill(DEMO_PASSWORD);
    await portal.press(decision, /^approve/i);
    await page.getByRole("heading", { level: 1, name: /approved/i }).waitFor();
  });
});

chapter("the page that asks for the password leads nowhere else", async () => {
  await visitAs("ann", async (page) => {
    await page.goto("/confirm?next=https%3A%2F%2Felsewhere.example%2F");
    await page.getByLabel(/^password$/i).fill(DEMO_PASSWORD);
    await portal.press(page, /^confirm$/i);
    await page.waitForURL(`${scene.server.url}/`);
  });
});
