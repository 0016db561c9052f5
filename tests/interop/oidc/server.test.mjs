// The issuer that other tests rely on does what they believe: good tokens verify, each flaw is really one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

let issuer;
let child;

before(async () => {
  child = spawn(process.execPath, [new URL("server.mjs", import.meta.url).pathname], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{")) {
      issuer = JSON.parse(line).url;
      break;
    }
  }
});

after(() => child.kill());

async function post(path, body) {
  const response = await fetch(issuer + path, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

const minted = async (request) => (await post("/test/mint", request)).token;

async function keySet() {
  const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.equal(discovery.issuer, issuer);
  return createRemoteJWKSet(new URL(discovery.jwks_uri));
}

async function verified(token) {
  return jwtVerify(token, await keySet(), { issuer, audience: "lakegate", algorithms: ["RS256", "ES256", "EdDSA"] });
}

test("a minted token verifies against the published keys, for each algorithm", async () => {
  for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
    const { payload, protectedHeader } = await verified(await minted({ algorithm, subject: "ann", groups: ["g1", "g2"] }));
    assert.deepEqual([payload.sub, payload.groups, protectedHeader.alg], ["ann", ["g1", "g2"], algorithm]);
  }
});

test("the client credentials grant gives a JWT for the audience, with groups", async () => {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("lakegate-test:lakegate-test-secret")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "groups" }),
  });
  assert.equal(response.status, 200);
  const { payload } = await verified((await response.json()).access_token);
  assert.deepEqual([payload.aud, payload.groups], ["lakegate", ["service-clients"]]);
});

const FLAWS = [
  { flaw: "stranger" },
  { flaw: "unknown_kid" },
  { flaw: "unsigned" },
  { flaw: "public_as_hmac" },
  { flaw: "tampered" },
  { expires_in: -60 },
  { audience: "another-app" },
  { issuer: "http://127.0.0.1:1" },
  { valid_from: 4102444800 },
];

for (const request of FLAWS) {
  test(`a flawed token is refused: ${JSON.stringify(request)}`, async () => {
    const token = await minted(request);
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]*$/);
    await assert.rejects(verified(token));
  });
}

test("after a rotation old tokens no longer verify and new ones have new key ids", async () => {
  const old = await minted({});
  await post("/test/rotate", {});
  await assert.rejects(verified(old), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  const fresh = await minted({});
  assert.notEqual(decodeProtectedHeader(fresh).kid, decodeProtectedHeader(old).kid);
  await verified(fresh);
});

test("an unknown request is answered with a reason, not with a crash", async () => {
  assert.match((await post("/test/mint", { flaw: "nonsense" })).error, /unknown flaw/);
  assert.match((await post("/test/mint", { algorithm: "PS512" })).error, /no key/);
});
