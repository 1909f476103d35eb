import { beforeEach, describe, expect, test } from "vitest";
import { JitError } from "../../../src/error.ts";
import { awaitDecision } from "../../../src/session/approve/wait.ts";
import { failure, type Party, Town } from "./parties.ts";

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
beforeEach(() => {
  town = new Town();
  [alice, bob, carol] = [town.user("alice"), town.user("bob"), town.user("carol")];
});

describe("whoever waits misses nothing", () => {
  async function waits(request: string, steps: readonly (() => Promise<unknown>)[]) {
    const kept = alice.waiting.get(request);
    if (kept === undefined) throw new Error("not kept");
    let turn = 0;
    const wait = async () => {
      town.pass(60);
      await (steps[turn] ?? (async () => town.pass(600)))();
      turn += 1;
    };
    const ports = { ...alice.ports, reasons: { read: async () => kept.secret }, wait };
    const hooks = { progress: () => undefined, trouble: () => undefined };
    return (await awaitDecision(ports, kept.waiting, hooks)).standing.state;
  }
  /** The next record of that type cannot be sent, and is by the next run. */
  async function held(
    who: Party,
    type: string,
    work: () => Promise<unknown>,
  ): Promise<() => Promise<unknown>> {
    const create = town.store.create.bind(town.store);
    town.store.create = async (key, bytes) => {
      if (key.endsWith(`.${type}.jws`)) throw new JitError("AUDIT_UNREACHABLE", "as the test says");
      await create(key, bytes);
    };
    expect(await failure(work())).toBe("AUDIT_UNREACHABLE");
    town.store.create = create;
    return async () => await who.writes("abort", "0".repeat(26), nothing);
  }
  const nothing = { requestHash: "0".repeat(64), code: "X", step: "request", accessKeyId: "-" } as const;

  test.each(["approval", "issue"] as const)("where an %s of an earlier hour arrives late", async (type) => {
    const request = await alice.asks("payroll:read", 7200);
    if (type === "issue") await bob.approves(request);
    const who = type === "issue" ? carol : bob;
    const send = await held(who, type, () => who.approves(request));
    town.pass(3600);
    const late = async () => {
      await send();
      if (type === "approval") await carol.approves(request);
    };
    expect(await waits(request, [async () => undefined, late])).toBe("issued");
    expect(typeof (await alice.picksUp(request))).toBe("object");
  });

  test.each([1, 2, 3, 4])("where a decision cannot be read at first, at read %i", async (nth) => {
    const request = await alice.asks();
    const read = town.store.read.bind(town.store);
    const deny = async () => {
      await bob.denies(request);
      let left = nth;
      town.store.read = async (key) => {
        left -= 1;
        if (left === 0) throw new JitError("AUDIT_UNREACHABLE", "as the test says");
        return await read(key);
      };
    };
    const idle = Array.from({ length: 6 }, () => async () => undefined);
    expect(await waits(request, [deny, ...idle])).toBe("denied");
    expect(town.time - Date.parse("2026-11-24T08:16:36Z")).toBeLessThan(600_000);
  });
});
