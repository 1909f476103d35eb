import fc from "fast-check";
import { test } from "vitest";
import { recordPrefix } from "../../src/audit/key.ts";
import { recordTypes } from "../../src/audit/types.ts";
import { type Judged, World } from "../audit/threats/world.ts";
import { time } from "../audit/writer.ts";
import { bodyOf, digest, pick, put, recordBy, role } from "./forging.ts";
import { expectAgreement, hasSecondVerifier } from "./second-verifier.ts";

const none = "01M86A5EZ2S33HY3B7WG4GSRYN";

test.skipIf(!hasSecondVerifier)("records that are well signed, and wrong about one another", async () => {
  const judged = new Map<string, Judged>();
  for (const [index, choices] of fc
    .sample(fc.array(fc.nat(), { minLength: 900, maxLength: 900 }), { seed: 2, numRuns: 16 })
    .entries())
    judged.set(`log ${index}`, await (await wrongLog(choices)).judge());
  await expectAgreement(judged);
});

/** A sound log, and two dozen records besides of which each has something wrong with it, more often than not. */
async function wrongLog(choices: readonly number[]): Promise<World> {
  let turn = 0;
  const next = (below: number) => (choices[turn++ % choices.length] ?? 0) % below;
  const often = <T>(good: T, odds: number, ...others: readonly T[]): T =>
    next(odds) > 0 ? good : pick(others, next(99));
  const w = await World.make();
  const { asked, other, last, issue, byCarol, approval } = w.records;
  const writers = Object.values(w.people);
  const requests = [asked, other, last];
  const issues = [issue.sha256, byCarol.sha256];
  const keys = [issue.record.accessKeyId];
  const chains = new Map(writers.map((who) => [who, { n: who === w.people.bob ? 2 : 4, prev: digest }]));
  for (let step = 0; step < 24; step++) {
    w.clock.pass(often(next(30), 6, -400, 400, 2000, 20_000));
    if (next(8) === 0) await w.seal();
    const who = pick(writers, next(99));
    const type = pick(recordTypes, next(99));
    const chain = chains.get(who) ?? { n: 1, prev: digest };
    const own = requests.filter(({ record }) => record.by.userid === who.writer.by.userid);
    const target = pick(next(3) > 0 && own.length > 0 ? own : requests, next(99));
    const at = (seconds: number) => time(new Date(w.clock.now().getTime() + seconds * 1000));
    const body = bodyOf(type, who, target, pick(issues, next(99)));
    if ("requestHash" in body) body["requestHash"] = often(target.sha256, 10, digest);
    if (type === "request") {
      const claimed = [
        {},
        { extends: pick(requests, next(99)).record.id },
        { extends: none },
        { notBefore: at(-61) },
        { notBefore: at(100) },
        { notBefore: "x" },
      ];
      body["claimed"] = pick(claimed, next(99));
      body["attested"] = often({}, 5, { account: "1" });
    }
    if (type === "issue") {
      Object.assign(body, {
        role: often(role, 12, `${role}-other`),
        renews: often("-", 3, pick(issues, next(99)), digest),
        decisions: often<readonly string[]>([], 4, [approval.sha256], [digest]),
        accessKeyId: often(`${body["accessKeyId"]}${step}`, 8, pick(keys, next(99))),
        notAfter: often(body["notAfter"], 4, at(-60), at(-59), at(1860), at(1861)),
        expiration: often(body["expiration"], 8, at(1861)),
        tags: often(body["tags"], 10, {}),
        sealed: often("-", 10, "a.b.c.d.e"),
      });
    }
    if (type === "abort") body["accessKeyId"] = often("-", 4, "ASIA1234567890123456");
    const n = type === "enrol" ? 0 : often(chain.n, 10, chain.n + 1, chain.n - 1);
    const request = type === "enrol" ? "-" : often(target.record.id, 20, none);
    const prev = type === "enrol" ? "-" : often(chain.prev, 12, digest);
    const place = { type, request, n, prev, ahead: often(0, 8, -1000, 1000, -301) };
    const seen = often<unknown>(
      "-",
      6,
      { root: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", size: 8 },
      (await w.head()).seen,
    );
    const changed = {
      seen,
      log: often(who.writer.log, 30, digest),
      catalog: often(who.writer.catalog, 25, digest),
    };
    const record = { ...recordBy(who, place, body), ...changed };
    const sha256 = await put(w, who, place, record);
    chains.set(who, { n: n + 1, prev: sha256 });
    if (type === "request")
      requests.push({ ...asked, record: record as unknown as typeof asked.record, sha256 });
    if (type === "issue") {
      issues.push(sha256);
      keys.push(String(body["accessKeyId"]));
    }
  }
  const names = [...w.store.objects.keys()].filter((name) => name.startsWith(recordPrefix));
  if (next(3) === 0) w.store.erase(pick(names, next(999)));
  if (next(3) === 0)
    w.store.spoil(pick(names, next(999)), (bytes) => bytes.map((byte, i) => (i === 300 ? byte ^ 1 : byte)));
  if (next(3) === 0) {
    const { thumbprint } = pick(writers, next(99)).signer;
    await w.renewTrust({
      revokedKeys: [{ thumbprint, at: at0(w, -next(300)), ...(next(2) > 0 ? { size: next(12) } : {}) }],
    });
  }
  return w;
}

function at0(w: World, seconds: number): string {
  return time(new Date(w.clock.now().getTime() + seconds * 1000));
}
