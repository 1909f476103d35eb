import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256Hex } from "../../src/access/digest.ts";
import { columns, type Row } from "../../src/audit/export/columns.ts";
import { codeOf, JitError } from "../../src/error.ts";
import { exportFolder } from "../../src/local/export-folder.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "jit-export-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = "day=2026-11-24/part-0.parquet";
const bytesOf = () => {
  const bytes = readFileSync(join(root, file));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};

async function* rows(count: number, failAt = Number.POSITIVE_INFINITY): AsyncGenerator<Row> {
  for (let at = 0; at < count; at++) {
    if (at === failAt) throw new JitError("AUDIT_UNREACHABLE", "the bucket does not answer");
    const isOdd = at % 2 === 1;
    yield {
      tree_index: at,
      object: `v1/rec/${at}`,
      verified: isOdd,
      findings: isOdd ? [] : ["CHAIN_GAP", "ünicode \u{1f512}"],
      signed_at: new Date(Date.UTC(2026, 10, 24) + at),
      reason: isOdd ? undefined : `reason ${at % 7}`,
    };
  }
}

test("every kind of value comes back as it was, in bounded row groups, and nothing in place of what is not there", async () => {
  const folder = exportFolder(root);
  const written = await folder.writeTable(file, rows(45_000), undefined);
  expect(written).toEqual({
    rows: 45_000,
    bytes: bytesOf().byteLength,
    sha256: sha256Hex(new Uint8Array(bytesOf())),
  });
  const { row_groups, schema } = parquetMetadata(bytesOf());
  expect(row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([20_000, 20_000, 5000]);
  expect(schema[0]?.num_children).toBe(columns.length);
  const read = await parquetReadObjects({ file: bytesOf() });
  for (const at of [0, 1, 19_999, 20_000, 44_999]) {
    const isOdd = at % 2 === 1;
    expect(read[at]).toMatchObject({
      tree_index: BigInt(at),
      leaf_hash: null,
      object: `v1/rec/${at}`,
      verified: isOdd,
      findings: isOdd ? [] : ["CHAIN_GAP", "ünicode \u{1f512}"],
      signed_at: new Date(Date.UTC(2026, 10, 24) + at),
      reason: isOdd ? null : `reason ${at % 7}`,
    });
  }
});

test("the same rows make the same bytes, and a file that is kept is not touched", async () => {
  const folder = exportFolder(root);
  const first = await folder.writeTable(file, rows(100), undefined);
  const { mtimeMs, ino, mode } = statSync(join(root, file));
  expect(mode & 0o777).toBe(0o600);
  expect(await folder.writeTable(file, rows(100), first.sha256)).toEqual(first);
  expect(statSync(join(root, file))).toMatchObject({ mtimeMs, ino });
});

test("rows that break off leave the file of before, and no other", async () => {
  const folder = exportFolder(root);
  await folder.writeTable(file, rows(10), undefined);
  const before = bytesOf();
  expect(await folder.writeTable(file, rows(50_000, 30_000), undefined).catch(codeOf)).toBe(
    "AUDIT_UNREACHABLE",
  );
  expect(bytesOf()).toEqual(before);
  expect(readdirSync(join(root, "day=2026-11-24"))).toEqual(["part-0.parquet"]);
});

test("a place that is none is said as the house says it", async () => {
  const folder = exportFolder(root);
  folder.write("day=2026-11-24", new Uint8Array());
  expect(await folder.writeTable(file, rows(1), undefined).catch(codeOf)).toBe("LOCAL_UNSAFE");
  expect(folder.names("nowhere")).toEqual([]);
  folder.remove("nowhere");
});
