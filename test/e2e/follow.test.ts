import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { beforeAll, expect, test } from "vitest";
import { makeId } from "../../src/audit/id.ts";
import { hourOf } from "../../src/audit/time.ts";
import { clientOptions } from "../support/aws-client.ts";
import { useSandbox, why } from "../support/fixture.ts";
import { eventually, type Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** A feed through the real binary: what was asked and given up, once, in every format, whatever cuts it off. */

const { sandbox, machine } = useSandbox();
const binary = resolve(import.meta.dirname, "../../bin/jit.js");
let alice: Machine;
let auditor: Machine;

interface Line {
  readonly id: string;
  readonly event: string;
  readonly object: string;
  readonly verified?: boolean;
}

const linesOf = (text: string): readonly Line[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

async function follow(state: string, ...flags: readonly string[]) {
  const { code, stdout, stderr } = await auditor.jit([
    ...["audit", "follow", "--once", "--state", join(auditor.home, state)],
    ...flags,
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

const askAndForget = async () => {
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
};

beforeAll(async () => {
  [alice, auditor] = await Promise.all([machine("alice"), machine("auditor")]);
  await askAndForget();
});

test("each record once, verified; what is new the next time; its state is private", async () => {
  const first = linesOf(await follow("a.json"));
  expect(first.map(({ event, verified }) => [event, verified])).toEqual([
    ["enrol", true],
    ["request", true],
    ["issue", true],
    ["end", true],
  ]);
  expect(await follow("a.json")).toBe("");
  await askAndForget();
  expect(linesOf(await follow("a.json")).map(({ event }) => event)).toEqual(["request", "issue", "end"]);
  expect(statSync(join(auditor.home, "a.json")).mode & 0o777).toBe(0o600);
});

test("the same records as OCSF and as CEF, with the same ids", async () => {
  const ids = linesOf(await follow("b.json")).map(({ id }) => id);
  const ocsf = (await follow("c.json", "--format", "ocsf")).trimEnd().split("\n");
  expect(ocsf.map((line) => JSON.parse(line).metadata.uid)).toEqual(ids);
  expect(ocsf.map((line) => JSON.parse(line).type_uid)).toContain(300301);
  const cef = (await follow("d.json", "--format", "cef")).trimEnd().split("\n");
  expect(cef.map((line) => /^CEF:0\|jit\|.* externalId=([0-9a-f]{32}) /.exec(line)?.[1])).toEqual(ids);
});

test("texts are told only where one says so", async () => {
  expect(await follow("e.json")).not.toContain("cannot log in");
  expect(await follow("f.json", "--texts")).toContain("cannot log in");
});

test("killed as soon as it said something: nothing is lost, and what is repeated has the same id", async () => {
  const all = new Set(linesOf(await follow("g.json")).map(({ id }) => id));
  const state = join(auditor.home, "killed.json");
  const told: string[] = [];
  for (let run = 0; run < 3; run++) {
    const child = auditor.start(["audit", "follow", "--interval", "1s", "--state", state]);
    const ended = once(child, "exit");
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      child.kill("SIGKILL");
    });
    if (run > 0) {
      // It may have remembered all of it already: something new makes it speak.
      await askAndForget();
    }
    await ended;
    // The last line may be cut off: then it is told again.
    told.push(...linesOf(text.slice(0, text.lastIndexOf("\n") + 1)).map(({ id }) => id));
  }
  told.push(...linesOf(await follow("killed.json")).map(({ id }) => id));
  for (const { id } of linesOf(await follow("h.json"))) all.add(id);
  expect(new Set(told)).toEqual(all);
});

test("the folder of a state file that was named stays open to who may read it", async () => {
  const folder = join(auditor.home, "shared");
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  await follow("shared/state.json");
  expect(statSync(folder).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, "state.json")).mode & 0o777).toBe(0o600);
});

test("nobody reads: it ends, and remembers nothing of what was not taken", async () => {
  const state = join(auditor.home, "closed.json");
  await follow("closed.json");
  const before = JSON.parse(readFileSync(state, "utf8"));
  const child = auditor.start(["audit", "follow", "--interval", "1s", "--state", state, "--json"]);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "exit");
  child.stdout?.destroy();
  await askAndForget();
  const [code] = await ended;
  expect([code, JSON.parse(stderr).error.code]).toEqual([1, "OUTPUT_CLOSED"]);
  expect(JSON.parse(readFileSync(state, "utf8")).hours).toEqual(before.hours);
  expect(linesOf(await follow("closed.json")).map(({ event }) => event)).toEqual(["request", "issue", "end"]);
});

