// Signing keys of the test issuer, as private JWKs with a key id.
import { exportJWK, generateKeyPair, importJWK } from "jose";

const ALGORITHMS = ["RS256", "ES256", "EdDSA"];
let made = 0;

/** One new key per algorithm. Every call gives keys with ids never used before. */
export async function makeKeys() {
  made += 1;
  return Promise.all(ALGORITHMS.map((algorithm) => makeKey(algorithm, `test-${algorithm}-${made}`)));
}

export async function makeKey(algorithm, kid) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: algorithm, use: "sig" };
}

export function privateKeyOf(jwk) {
  return importJWK(jwk, jwk.alg);
}
