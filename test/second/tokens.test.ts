import { test } from "vitest";
import { issuer, signToken, World } from "../audit/threats/world.ts";
import { testWriter } from "../audit/writer.ts";
import { bodyOf, digest, type Members, put, recordBy } from "./forging.ts";
import { expectAgreement, hasSecondVerifier } from "./second-verifier.ts";

const developer = "arn:aws:iam::111111111111:role/Developer";
/** What AWS's token says beside what it must. */
const saidByAws: readonly Members[] = [
  {},
  { source_identity: "ALICE" },
  { source_identity: "" },
  { source_identity: 7 },
  { identity_store_user_id: "u1" },
  { identity_store_user_id: "u1", source_identity: "zoe" },
  { subject_mode: "OriginIdentity" },
  { aws_account: "222222222222" },
  { principal_id: "arn:aws:iam::111111111111:role/a/b/Developer" },
  { principal_id: "arn:aws:iam::111111111111:role/Other" },
  { principal_id: "arn:aws:sts::111111111111:assumed-role/Developer/alice" },
  { principal_id: undefined },
  { federated_provider: "a\u200bb" },
  { principal_tags: { team: "a", "b c": "x", n: 1, empty: "", é: "y" } },
  { principal_tags: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, "v"])) },
];
const changedClaims: readonly ((thumbprint: string, at: number) => Members)[] = [
  () => ({ iss: "https://other.example" }),
  () => ({ iss: 1 }),
  () => ({ aud: "x" }),
  (thumbprint) => ({ aud: [thumbprint] }),
  (thumbprint) => ({ aud: [thumbprint, "x"] }),
  (_, at) => ({ iat: at + 300 }),
  (_, at) => ({ iat: at + 301 }),
  (_, at) => ({ exp: at - 300 }),
  (_, at) => ({ exp: at - 301 }),
  () => ({ exp: "never" }),
  () => ({ "https://sts.amazonaws.com/": "x" }),
];
const heads: readonly object[] = [
  { alg: "ES384", kid: "j" },
  { alg: "ES384" },
  { alg: "RS256", kid: "k" },
  { alg: "ES384", kid: "k", crit: [] },
];

test.skipIf(!hasSecondVerifier)("statements and proofs that do not prove it", async () => {
  const world = await World.make();
  const { asked } = world.records;
  const { log, catalog } = world.people.alice.writer;
  const tokens: ((thumbprint: string, at: number) => string)[] = [];
  const claimsOf = (aud: unknown, at: number, said: Members = {}): Members => ({
    ...{ iss: issuer, aud, sub: developer, iat: at - 10, exp: at + 890 },
    "https://sts.amazonaws.com/": {
      aws_account: "111111111111",
      principal_id: developer,
      source_identity: "dora",
      ...said,
    },
  });
  for (const said of saidByAws) tokens.push((aud, at) => signToken(claimsOf(aud, at, said)));
  for (const change of changedClaims)
    tokens.push((aud, at) => signToken({ ...claimsOf(aud, at), ...change(aud, at) }));
  for (const head of heads) tokens.push((aud, at) => signToken(claimsOf(aud, at), head));
  tokens.push((aud, at) => `${signToken(claimsOf(aud, at)).slice(0, -4)}AAAA`);
  for (const [index, tokenFor] of tokens.entries()) {
    const who = testWriter(world.store, `p${index}`, { clock: world.clock });
    Object.assign(who.writer, { log, catalog });
    const now = Math.floor(world.clock.now().getTime() / 1000);
    const token = tokenFor(who.signer.thumbprint, now);
    const first = { type: "enrol", request: "-", n: 0, prev: "-" } as const;
    let prev = await put(
      world,
      who,
      first,
      recordBy(who, first, { ...bodyOf("enrol", who, asked, digest), statement: token }),
    );
    const parts = {
      "proof.aws.1": token.slice(0, 2048),
      ...(token.length > 2048 ? { "proof.aws.2": token.slice(2048) } : {}),
    };
    const proven = { account: "111111111111", sourceIdentity: "dora" };
    const attested = [
      { ...parts, ...proven },
      { ...parts, account: "111111111111" },
      { ...parts, ...proven, "proof.ci.1": token },
      { ...proven, "proof.aws.2": token },
    ];
    let n = 1;
    for (const one of attested) {
      const place = { type: "request", request: "-", n: n++, prev } as const;
      prev = await put(
        world,
        who,
        place,
        recordBy(who, place, { ...bodyOf("request", who, asked, digest), attested: one }),
      );
    }
    const place = { type: "approval", request: asked.record.id, n, prev } as const;
    await put(world, who, place, recordBy(who, place, bodyOf("approval", who, asked, digest)));
  }
  const judged = new Map([["tokens", await world.judge()]]);
  await world.renewTrust({ sessionNameRoles: [developer], refusePathOnly: true });
  judged.set("tokens, where names of sessions count", await world.judge());
  await expectAgreement(judged);
});