test("a bucket that does not answer is asked again, and SIGTERM ends it", async () => {
  const state = join(auditor.home, "trouble.json");
  await follow("trouble.json");
  const child = auditor.start(["audit", "follow", "--interval", "1s", "--state", state]);
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "exit");
  await sandbox().clearCalls();
  await eventually(async () => {
    expect(
      (await sandbox().calls()).filter(({ action }) => action.startsWith("ListObjectVersions")).length,
    ).toBeGreaterThan(3);
  });
  await sandbox().fault({
    service: "s3",
    action: "ListObjectVersions",
    kind: "status",
    status: 403,
    code: "AccessDenied",
  });
  await eventually(async () => expect(stderr).toContain("still looking"));
  await sandbox().clearFaults();
  await askAndForget();
  await eventually(async () =>
    expect(linesOf(stdout).map(({ event }) => event)).toEqual(["request", "issue", "end"]),
  );
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect(await follow("trouble.json")).toBe("");
});

test("a record that was changed where it lies is marked, and a finding follows", async () => {
  const lines = linesOf(await follow("i.json"));
  const denied = lines.find(({ event }) => event === "end");
  await sandbox().tamper("jit-audit", String(denied?.object));
  const now = linesOf(await follow("j.json"));
  expect(now.find(({ event, object }) => event === "end" && object === denied?.object)?.verified).toBe(false);
  const found = now.filter(({ object, verified }) => object === denied?.object && verified === undefined);
  expect(found).toHaveLength(1);
});

test.skipIf(!existsSync("/dev/full"))("what a full disk does not take is told again", async () => {
  const state = join(auditor.home, "full.json");
  const shell = `exec "$0" "$@" > /dev/full`;
  const args = [...["audit", "follow", "--once", "--state", state, "--json"]];
  const full = await auditor.run("bash", ["-c", shell, process.execPath, binary, ...args]);
  expectError(full, "OUTPUT_FAILED", 1);
  expect(linesOf(await follow("full.json")).length).toBeGreaterThan(3);
});

test("a state that is damaged, or a flag that is wrong, is refused", async () => {
  const state = join(auditor.home, "bad.json");
  writeFileSync(state, "{}", { mode: 0o600 });
  expectError(await auditor.jit(["audit", "follow", "--once", "--state", state, "--json"]), "FEED_STATE", 11);
  expectError(
    await auditor.jit(["audit", "follow", "--once", "--from", "never", "--json"]),
    "TIME_INVALID",
    2,
  );
  expectError(await auditor.jit(["audit", "follow", "--full", "0s", "--json"]), "DURATION_INVALID", 2);
});

test("what a stranger puts under requests that nobody made costs a feed a few calls each, and is told", async () => {
  const { env } = await machine("bob");
  const options = clientOptions(sandbox(), env);
  const [s3, sts] = [new S3Client(options), new STSClient(options)];
  const { UserId: userid = "" } = await sts.send(new GetCallerIdentityCommand({}));
  await follow("strange.json");
  const strange = 15;
  const now = Date.now();
  const thumbprint = "A".repeat(43);
  for (let number = 0; number < strange; number++) {
    const id = makeId(now - 6 * 86_400_000 + number, thumbprint, `${number}`);
    const hour = hourOf(new Date(now).toISOString());
    const Key = `v1/rec/${hour}/${id}/${userid}/${thumbprint}.${number}.denial.jws`;
    await s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key, Body: "x", IfNoneMatch: "*" }));
  }
  for (const client of [s3, sts]) client.destroy();
  await sandbox().clearCalls();
  const told = linesOf(await follow("strange.json")).filter(({ event }) => event === "denial");
  expect(told.map(({ verified }) => verified)).toEqual(Array.from({ length: strange }, () => false));
  const calls = (await sandbox().calls()).filter(({ action }) => action?.startsWith("List"));
  // Six days have 144 hours.
  expect(calls.length).toBeGreaterThan(2);
  expect(calls.length).toBeLessThan(4 * strange);
});
