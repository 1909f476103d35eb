import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { requestAccess } from "../../src/session/request-access.ts";
import { MemoryCache } from "./memory-cache.ts";
import { fenceThat, World } from "./world.ts";

/** A world whose key is enrolled already, so that faults meet the request. */
async function enrolled(): Promise<World> {
  const world = new World();
  const { session } = await requestAccess(world.ports, world.input(), fenceThat());
  await world.journal.close(session?.request ?? "");
  return world;
}

const before = ["request", "issue"];

async function fails(world: World, passes?: number): Promise<string | undefined> {
  try {
    await requestAccess(world.ports, world.input(), fenceThat(passes));
  } catch (error) {
    return codeOf(error);
  }
  throw new Error("credentials were returned");
}

/** What the next run finds and repairs, then its own records. */
async function nextRun(world: World): Promise<void> {
  const outcome = await requestAccess(world.ports, world.input(), fenceThat());
  expect(outcome.kind).toBe("granted");
}

test.each<[string, (world: World) => void, string, string[], string[]]>([
  [
    "the bucket does not answer",
    (world) => world.store.faults.push("unreachable"),
    "AUDIT_UNREACHABLE",
    [],
    ["request", "abort request CRASHED"],
  ],
  [
    "the bucket refuses",
    (world) => world.store.faults.push("denied"),
    "AUDIT_DENIED",
    [],
    ["request", "abort request CRASHED"],
  ],
  [
    "the reply to the request record is lost",
    (world) => world.store.faults.push("lost"),
    "AUDIT_UNREACHABLE",
    ["request"],
    ["request", "abort request CRASHED"],
  ],
  [
    "STS refuses",
    (world) => world.tokens.assumeFaults.push("STS_DENIED"),
    "STS_DENIED",
    ["request", "abort assumeRole STS_DENIED"],
    ["request", "abort assumeRole STS_DENIED"],
  ],
  [
    "the reply of AssumeRole is lost",
    (world) => world.tokens.assumeFaults.push("STS_REPLY_LOST"),
    "STS_REPLY_LOST",
    ["request", "abort assumeRole STS_REPLY_LOST"],
    ["request", "abort assumeRole STS_REPLY_LOST"],
  ],
  [
    "the issue record cannot be stored",
    (world) => world.store.faults.push(undefined, "unreachable"),
    "AUDIT_UNREACHABLE",
    ["request", "issue", "abort issueRecord AUDIT_UNREACHABLE"],
    ["request", "issue", "abort issueRecord AUDIT_UNREACHABLE"],
  ],
  [
    "the bucket is gone after AssumeRole",
    (world) => world.store.faults.push(undefined, "unreachable", "unreachable", "unreachable"),
    "AUDIT_UNREACHABLE",
    ["request"],
    ["request", "issue", "abort issueRecord CRASHED"],
  ],
])("%s: no credentials, and the records say so", async (_what, spoil, code, left, repaired) => {
  const world = await enrolled();
  spoil(world);
  expect(await fails(world)).toBe(code);
  expect(world.story()).toEqual([...before, ...left]);
  world.store.faults.length = 0;
  await nextRun(world);
  expect(world.story()).toEqual([...before, ...repaired, "request", "issue"]);
});

test.each([
  ["before the request record", 0, []],
  ["before AssumeRole", 1, ["request", "abort request LOCK_LOST"]],
  ["before the credentials are returned", 2, ["request", "issue", "abort cache LOCK_LOST"]],
])("a lock that is lost %s", async (_when, passes, left) => {
  const world = await enrolled();
  const calls = world.tokens.assumed.length;
  expect(await fails(world, passes)).toBe("LOCK_LOST");
  expect(world.story()).toEqual([...before, ...left]);
  expect(world.tokens.assumed.length - calls).toBe(passes === 2 ? 1 : 0);
  expect(world.journal.entries.size).toBe(0);
});

test.each<[string, (world: World, die: () => Promise<never>) => void, string[]]>([
  [
    "while the request is noted",
    (world, die) => {
      world.journal.open = die;
    },
    ["request", "abort request CRASHED"],
  ],
  [
    "before AssumeRole",
    (world, die) => {
      world.journal.mark = die;
    },
    ["request", "abort request CRASHED"],
  ],
  [
    "in AssumeRole",
    (world, die) => {
      world.tokens.assumeRole = die;
    },
    ["request", "abort assumeRole CRASHED"],
  ],
  [
    "once the credentials are returned and not yet kept",
    (world, die) => {
      world.journal.close = die;
    },
    ["request", "issue", "abort cache CRASHED"],
  ],
])("killed %s: the next run repairs what is left", async (_when, arrange, expected) => {
  const world = await enrolled();
  const { journal, tokens } = world;
  const real = {
    open: journal.open,
    mark: journal.mark,
    close: journal.close,
    assumeRole: tokens.assumeRole,
  };
  let died = false;
  arrange(world, () => {
    died = true;
    // Never settles: the process is gone.
    return new Promise<never>(() => {});
  });
  const run = requestAccess(world.ports, world.input(), fenceThat()).then(() => "returned");
  const outcome = await Promise.race([
    run,
    new Promise((resolve) => {
      const look = () => (died ? resolve("died") : setImmediate(look));
      look();
    }),
  ]);
  expect(outcome).toBe(_when.startsWith("once") ? "returned" : "died");
  Object.assign(journal, { open: real.open, mark: real.mark, close: real.close });
  Object.assign(tokens, { assumeRole: real.assumeRole });
  // The next process: the same disk and bucket, a lock that is free again.
  const next = new World({ organization: world.organization });
  Object.assign(next, { store: world.store, journal, tokens, signer: world.signer });
  Object.assign(next.chain, { next: world.chain.next, prev: world.chain.prev, pending: world.chain.pending });
  next.tick(60);
  await nextRun(next);
  expect(next.story()).toEqual([...before, ...expected, "request", "issue"]);
});

test("killed between the cache file and its note: the session was handed over, and is not aborted", async () => {
  const world = await enrolled();
  const { session } = await requestAccess(world.ports, world.input(), fenceThat());
  if (session === undefined) throw new Error("not granted");
  const cache = new MemoryCache();
  await cache.write("a", session, fenceThat());
  await requestAccess({ ...world.ports, cache }, world.input(), fenceThat());
  expect(world.story()).toEqual([...before, "request", "issue", "request", "issue"]);
  expect(world.journal.entries.has(session.request)).toBe(false);
});
