import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { fileLock } from "../../src/local/lock.ts";
import { keyringVault } from "../../src/local/vault.ts";
import { fakeBus } from "./fake-bus.ts";
import { temporaryFolder } from "./temporary.ts";

const now = Date.parse("2026-11-24T08:00:00Z");

function vaultIn(state: string, env: Record<string, string> = {}, at = now) {
  return keyringVault({ state, env, platform: "linux", now: () => at, lock: fileLock(join(state, "locks")) });
}

function remember(state: string, kind: string, at = now): void {
  writeFileSync(join(state, "keyring.json"), JSON.stringify({ v: 1, kind, why: "of the test", at }), {
    mode: 0o600,
  });
}

const kindIn = (state: string) => JSON.parse(readFileSync(join(state, "keyring.json"), "utf8")).kind;

test("without a D-Bus session there is no key, and nothing is tried or written", async () => {
  const state = join(temporaryFolder(), "state");
  expect(await vaultIn(state).key()).toBeUndefined();
  expect((await vaultIn(state).probe()).kind).toBe("file");
});

describe.skipIf(process.platform !== "linux")("where the bus accepts and never answers", () => {
  test("trying it ends in time, and is not repeated within the hour", async () => {
    let asked = 0;
    const path = await fakeBus(() => {
      asked += 1;
    });
    const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` };
    const state = temporaryFolder();
    const began = performance.now();
    expect(await vaultIn(state, env).key()).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(10_000);
    // On a slow machine the child may have no time to ask at all.
    const once = asked;
    expect(once).toBeLessThanOrEqual(1);
    expect(await vaultIn(state, env, now + 1_800_000).key()).toBeUndefined();
    expect(asked).toBe(once);
  });

  test("who comes first at once waits for the other's try, so that no two keys are made", async () => {
    let asked = 0;
    const path = await fakeBus(() => {
      asked += 1;
    });
    const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` };
    const state = temporaryFolder();
    const keys = await Promise.all(Array.from({ length: 4 }, () => vaultIn(state, env).key()));
    expect(keys).toEqual([undefined, undefined, undefined, undefined]);
    expect(asked).toBeLessThanOrEqual(1);
  });

  test("a keyring that was good before does not hold the process up", async () => {
    const path = await fakeBus(() => undefined);
    const state = temporaryFolder();
    remember(state, "keyring");
    // The library looks in the process' own environment.
    vi.stubEnv("DBUS_SESSION_BUS_ADDRESS", `unix:path=${path}`);
    const vault = vaultIn(state, { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` });
    expect(await vault.key()).toBeUndefined();
    expect(kindIn(state)).toBe("file");
    vi.unstubAllEnvs();
  });

  test("what is remembered grows old: the good a day, the bad an hour", async () => {
    const gone = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere/bus" };
    const state = temporaryFolder();
    for (const [kind, age, tried] of [
      ["file", 3_500_000, false],
      ["file", 3_700_000, true],
      ["keyring", 90_000_000, true],
    ] as const) {
      remember(state, kind, now - age);
      expect(await vaultIn(state, gone).key()).toBeUndefined();
      const { why } = JSON.parse(readFileSync(join(state, "keyring.json"), "utf8"));
      expect(why === "of the test").toBe(!tried);
    }
  });

  test("a memory that is damaged, unsafe or cannot be kept is none, and no error", async () => {
    const gone = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere/bus" };
    const state = temporaryFolder();
    writeFileSync(join(state, "keyring.json"), "{", { mode: 0o600 });
    expect(await vaultIn(state, gone).key()).toBeUndefined();
    chmodSync(join(state, "keyring.json"), 0o666);
    expect(await vaultIn(state, gone).key()).toBeUndefined();
    const blocked = join(temporaryFolder(), "file");
    writeFileSync(blocked, "");
    expect(await vaultIn(join(blocked, "state"), gone).key()).toBeUndefined();
  });
});
