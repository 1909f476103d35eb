import { expect, test } from "vitest";
import { endOf, isFresh, isUsable } from "../../src/session/freshness.ts";
import { sessionStatus } from "../../src/session/status.ts";
import { MemoryCache } from "./memory-cache.ts";
import { after, lapsingAt, session } from "./sessions.ts";
import { fenceThat } from "./world.ts";

async function statusAt(now: Date, ...sessions: ReturnType<typeof session>[]) {
  const cache = new MemoryCache();
  for (const [index, of] of sessions.entries()) await cache.write(String(index), of, fenceThat());
  return await sessionStatus(cache, "", now);
}

test("what works is listed with its time, the first to end in front", async () => {
  const long = lapsingAt(after(3600), { request: "long", notAfter: after(7200) });
  const short = lapsingAt(after(3600), { request: "short", notAfter: after(1200) });
  const gone = session({ request: "gone", notAfter: after(60) });
  const found = await statusAt(after(60.5), long, short, gone);
  expect(found).toMatchObject([
    { request: "short", usableUntil: after(1200), secondsLeft: 1139, grantSecondsLeft: 1139 },
    { request: "long", usableUntil: after(3600), secondsLeft: 3539, grantSecondsLeft: 7139 },
  ]);
});

test("lapsed credentials of a grant that goes on have no time left, but the grant has", async () => {
  const lapsed = lapsingAt(after(3600), { notAfter: after(7200) });
  expect(await statusAt(after(3601), lapsed)).toMatchObject([{ secondsLeft: 0, grantSecondsLeft: 3599 }]);
});

test("time is the server's, as far as it is known", async () => {
  const [behind] = await statusAt(after(0), session({ clockSkew: 600_000 }));
  expect(behind?.secondsLeft).toBe(1200);
});

test("it shows no secret", async () => {
  expect(JSON.stringify(await statusAt(after(0), session()))).not.toMatch(/EXAMPLEKEY|FwoG/);
});

test.each([
  // lapses, grant ends, now, usable, fresh
  [1800, 1800, 1799, true, true],
  [1800, 1800, 1800, false, false],
  [1800, 1859, 1799, true, true],
  [1800, 1860, 1499, true, true],
  [1800, 1860, 1500, true, false],
  [1800, 1860, 1800, false, false],
  [1800, 600, 599, true, true],
  [1800, 600, 600, false, false],
])("lapsing at %i in a grant to %i, at %i: usable %s, fresh %s", (lapses, ends, now, usable, fresh) => {
  const of = lapsingAt(after(lapses), { notAfter: after(ends) });
  expect(isUsable(of, after(now))).toBe(usable);
  expect(isFresh(of, after(now))).toBe(fresh);
  expect(endOf(of)).toEqual(after(Math.min(lapses, ends)));
});
