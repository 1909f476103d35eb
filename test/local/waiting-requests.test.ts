import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { waitingRequests } from "../../src/local/waiting-requests.ts";
import { makeSealKey } from "../../src/session/approve/seal-key.ts";
import type { WaitingRequest } from "../../src/session/approve/waiting.ts";

const now = Date.parse("2026-11-24T08:00:00Z");
const waiting = (request: string, closesAt = now + 3_600_000): WaitingRequest => ({
  request,
  requestHash: "a".repeat(64),
  targets: ["payroll:read"],
  issuer: "approver",
  duration: 1800,
  quorum: 2,
  approvers: ["owners"],
  at: new Date(now),
  closesAt: new Date(closesAt),
  organization: "f".repeat(64),
  catalog: "c".repeat(64),
  userid: "AIDAALICE",
  name: "n",
  inputs: "i",
});
const first = "01ARYZ6S41TSV4RRFFQ69G5FAV";
const second = "01ARYZ6S41TSV4RRFFQ69G5FAW";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "jit-waiting-")), "waiting");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const open = (key?: Uint8Array) => waitingRequests(folder, { key: async () => key }, () => now);
const secret = () => ({ key: makeSealKey(), reason: "why", ticket: undefined });

describe.each([
  ["without a keyring", undefined],
  ["with a keyring", new Uint8Array(32).fill(7)],
])("%s", (_, key) => {
  test("what is kept is read again, in private", async () => {
    const store = open(key);
    const kept = secret();
    await store.keep(waiting(first), kept);
    await store.keep(waiting(second), { ...kept, key: undefined, ticket: "T-1" });
    expect(await store.list()).toEqual([waiting(first), waiting(second)]);
    expect(await store.secretOf(first)).toEqual(kept);
    expect(await store.secretOf(second)).toEqual({ key: undefined, reason: "why", ticket: "T-1" });
    expect(statSync(join(folder, `${first}.json`)).mode & 0o777).toBe(0o600);
    const text = readFileSync(join(folder, `${first}.json`), "utf8");
    expect(text.includes(kept.key.d)).toBe(key === undefined);
    await store.remove(first);
    await store.remove(first);
    expect(await store.list()).toEqual([waiting(second)]);
  });
});

test("another keyring, a swapped or a damaged file: no secret", async () => {
  const store = open(new Uint8Array(32).fill(7));
  await store.keep(waiting(first), secret());
  await store.keep(waiting(second), secret());
  expect(await open(new Uint8Array(32).fill(8)).secretOf(first)).toBeUndefined();
  expect(await open().secretOf(first)).toBeUndefined();
  const file = (name: string) => join(folder, `${name}.json`);
  const text = readFileSync(file(first), "utf8");
  writeFileSync(file(second), text);
  expect(await store.secretOf(second)).toBeUndefined();
  writeFileSync(file(second), text.replaceAll(first, second));
  expect(await store.secretOf(second)).toBeUndefined();
  writeFileSync(file(first), "{");
  expect(await store.list()).toHaveLength(1);
  expect(await store.secretOf("../x")).toBeUndefined();
});

test("what ended a day ago is tidied away with the next one", async () => {
  const store = open();
  await store.keep(waiting(first, now - 25 * 3_600_000), secret());
  await store.keep(waiting(second), secret());
  expect(readdirSync(folder)).toEqual([`${second}.json`]);
});
