import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseKey } from "../../src/audit/key.ts";
import { Machine } from "../support/jit.ts";

/** A log that is large enough for threads, as a mirror, through the real binary. */

const records = 5000;
let auditor: Machine;
let folder: string;

beforeAll(async () => {
  auditor = new Machine();
  folder = join(auditor.home, "copy");
  const script = resolve(import.meta.dirname, "../../scripts/generate-log.js");
  const typed = ["--experimental-strip-types", "--no-warnings"];
  const { code, stdout } = await auditor.run(process.execPath, [...typed, script, folder, `${records}`, "2"]);
  expect(code).toBe(0);
  auditor.env = { ...auditor.env, JIT_ORGANIZATION: JSON.parse(stdout).organization };
});

afterAll(() => auditor.remove());

async function verify(...flags: readonly string[]) {
  const { code, stdout } = await auditor.jit(["audit", "verify", "--mirror", folder, "--json", ...flags]);
  return { code, ...JSON.parse(stdout) };
}

test("every record of it is verified, and a second run has nothing to do", async () => {
  const kept = join(auditor.home, "kept");
  const first = await verify("--strict", "--keep", kept);
  expect(first).toMatchObject({
    ...{ code: 0, objects: records, records, findings: [] },
    tree: { records: { cosigned: records, sealed: 0, pending: 0 } },
  });
  const second = await verify("--since", kept);
  expect(second).toMatchObject({ code: 0, objects: 0, findings: [] });
  expect(second.tree.completeUntil).toBe(first.tree.completeUntil);
});

test("a record that was changed where threads read it is found, and by its own code", async () => {
  const lines = readdirSync(join(folder, "parts"))
    .flatMap((name) =>
      readFileSync(join(folder, "parts", name), "utf8")
        .trim()
        .split("\n"),
    )
    .filter((line) => line.includes(".issue."))
    .map((line) => JSON.parse(line))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const { key, offset, size } = lines.at(-1);
  const pack = join(folder, "packs", "000000.pack");
  const good = readFileSync(pack);
  const bad = Buffer.from(good);
  // Of the signature's last but ten characters one.
  bad[offset + size - 12] = bad[offset + size - 12] === 0x41 ? 0x42 : 0x41;
  writeFileSync(pack, bad);
  const { code, findings } = await verify();
  const log = await auditor.jit(["audit", "log", "--mirror", folder, "--since", "2026-01-01", "--json"]);
  writeFileSync(pack, good);
  expect(code).toBe(20);
  const found = findings.map((one: { code: string; object: string }) => [one.code, one.object]);
  expect(found).toEqual(
    expect.arrayContaining([
      ["SIGNATURE_INVALID", key],
      ["SEALED_CHANGED", key],
    ]),
  );
  const requests = log.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(log.code).toBe(20);
  expect(requests.length).toBeGreaterThan(1000);
  const doubtful = requests.filter(({ verified }) => !verified);
  expect(doubtful).toEqual([
    expect.objectContaining({
      request: parseKey(key).request,
      problems: expect.arrayContaining(["SIGNATURE_INVALID"]),
    }),
  ]);
  expect((await verify()).code).toBe(0);
});
