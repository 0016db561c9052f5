// The people of the tests, how they come to exist, and how they sign in.
import assert from "node:assert/strict";
import { runCommand } from "./server.mjs";

/** One for all: a password that holds the user name is refused. */
const PASSWORD = "seven miles of coastal path";

const person = (username, displayName, admin = false) => ({ username, displayName, admin, password: PASSWORD });

export const PEOPLE = {
  admin: person("ada", "Ada Admin", true),
  producer: person("petra", "Petra Producer"),
  consumer: person("carlo", "Carlo Consumer"),
  stranger: person("sven", "Sven Stranger"),
};

/** Adds a local user to the data directory with the command line; the password goes over stdin, never as an argument. */
export async function addPerson(dataDir, { username, displayName, admin, password: secret }) {
  const rights = admin ? ["--admin"] : [];
  const args = ["user", "add", username, "--display-name", displayName, "--password-stdin", ...rights, "--data-dir", dataDir];
  await runCommand(args, { input: `${secret}\n` });
}

/** Signs in with the form, from whatever page the address leads to, and waits until the form is gone. */
export async function signIn(page, user, secret) {
  await page.goto("/");
  await page.getByLabel(/^user ?name$/i).fill(user);
  await page.getByLabel(/^password$/i).fill(secret);
  await page.getByRole("button", { name: /^sign in$/i }).click();
  await page.getByRole("button", { name: /^sign in$/i }).waitFor({ state: "detached" });
  await page.getByText(/^account of /i).waitFor();
}

/** The people of the demonstration, and the password of all of them. */
export const DEMO_PEOPLE = {
  ann: "Ann Analyst",
  olga: "Olga Owner",
  mark: "Mark Marketing",
  stella: "Stella Steward",
  ada: "Ada Admin",
  aud: "Audrey Auditor",
};
export const DEMO_PASSWORD = "walk along the lake";

/** Signs in as somebody of the demonstration with one click on the open sign-in page. */
export async function continueAs(page, username) {
  await page.getByRole("button", { name: `Continue as ${DEMO_PEOPLE[username]}` }).click();
  await page.getByText(`Account of ${DEMO_PEOPLE[username]}`).waitFor();
}

/** An access token for the REST and GraphQL doors. */
export async function accessToken(url, user, secret) {
  const response = await fetch(`${url}/api/v1/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: user, password: secret }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, `no token for ${user}: ${text}`);
  const answer = JSON.parse(text);
  assert.equal(answer.token_type, "Bearer");
  return answer.access_token;
}
