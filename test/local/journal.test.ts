import { spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JournalEntry } from "../../src/audit/ports.ts";
import { fileJournal } from "../../src/local/journal.ts";
import { ownIdentity } from "../../src/local/process-identity.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const request = "01KCQ9V3W4X5Y6Z7A8B9C0D1E2";
const entry: JournalEntry = { request, requestHash: "ab".repeat(32), step: "request", accessKeyId: "-" };

/** As if another process had written the entry. */
function writtenBy(folder: string, identity: object): void {
  const path = join(folder, `${request}.json`);
  const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
  writeFileSync(path, `${JSON.stringify({ ...JSON.parse(last), process: identity })}\n`);
}

test("what this process has under way is not cut off", async () => {
  const folder = temporaryFolder();
  const journal = fileJournal(folder);
  await journal.open(entry);
  expect(await journal.list()).toEqual([]);
  await journal.close(request);
  expect(readdirSync(folder)).toEqual([]);
  await journal.close(request);
});

test("what a process that has ended had under way is listed with its last step", async () => {
  const folder = temporaryFolder();
  const journal = fileJournal(folder);
  await journal.open(entry);
  await journal.mark(request, "assumeRole");
  await journal.mark(request, "issueRecord", "ASIAEXAMPLE");
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writtenBy(folder, { ...ownIdentity(), pid });
  expect(await journal.list()).toEqual([{ ...entry, step: "issueRecord", accessKeyId: "ASIAEXAMPLE" }]);
});

test("a step that was half written down when the machine stopped is not there yet", async () => {
  const folder = temporaryFolder();
  const journal = fileJournal(folder);
  await journal.open(entry);
  await journal.mark(request, "assumeRole");
  const path = join(folder, `${request}.json`);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writtenBy(folder, { ...ownIdentity(), pid });
  appendFileSync(path, readFileSync(path, "utf8").replace("assumeRole", "issueRecord").slice(0, -1));
  expect(await journal.list()).toEqual([{ ...entry, step: "assumeRole" }]);
});

test("the machine's start ends all that came before it", async () => {
  const folder = temporaryFolder();
  const journal = fileJournal(folder);
  await journal.open(entry);
  writtenBy(folder, { ...ownIdentity(), boot: "the one before" });
  expect(await journal.list()).toEqual([entry]);
});

test.each(["machine", "space"])("of another %s an entry counts once it is old", async (part) => {
  const folder = temporaryFolder();
  let now = Date.now();
  const journal = fileJournal(folder, () => now);
  await journal.open(entry);
  writtenBy(folder, { ...ownIdentity(), [part]: "elsewhere", pid: 1 });
  expect(await journal.list()).toEqual([]);
  now += 2 * 3_600_000;
  expect(await journal.list()).toEqual([entry]);
  utimesSync(join(folder, `${request}.json`), now / 1000, now / 1000);
  expect(await journal.list()).toEqual([]);
});

test("only what was opened can be marked, and only a request id names a file", async () => {
  const journal = fileJournal(temporaryFolder());
  expect(await thrownBy(() => journal.mark(request, "cache"))).toBe("LOCAL_JOURNAL");
  expect(await thrownBy(() => journal.open({ ...entry, request: "../x" }))).toBe("LOCAL_JOURNAL");
});

test("a file that is no entry is none", async () => {
  const folder = temporaryFolder();
  const journal = fileJournal(folder);
  await journal.open(entry);
  writtenBy(folder, { pid: "1" });
  writeFileSync(join(folder, "01KCQ9V3W4X5Y6Z7A8B9C0D1E3.json"), '{"v":1,"request":', { mode: 0o600 });
  expect(await journal.list()).toEqual([]);
});
