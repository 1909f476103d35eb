import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { makeId } from "../../../src/audit/id.ts";
import { formatKey } from "../../../src/audit/key.ts";
import { JitError } from "../../../src/error.ts";
import { historyOf } from "../../../src/session/approve/history.ts";
import { pendingRequests } from "../../../src/session/approve/pending.ts";
import { awaitDecision } from "../../../src/session/approve/wait.ts";
import { type Party, Town } from "./parties.ts";

/** What is found by LIST alone, and how much is read. */

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
beforeEach(() => {
  town = new Town();
  [alice, bob, carol] = [town.user("alice"), town.user("bob"), town.user("carol")];
});

async function pending(who: Party, request?: string) {
  const { ports, self } = await who.looks(request ?? (await newest()));
  town.store.calls.length = 0;
  return await pendingRequests(ports, ports.reader, self);
}

/** A request of anybody, for `looks` to have something to look at. */
async function newest(): Promise<string> {
  const keys = [...town.store.objects.keys()].filter((key) => key.endsWith(".request.jws"));
  return keys.at(-1)?.split("/")[3] ?? (await alice.asks());
}

const reads = () => town.store.calls.filter((call) => call.startsWith("read "));

describe("pending", () => {
  test("shows what waits, oldest first, and not what has ended", async () => {
    const first = await alice.asks();
    town.pass(1);
    const denied = await alice.asks();
    town.pass(1);
    const issued = await alice.asks();
    town.pass(1);
    const last = await alice.asks("customers:read");
    await bob.denies(denied);
    await bob.approves(issued);
    await carol.approves(issued);
    await bob.approves(last);
    const { shown, left, unclear } = await pending(carol);
    expect(shown.map(({ found }) => found.request.record.request)).toEqual([first, last]);
    expect(shown.map(({ standing }) => standing.missing)).toEqual([2, 1]);
    expect([left, unclear]).toEqual([0, []]);
    town.pass(4 * 3600);
    expect((await pending(carol)).shown).toEqual([]);
  });

  test("of 20,000 records in a day reads what is to be shown, and lists the rest", async () => {
    const open = await alice.asks();
    const thumbprint = createHash("sha256").update("k").digest("base64url");
    for (let i = 0; i < 10_000; i += 1) {
      const at = town.time - (i % 86_400) * 1000;
      const nonce = Buffer.alloc(16, i).toString("base64url");
      const request = makeId(at, thumbprint, `${i}${nonce}`);
      const hour = new Date(at).toISOString().slice(0, 13).replaceAll("-", "");
      const name = { hour, request, userid: "AIDASOMEBODYELSE", thumbprint, n: i + 1 };
      for (const type of ["request", "issue"] as const)
        town.store.put(formatKey({ ...name, type }), new Uint8Array());
    }
    const { shown } = await pending(bob, open);
    expect(shown.map(({ found }) => found.request.record.request)).toEqual([open]);
    // The request, and the key of whom it is of.
    expect(reads().length).toBeLessThanOrEqual(3);
    expect(town.store.calls.filter((call) => call.startsWith("list ")).length).toBeLessThan(20);
  });

  test("is not filled by one requester, and hides nothing at a stranger's word", async () => {
    const dave = town.user("dave");
    for (let i = 0; i < 14; i += 1) {
      await dave.asks();
      town.pass(1);
    }
    const request = await alice.asks();
    const [stored] = [...town.store.objects.keys()].filter((key) => key.includes(`/${request}/`));
    expect(stored).toBeDefined();
    await dave.writes("abort", request, {
      requestHash: "0".repeat(64),
      code: "X",
      step: "request",
      accessKeyId: "-",
    });
    const { shown, left } = await pending(carol);
    const ids = shown.map(({ found }) => found.request.record.request);
    expect(ids).toContain(request);
    expect([shown.length, left]).toEqual([11, 4]);
  });

  test("what cannot be believed is named, not shown", async () => {
    const request = await alice.asks();
    const [key = ""] = [...town.store.objects.keys()].filter((one) => one.includes(`/${request}/`));
    town.store.spoil(key, () => new Uint8Array([123, 125]));
    expect(await pending(carol).catch(() => undefined)).toBeUndefined();
    const { ports, self } = await carol.looks(await alice.asks());
    const { shown, unclear } = await pendingRequests(ports, ports.reader, self);
    expect(shown).toHaveLength(1);
    expect(unclear).toEqual([{ request, code: "REQUEST_INVALID" }]);
  });
});

