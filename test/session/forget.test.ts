import { expect, test } from "vitest";
import { JitError } from "../../src/error.ts";
import { endForgotten, payOwedEnds } from "../../src/session/end.ts";
import { forgetSessions } from "../../src/session/forget.ts";
import { MemoryCache } from "./memory-cache.ts";
import { MemoryOwedEnds } from "./memory-owed-ends.ts";
import { session } from "./sessions.ts";
import { fenceThat, World } from "./world.ts";

const one = session();
const two = session({ request: "01KAV7Q3Z10123456789ABCDEF", targets: ["orders:read"] });

async function filled(): Promise<MemoryCache> {
  const cache = new MemoryCache();
  await cache.write("one", one, fenceThat());
  await cache.write("two", two, fenceThat());
  return cache;
}

test("the wanted sessions are removed, and their ends recorded; others stay", async () => {
  const cache = await filled();
  const world = new World();
  const ended = async (of: typeof one) => {
    expect(cache.files.has("one")).toBe(false);
    const owed = new MemoryOwedEnds();
    await owed.add(endForgotten(of));
    await payOwedEnds(world.ports.records, owed);
  };
  const { sessions, notices } = await forgetSessions({ cache, ended }, ({ targets }) =>
    targets.includes("customers:read"),
  );
  expect(sessions.map(({ request }) => request)).toEqual([one.request]);
  expect(notices).toEqual([]);
  expect([...cache.files.keys()]).toEqual(["two"]);
  expect(world.records()).toMatchObject([
    { type: "end", request: one.request, outcome: "forgotten", exitCode: -1, seconds: -1, command: "-" },
  ]);
});

test("the secrets go though the bucket does not answer", async () => {
  const cache = await filled();
  const ended = () => Promise.reject(new JitError("AUDIT_UNREACHABLE", "no bucket"));
  const { sessions, notices } = await forgetSessions({ cache, ended }, () => true);
  expect(cache.files.size).toBe(0);
  expect(sessions).toHaveLength(2);
  expect(notices.map(({ code }) => code)).toEqual(["END_NOT_RECORDED", "END_NOT_RECORDED"]);
});
