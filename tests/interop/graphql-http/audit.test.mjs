// GraphQL over HTTP as the specification's own audit sees it: every MUST holds; SHOULD and MAY are counted and shown.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { buildClientSchema, getIntrospectionQuery, validateSchema } from "graphql";
import { serverAudits } from "graphql-http";
import { accessToken, addPerson, PEOPLE } from "../../browser/lib/people.mjs";
import { startServer, temporaryFolder } from "../../browser/lib/server.mjs";
import { auditAll, summary } from "./audit.mjs";

const ODD = "Company Name,true,a__b,größe,nodes,when\nx,1,2.5,y,z,2024-05-03T12:00:00Z\n";

let dataDir;
let project;
let server;

before(async () => {
  dataDir = await temporaryFolder();
  await addPerson(dataDir, PEOPLE.admin);
  server = await startServer({ dataDir });
  project = await projectWithRows(await signIn());
});

after(async () => {
  await server?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

async function holdsEveryMust(context, path, token, headers) {
  const results = await auditAll(serverAudits, `${server.url}${path}`, token, headers);
  for (const line of summary(results)) context.diagnostic(line);
  const broken = results.filter(({ level, status }) => level === "MUST" && status !== "ok");
  assert.deepEqual(broken, [], "every MUST holds");
  assert.ok(results.filter(({ level }) => level === "MUST").length >= 13, "the audit asked what it should");
}

const signIn = () => accessToken(server.url, PEOPLE.admin.username, PEOPLE.admin.password);

/** Sends JSON to REST as the administrator; gives what was made. */
async function make(token, path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** A project to act in, with a table of odd names. */
async function projectWithRows(token) {
  const domain = await make(token, "/domains", { name: "Audited" });
  const project = await make(token, "/projects", { domain_id: domain.id, name: "Audited rows" });
  const environment = await make(token, `/projects/${project.id}/environments`, { name: "audited" });
  const headers = { authorization: `Bearer ${token}`, "x-file-name": "odd.csv" };
  const path = `/api/v1/environments/${environment.id}/uploads?table=odd_names`;
  const answer = await fetch(`${server.url}${path}`, { method: "POST", headers, body: ODD });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
  return project.id;
}

test("the audit of GraphQL over HTTP finds no broken MUST on /graphql", async (context) => {
  await holdsEveryMust(context, "/graphql", await signIn());
});

test("the audit of GraphQL over HTTP finds no broken MUST on /data/graphql", async (context) => {
  const token = await signIn();
  await holdsEveryMust(context, "/data/graphql", token, { "lakegate-project": project });
});

test("the schema of rows is a schema to GraphQL's own library", async () => {
  const token = await signIn();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", "lakegate-project": project };
  const body = JSON.stringify({ query: getIntrospectionQuery() });
  const answer = await fetch(`${server.url}/data/graphql`, { method: "POST", headers, body });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  const schema = buildClientSchema(data);
  assert.deepEqual(validateSchema(schema), []);
  assert.ok(Object.keys(schema.getQueryType().getFields()).some((name) => name.endsWith("__odd_names")));
});
