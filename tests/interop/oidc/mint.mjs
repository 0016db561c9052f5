// Makes tokens as this issuer would, and tokens that a careful receiver refuses.
import { createPublicKey } from "node:crypto";
import { SignJWT, base64url } from "jose";
import { makeKey, privateKeyOf } from "./keys.mjs";

/**
 * What may be asked of the mint, with its defaults. `flaw` is one of:
 *   none           a good token
 *   stranger       signed by a key that is not in the key set, under the id of one that is
 *   unknown_kid    signed by a key whose id is not in the key set
 *   unsigned       `alg: none`, empty signature
 *   public_as_hmac HS256 with the published key's PEM text as the secret
 *   tampered       a good token whose subject was changed afterwards
 */
export function claimsOf(issuer, request) {
  const now = Math.floor(Date.now() / 1000);
  const { valid_from = now - 5, expires_in = 300 } = request;
  return {
    iss: request.issuer ?? issuer,
    sub: request.subject ?? "person-1",
    aud: request.audience ?? "lakegate",
    iat: now,
    nbf: valid_from,
    exp: now + expires_in,
    groups: request.groups ?? [],
    ...request.claims,
  };
}

const withoutSignature = (header, claims) =>
  `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(claims))}`;

async function signed(claims, key, kid = key.kid) {
  const header = { alg: key.alg, kid, typ: "JWT" };
  return new SignJWT(claims).setProtectedHeader(header).sign(await privateKeyOf(key));
}

async function hmacWithPublicKey(claims, key) {
  const pem = createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: key.kid }).sign(Buffer.from(pem));
}

async function tampered(claims, key) {
  const [header, , signature] = (await signed(claims, key)).split(".");
  return [header, base64url.encode(JSON.stringify({ ...claims, sub: "somebody-else" })), signature].join(".");
}

/** A compact JWT made from `request` with one of the private `keys`. */
export async function mint(issuer, keys, request) {
  const algorithm = request.algorithm ?? "RS256";
  const key = keys.find((candidate) => candidate.alg === algorithm);
  if (!key) throw new RangeError(`no key for ${algorithm}`);
  const claims = claimsOf(issuer, request);
  switch (request.flaw ?? "none") {
    case "none":
      return signed(claims, key);
    case "stranger":
      return signed(claims, await makeKey(algorithm, key.kid));
    case "unknown_kid":
      return signed(claims, await makeKey(algorithm, "not-in-the-key-set"));
    case "unsigned":
      return `${withoutSignature({ alg: "none", kid: key.kid }, claims)}.`;
    case "public_as_hmac":
      return hmacWithPublicKey(claims, key);
    case "tampered":
      return tampered(claims, key);
    default:
      throw new RangeError(`unknown flaw ${request.flaw}`);
  }
}