describe("waiting", () => {
  /** Runs a step of the story at each pause, as another machine would. */
  async function waits(request: string, steps: readonly (() => Promise<unknown>)[]) {
    const kept = alice.waiting.get(request);
    if (kept === undefined) throw new Error("not kept");
    const pauses: number[] = [];
    const calls: string[][] = [];
    const wait = async (ms: number) => {
      pauses.push(ms);
      calls.push(town.store.calls.splice(0));
      town.pass(ms / 1000);
      await steps[pauses.length - 1]?.();
      town.store.calls.length = 0;
    };
    const progress: number[] = [];
    const troubles: unknown[] = [];
    town.store.calls.length = 0;
    const seen = await awaitDecision({ ...alice.ports, wait } as never, kept.waiting, {
      progress: ({ approvals }) => progress.push(approvals.length),
      trouble: (error) => troubles.push(error),
    });
    return { seen, pauses, calls, progress, troubles };
  }
  const nothing = async () => undefined;

  test("is one LIST of the current hour at a time, slowing down from 2 s, and reads nothing until there is something", async () => {
    const request = await alice.asks();
    const idle = Array.from({ length: 30 }, () => nothing);
    const { seen, pauses, calls, progress } = await waits(request, [
      ...idle,
      () => bob.approves(request),
      nothing,
      () => carol.approves(request),
    ]);
    expect(seen.standing.state).toBe("issued");
    expect(progress).toEqual([1]);
    expect(pauses[0]).toBe(2000);
    expect(Math.max(...pauses)).toBe(15_000);
    expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
    const quiet = calls.slice(1, 30);
    expect(quiet.flat().filter((call) => !call.startsWith("list "))).toEqual([]);
    expect(Math.max(...quiet.map((all) => all.length))).toBeLessThanOrEqual(2);
  });

  test("ends by a denial, and by running out", async () => {
    const denied = await alice.asks();
    expect((await waits(denied, [nothing, () => bob.denies(denied)])).seen.standing.state).toBe("denied");
    const late = await alice.asks();
    const { seen } = await waits(late, [async () => town.pass(4 * 3600)]);
    expect(seen.standing.state).toBe("expired");
  });

  test("bears a bucket that does not answer for a while, and not for ever", async () => {
    const request = await alice.asks();
    const list = town.store.list.bind(town.store);
    let failures = 3;
    town.store.list = (prefix, after) => {
      failures -= 1;
      if (failures >= 0) throw new JitError("AUDIT_UNREACHABLE", "as the test says");
      return list(prefix, after);
    };
    const { troubles, seen } = await waits(request, [
      nothing,
      nothing,
      nothing,
      nothing,
      () => bob.denies(request),
    ]);
    expect([troubles.length > 0, seen.standing.state]).toEqual([true, "denied"]);
    failures = Number.POSITIVE_INFINITY;
    await expect(waits(await alice.asks(), [])).rejects.toMatchObject({ code: "AUDIT_UNREACHABLE" });
  });
});

test("the history counts by names, and reads the newest few", async () => {
  for (let i = 0; i < 25; i += 1) {
    await alice.asks(i % 5 === 0 ? "customers:read" : "payroll:read");
    town.pass(60);
  }
  const request = await alice.asks();
  const { ports, review } = await bob.looks(request);
  town.store.calls.length = 0;
  const history = await historyOf(town.store, ports.reader, review.found, town.now());
  expect(history).toMatchObject({ days: 7, requests: 25, read: 20, sameStore: 16 });
  expect(reads().length).toBeLessThanOrEqual(21);
});
