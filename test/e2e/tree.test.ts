import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { eventually, Machine } from "../support/jit.ts";
import { errorOf } from "../support/ledger.ts";

/** The log sealed, witnessed and verified by three people on machines of their own. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let auditor: Machine;
let witness: Machine;

beforeAll(async () => {
  [alice, auditor, witness] = await Promise.all([machine("alice"), machine("auditor"), machine("witness")]);
});

const keyFile = (name: string) => join(dirname(sandbox().catalog), name);

async function json(who: Machine, ...args: readonly string[]) {
  const { code, stdout } = await who.jit([...args, "--json"]);
  return { code, ...JSON.parse(stdout) };
}
const sealNow = (...flags: readonly string[]) =>
  json(auditor, "audit", "seal", "--key", keyFile("log.jwk"), ...flags);
const witnessNow = (...flags: readonly string[]) =>
  json(witness, "audit", "witness", "--key", keyFile("witness.jwk"), ...flags);

test("what is written is pending, then sealed, then cosigned", async () => {
  expect(await witnessNow()).toEqual({ code: 0, cosigned: false, size: 0 });
  expect((await json(auditor, "audit", "verify")).tree).toBeUndefined();
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  // Cut off between batch and tiles: the next run goes on.
  await sandbox().fault({
    service: "s3",
    key: "v1/tree/tile/",
    kind: "status",
    status: 503,
    code: "SlowDown",
  });
  const cut = await auditor.jit(["audit", "seal", "--key", keyFile("log.jwk"), "--json"]);
  expect(cut.code).toBe(9);
  await sandbox().clearFaults();
  expect(await sealNow()).toMatchObject({ code: 0, size: 3, added: 0, full: true });
  expect(await witnessNow()).toMatchObject({ code: 0, cosigned: true, size: 3, before: null });
  expect((await alice.jit(["request", "orders:read", ...why])).code).toBe(0);
  const printed = (await auditor.jit(["audit", "verify"])).stdout;
  expect(printed).toMatch(/^ {2}tree {5}\d+ records cosigned/m);
  expect(printed.split("\n").filter((line) => [...line].length > 80)).toEqual([]);
  const verified = await json(auditor, "audit", "verify", "--strict");
  expect(verified).toMatchObject({
    code: 0,
    findings: [],
    tree: { checkpoint: { size: 3 }, records: { cosigned: 3, sealed: 0, pending: 2 } },
  });
  expect(await sealNow()).toMatchObject({ size: 5, added: 2, full: false });
  expect(await sealNow()).toMatchObject({ size: 5, added: 0 });
  expect(await witnessNow()).toMatchObject({ cosigned: true, before: 3 });
  expect(await witnessNow()).toMatchObject({ cosigned: false });
  expect((await json(auditor, "audit", "verify")).tree.records).toEqual({
    cosigned: 5,
    sealed: 0,
    pending: 0,
  });
});

test("records say which checkpoint their writer had verified", async () => {
  const writer = await machine("alice");
  const seenBy = async () => {
    const asked = await json(writer, "request", "customers:read", ...why, "--new");
    const { entries } = await json(auditor, "audit", "show", asked.request);
    return entries[0].record.seen;
  };
  const { checkpoint } = (await json(auditor, "audit", "verify")).tree;
  expect(checkpoint.size).toBe(5);
  expect(await seenBy()).toEqual(checkpoint);
  expect((await json(auditor, "audit", "verify")).code).toBe(0);
});

test("leaves say until when their objects are locked", async () => {
  const { stdout } = await auditor.run(process.execPath, [
    "--input-type=module",
    "-e",
    `import { GetObjectCommand, S3Client } from ${JSON.stringify(new URL("../../node_modules/@aws-sdk/client-s3/dist-cjs/index.js", import.meta.url).href)};
     const s3 = new S3Client({ forcePathStyle: true });
     const reply = await s3.send(new GetObjectCommand({ Bucket: "jit-audit", Key: "v1/tree/batch/0000000000000000" }));
     process.stdout.write(await reply.Body.transformToString());`,
  ]);
  const leaves = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(leaves).toHaveLength(3);
  for (const { fault, lockedUntil, serverTime } of leaves) {
    expect(fault).toBe("-");
    expect(Date.parse(lockedUntil) - Date.parse(serverTime)).toBeGreaterThan(399 * 86_400_000);
  }
});

test("a mirror verifies without network or credentials, and a file changed in it is found", async () => {
  const folder = join(auditor.home, "mirror");
  const made = await json(auditor, "audit", "mirror", folder);
  expect(made).toMatchObject({ code: 0, folder });
  expect(await json(auditor, "audit", "mirror", folder)).toMatchObject({ fetched: 0 });
  const { code: _, ...online } = await json(auditor, "audit", "verify");
  const stranger = new Machine({ JIT_ORGANIZATION: alice.env["JIT_ORGANIZATION"] });
  const verify = ["audit", "verify", "--mirror", folder];
  const { code, ...offline } = await json(stranger, ...verify);
  expect([code, offline]).toEqual([0, online]);
  const parts = readdirSync(join(folder, "parts")).map((name) =>
    readFileSync(join(folder, "parts", name), "utf8"),
  );
  const [issue = ""] = parts.flatMap((part) => part.split("\n")).filter((line) => line.includes(".issue."));
  const pack = join(folder, "packs", "000000.pack");
  const bytes = readFileSync(pack);
  bytes.write("~", JSON.parse(issue).offset + 40);
  writeFileSync(pack, bytes);
  expect((await json(stranger, ...verify)).code).toBe(20);
  const none = await stranger.jit(["audit", "verify", "--mirror", join(folder, "none"), "--json"]);
  expect([errorOf(none).code, none.code]).toEqual(["MIRROR_INVALID", 2]);
  stranger.remove();
});

test("Ctrl-C while copying leaves the copy of before, and nothing half-written", async () => {
  const folder = join(auditor.home, "stopped");
  expect((await json(auditor, "audit", "mirror", folder)).code).toBe(0);
  const contents = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("lock"));
  const before = { names: contents(), manifest: readFileSync(join(folder, "manifest.jsonl"), "utf8") };
  await sandbox().clearCalls();
  expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
  await sandbox().fault({
    service: "s3",
    action: "GetObject",
    key: ".issue.jws",
    kind: "latency",
    ms: 4000,
  });
  const child = auditor.start(["audit", "mirror", folder]);
  const ended = once(child, "close");
  const isReading = async () =>
    (await sandbox().calls()).some(({ action }) => action === "ListObjectVersions");
  while (!(await isReading())) await new Promise((done) => setTimeout(done, 50));
  child.kill("SIGINT");
  expect((await ended)[0]).toBe(130);
  await sandbox().clearFaults();
  expect({ names: contents(), manifest: readFileSync(join(folder, "manifest.jsonl"), "utf8") }).toEqual(
    before,
  );
  const { fetched, code } = await json(auditor, "audit", "mirror", folder);
  expect([code, fetched > 1]).toEqual([0, true]);
  expect((await json(auditor, "audit", "verify", "--mirror", folder)).code).toBe(0);
});

test("what was verified before is not read again", async () => {
  const kept = join(auditor.home, "checkpoint");
  const from = join(auditor.home, "mirror");
  expect(await json(auditor, "audit", "verify", "--keep", kept)).toMatchObject({ code: 0 });
  expect(readFileSync(kept, "utf8")).toContain("/v1/tree\n5\n");
  expect((await sealNow()).code).toBe(0);
  const since = await json(auditor, "audit", "verify", "--since", kept);
  expect(since).toMatchObject({ code: 0, findings: [] });
  const all = await json(auditor, "audit", "verify");
  expect(since.objects).toBeLessThan(all.objects);
  expect(since.tree.checkpoint).toEqual(all.tree.checkpoint);
  // It says of itself that it is not the whole check.
  const [partly, whole] = await Promise.all(
    [["--since", kept], []].map(async (flags) => (await auditor.jit(["audit", "verify", ...flags])).stdout),
  );
  expect(partly).toContain(" without --since");
  expect(whole).not.toContain(" --since");
  const unsigned = await auditor.jit(["audit", "verify", "--json", "--since", join(from, "manifest.jsonl")]);
  expect([errorOf(unsigned).code, unsigned.code]).toEqual(["CHECKPOINT_FILE", 2]);
});

test("a witness that was shown another log before refuses, and remembers what it saw", async () => {
  const state = join(witness.home, "witness-state.json");
  expect(await witnessNow("--state", state)).toMatchObject({ code: 0 });
  const known = JSON.parse(readFileSync(state, "utf8"));
  const refusals = [
    [{ ...known, root: Buffer.alloc(32).toString("base64") }, "WITNESS_FORKED", 20],
    [{ ...known, size: 3, root: Buffer.alloc(32).toString("base64") }, "WITNESS_FORKED", 20],
    [{ ...known, size: 99 }, "WITNESS_SHRUNK", 20],
    [{ ...known, size: "5" }, "WITNESS_MEMORY", 11],
  ];
  for (const [told, code, exit] of refusals) {
    writeFileSync(state, JSON.stringify(told));
    const ended = await witness.jit([
      ...["audit", "witness", "--key", keyFile("witness.jwk"), "--state", state, "--json"],
    ]);
    expect([errorOf(ended).code, ended.code]).toEqual([code, exit]);
    expect(JSON.parse(readFileSync(state, "utf8"))).toEqual(told);
  }
});

test("only who may seal seals, with a key that the trust file names", async () => {
  expect((await alice.jit(["request", "customers:lists", ...why])).code).toBe(0);
  const denied = await alice.jit(["audit", "seal", "--key", keyFile("log.jwk"), "--json"]);
  expect([errorOf(denied).code, denied.code]).toEqual(["AUDIT_DENIED", 8]);
  const unknown = await auditor.jit(["audit", "seal", "--key", keyFile("witness.jwk"), "--json"]);
  expect([errorOf(unknown).code, unknown.code]).toEqual(["TREE_KEY_UNKNOWN", 7]);
  const missing = await auditor.jit(["audit", "seal", "--json"]);
  expect([errorOf(missing).code, missing.code]).toEqual(["KEY_FILE", 2]);
});

test("an administrator names log keys and witnesses, first and later", async () => {
  const admin = await machine("admin");
  const log = await json(admin, "trust", "key", "acme.example/audit");
  expect(log).toMatchObject({ code: 0, file: "log.jwk", new: true });
  expect(await json(admin, "trust", "key", "acme.example/audit")).toMatchObject({ key: log.key, new: false });
  const other = await json(admin, "trust", "key", "w.example/acme", "--witness");
  const init = ["trust", "init", "--organization", "acme", "--name", "Admin", "--log-key", log.key];
  expect((await admin.jit(init)).code).toBe(0);
  const updated = await json(admin, "trust", "update", "--witness", other.key);
  expect(updated).toMatchObject({ version: 2, logKeys: [log.key], witnesses: [other.key], missing: 0 });
  const removed = await json(admin, "trust", "update", "--remove", other.key);
  expect(removed).toMatchObject({ version: 3, witnesses: [] });
  for (const wrong of [["--log-key", "x"], [], ["--remove", other.key]]) {
    expect((await admin.jit(["trust", "update", ...wrong])).code).not.toBe(0);
  }
  expect((await admin.jit(["trust", "key", "two words"])).code).toBe(2);
});

test("Ctrl-C while the log is sealed: 130, advice about the log alone, and the next run goes on", async () => {
  expect((await alice.jit(["request", "customers:read", "--new", ...why])).code).toBe(0);
  await sandbox().fault({ service: "s3", key: "v1/tree/batch/", action: "PutObject", kind: "hang" });
  await sandbox().clearCalls();
  const child = auditor.start(["audit", "seal", "--key", keyFile("log.jwk")]);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close");
  await eventually(async () => {
    const calls = await sandbox().calls();
    if (!calls.some(({ resource }) => resource.includes("v1/rec/"))) throw new Error("not yet");
  });
  child.kill("SIGINT");
  expect((await ended)[0]).toBe(130);
  expect(stderr).not.toContain("jit status");
  await sandbox().clearFaults();
  expect(await sealNow()).toMatchObject({ code: 0 });
  expect(await json(auditor, "audit", "verify")).toMatchObject({ code: 0, findings: [] });
});
