// What sends OpenLineage elsewhere sends it here unmodified: OpenLineage's Python client, and dbt.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { accessToken, addPerson, PEOPLE } from "../../browser/lib/people.mjs";
import { startServer, temporaryFolder } from "../../browser/lib/server.mjs";

const run = promisify(execFile);
const HERE = new URL(".", import.meta.url).pathname;
const PYTHON = process.env.LAKEGATE_TEST_LINEAGE_PYTHON;
const POSTGRES = process.env.LAKEGATE_TEST_POSTGRES;

let folder;
let project;
let sender;
let server;
let token;

before(async () => {
  assert.ok(PYTHON && POSTGRES, "LAKEGATE_TEST_LINEAGE_PYTHON and LAKEGATE_TEST_POSTGRES say where they are");
  folder = await temporaryFolder();
  await addPerson(folder, PEOPLE.admin);
  server = await startServer({ dataDir: folder });
  token = await accessToken(server.url, PEOPLE.admin.username, PEOPLE.admin.password);
  const domain = await send("POST", "/domains", { name: "Audited" });
  project = (await send("POST", "/projects", { domain_id: domain.id, name: "Audited" })).id;
  const environment = await send("POST", `/projects/${project}/environments`, { name: "audited" });
  const path = `${server.url}/api/v1/environments/${environment.id}/uploads?table=people`;
  const headers = { authorization: `Bearer ${token}`, "x-file-name": "people.csv" };
  assert.ok((await fetch(path, { method: "POST", headers, body: "name\nAnn\n" })).ok);
  const account = await send("POST", `/projects/${project}/service-accounts`, { name: "loader", role: "contributor" });
  const asked = { name: "loader", scopes: ["read", "write"], days: 1, service_account: account.id };
  sender = (await send("POST", "/tokens", asked)).secret;
});

after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A request to REST as the administrator, who owns the project. */
async function send(method, path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

const list = async (path) => (await send("GET", path)).items;
const jobs = () => list(`/projects/${project}/reported-jobs`);

/** The settings of every emitter, and nothing else of this environment but where programs are. */
const settings = (further) => ({
  PATH: process.env.PATH, HOME: folder, OPENLINEAGE_URL: server.url, OPENLINEAGE_API_KEY: sender, ...further,
});

test("OpenLineage's Python client needs an address and a token", async () => {
  await run(PYTHON, [join(HERE, "emit.py")], { env: settings({}) });
  const [job] = await jobs();
  assert.deepEqual([job.namespace, job.name, job.kind, job.owners], ["nightly", "load people", "BATCH PYTHON SCRIPT", ["team:data"]]);
  const [done] = await list(`/reported-jobs/${job.id}/runs`);
  assert.deepEqual([done.state, done.outputs[0].rows], ["completed", 2]);
  const [people] = await list(`/projects/${project}/assets`);
  const graph = await send("GET", `/assets/${people.id}/lineage`);
  const topic = graph.nodes.find((node) => node.kind === "dataset");
  assert.deepEqual([topic.name, graph.edges.length], ["people", 1]);
  const [edge] = graph.edges;
  assert.deepEqual([edge.source_column, edge.kind, edge.target_column, edge.steps], ["full_name", "computed", "name", ["trim(full_name)"]]);
});

/** Where dbt finds the database. */
function shop() {
  const at = new URL(POSTGRES);
  return { SHOP_HOST: at.hostname, SHOP_PORT: at.port, SHOP_USER: at.username, SHOP_DATABASE: at.pathname.slice(1) };
}

test("dbt tells its models, which columns they come from, and their order", async () => {
  const place = join(folder, "shop");
  await cp(join(HERE, "shop"), place, { recursive: true });
  const bin = join(PYTHON, "..");
  const env = settings({ ...shop(), PATH: `${bin}:${process.env.PATH}`, OPENLINEAGE_NAMESPACE: "dbt", DBT_PROFILES_DIR: place });
  const args = ["run", "--project-dir", place, "--profiles-dir", place];
  const said = await run(join(bin, "dbt-ol"), args, { env, cwd: place }).catch((error) => error);
  assert.equal(said.code ?? 0, 0, `${said.stdout}\n${said.stderr}`);
  const told = (await jobs()).filter((job) => job.namespace === "dbt");
  const model = told.find((job) => job.name.endsWith("by_city"));
  assert.ok(model, `a job of the model by_city among ${told.map((job) => job.name).join(", ")}\n${said.stdout}\n${said.stderr}`);
  const [done] = await list(`/reported-jobs/${model.id}/runs`);
  assert.equal(done.state, "completed");
  assert.ok(done.parent, "the run of dbt has started it");
  const datasets = await list(`/projects/${project}/reported-datasets`);
  const name = (id) => datasets.find((dataset) => dataset.id === id)?.name ?? id;
  assert.deepEqual(done.inputs.map(name).map((one) => one.split(".").at(-1)), ["orders"]);
  assert.deepEqual(done.outputs.map((one) => name(one.dataset_id)).map((one) => one.split(".").at(-1)), ["by_city"]);
});
