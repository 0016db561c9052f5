// An OpenID Connect issuer on a free port of 127.0.0.1 for tests: discovery, key set, client credentials, and a mint.
//
//   GET  /.well-known/openid-configuration, GET /jwks    as every issuer
//   POST /token      client credentials of `lakegate-test` / `lakegate-test-secret`; answers an RS256 JWT for audience `lakegate`
//   POST /test/mint  JSON (see mint.mjs) -> {"token": "..."}
//   POST /test/rotate  new keys in the key set, the old ones gone
//
// Prints one JSON line with its address, runs until SIGTERM.
import { createServer } from "node:http";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import Provider from "oidc-provider";
import { makeKeys } from "./keys.mjs";
import { mint } from "./mint.mjs";

const AUDIENCE = "lakegate";
const state = { issuer: "", keys: [], answer: undefined };

function configuration(keys) {
  return {
    jwks: { keys },
    cookies: { keys: ["only for tests"] },
    scopes: ["openid", "groups"],
    claims: { openid: ["sub"], groups: ["groups"] },
    clients: [
      {
        client_id: "lakegate-test",
        client_secret: "lakegate-test-secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:lakegate",
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "groups",
          audience: AUDIENCE,
          accessTokenTTL: 300,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: () => ({ groups: ["service-clients"] }),
  };
}

async function useNewKeys() {
  state.keys = await makeKeys();
  state.answer = new Provider(state.issuer, configuration(state.keys)).callback();
}

function reply(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

async function testRoute(request, response) {
  if (request.url === "/test/rotate") {
    await useNewKeys();
    return reply(response, 200, { kids: state.keys.map((key) => key.kid) });
  }
  if (request.url === "/test/mint") {
    return reply(response, 200, { token: await mint(state.issuer, state.keys, await json(request)) });
  }
  return reply(response, 404, { error: "not found" });
}

function handle(request, response) {
  if (request.method === "POST" && request.url?.startsWith("/test/")) {
    testRoute(request, response).catch((error) => reply(response, 400, { error: error.message }));
  } else {
    state.answer(request, response);
  }
}

const server = createServer(handle).listen(0, "127.0.0.1");
await once(server, "listening");
state.issuer = `http://127.0.0.1:${server.address().port}`;
await useNewKeys();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
process.stdout.write(`${JSON.stringify({ event: "listening", url: state.issuer })}\n`);
