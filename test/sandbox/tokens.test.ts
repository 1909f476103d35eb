import { decodeProtectedHeader, importJWK, type JWK, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { CI_ISSUER, type CiJob, ciTokenUrl, wellKnown } from "../../src/sandbox/issuers.ts";
import { signingKeys, signToken } from "../../src/sandbox/tokens.ts";
import { callOf, fixture, START } from "./world-fixture.ts";

const JOB: CiJob = {
  repository: "acme/shop",
  ref: "refs/heads/main",
  workflow: "w",
  actor: "ann",
  runId: "1",
};

test("tokens verify in another library by the published key of their kid, for both algorithms", async () => {
  const keys = signingKeys();
  for (const algorithm of ["RS256", "ES384"] as const) {
    const token = signToken(keys, algorithm, { iss: "a", exp: 9_000_000_000 });
    const { kid, alg } = decodeProtectedHeader(token);
    expect(alg).toBe(algorithm);
    const jwk = keys.jwks().keys.find((key) => key["kid"] === kid);
    const { payload } = await jwtVerify(token, await importJWK(jwk as JWK, algorithm));
    expect(payload.iss).toBe("a");
  }
});

test("stored keys are the same keys, and published ones have no private part", () => {
  const keys = signingKeys();
  const published = keys.jwks();
  expect(signingKeys(keys.stored()).jwks()).toEqual(published);
  for (const key of published.keys) expect(Object.keys(key)).not.toContain("d");
});

test("a CI job gets tokens with its bearer, nobody without", async () => {
  const { world } = fixture();
  world.ciJobs.set("secret", JOB);
  const pages = wellKnown(world);
  const url = new URL(ciTokenUrl("http://127.0.0.1:4566"));
  const ask = (headers: Record<string, string>) => {
    const query = new URLSearchParams({
      ...Object.fromEntries(url.searchParams),
      audience: "sts.amazonaws.com",
    });
    return pages({ ...callOf(undefined, "", { headers }), method: "GET", path: url.pathname, query });
  };
  expect(ask({})?.status).toBe(401);
  expect(ask({ authorization: "bearer other" })?.status).toBe(401);
  const reply = ask({ authorization: "bearer secret" });
  expect(reply?.status).toBe(200);
  const { value } = JSON.parse(String(reply?.body));
  const jwk = world.ciKeys.key("RS256").publicJwk;
  const { payload } = await jwtVerify(value, await importJWK(jwk as JWK, "RS256"), {
    issuer: CI_ISSUER,
    audience: "sts.amazonaws.com",
    currentDate: START,
  });
  expect(payload.sub).toBe("repo:acme/shop:ref:refs/heads/main");
});

test.each([
  ["/.well-known/openid-configuration", "http://127.0.0.1:4566"],
  ["/ci/.well-known/openid-configuration", CI_ISSUER],
])("%s names its issuer and keys that are there", (path, issuer) => {
  const { world } = fixture();
  const pages = wellKnown(world);
  const get = (at: string) => pages({ ...callOf(undefined, ""), method: "GET", path: at });
  const configuration = JSON.parse(String(get(path)?.body));
  expect(configuration.issuer).toBe(issuer);
  expect(JSON.parse(String(get(new URL(configuration.jwks_uri).pathname)?.body)).keys.length).toBe(2);
  expect(get("/.well-known/other")).toBeUndefined();
});
