// GraphQL over HTTP as the specification's own audit sees it: every MUST holds; SHOULD and MAY are counted and shown.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { serverAudits } from "graphql-http";
import { accessToken, addPerson, PEOPLE } from "../../browser/lib/people.mjs";
import { startServer, temporaryFolder } from "../../browser/lib/server.mjs";
import { auditAll, summary } from "./audit.mjs";

let dataDir;
let server;

before(async () => {
  dataDir = await temporaryFolder();
  await addPerson(dataDir, PEOPLE.admin);
  server = await startServer({ dataDir });
});

after(async () => {
  await server?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

test("the audit of GraphQL over HTTP finds no broken MUST on /graphql", async (context) => {
  const token = await accessToken(server.url, PEOPLE.admin.username, PEOPLE.admin.password);
  const results = await auditAll(serverAudits, `${server.url}/graphql`, token);
  for (const line of summary(results)) context.diagnostic(line);
  const broken = results.filter(({ level, status }) => level === "MUST" && status !== "ok");
  assert.deepEqual(broken, [], "every MUST holds");
  assert.ok(results.filter(({ level }) => level === "MUST").length >= 13, "the audit asked what it should");
});
