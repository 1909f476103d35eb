import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/access/canonical.ts";
import { sha256Hex } from "../../src/access/digest.ts";
import { open, seal } from "../../src/audit/envelope.ts";
import { severityOf } from "../../src/audit/finding.ts";
import { idTime } from "../../src/audit/id.ts";
import { parseKey } from "../../src/audit/key.ts";
import { parseRecord } from "../../src/audit/record.ts";
import { localSigner, type PrivateJwk } from "../../src/audit/signer.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { log } from "./writer.ts";

const document = readFileSync(new URL("../../docs/record-format.md", import.meta.url), "utf8");
const example = document.slice(document.indexOf("## Worked example"));
const [keyBlock = "", ...blocks] = [...example.matchAll(/```\w+\n(.*?)\n```/gs)].map(
  (match) => match[1] ?? "",
);

describe("the worked example of docs/record-format.md", () => {
  const signer = localSigner(JSON.parse(keyBlock) as PrivateJwk);

  test.each([0, 1])("record %i is what sealing makes of its payload", async (n) => {
    const [name = "", payload = "", object = "", digest = ""] = blocks.slice(4 * n, 4 * n + 4);
    const record = parseRecord(JSON.parse(payload));
    expect(Buffer.from(canonicalJson(record)).toString()).toBe(payload);
    expect(Buffer.from(await seal(record, signer)).toString()).toBe(object);
    expect(sha256Hex(Buffer.from(object))).toBe(digest);
    expect(open(Buffer.from(object), () => signer.publicKey)).toMatchObject({ ok: true, record });
    expect(parseKey(name)).toEqual({
      hour: "20261124T08",
      request: record.request,
      userid: record.by.userid,
      thumbprint: signer.thumbprint,
      n,
      type: record.type,
    });
    expect(idTime(record.id)).toBe(1_795_508_196_250);
  });

  test("makes a log in order", async () => {
    const store = new MemoryRecordStore(() => new Date(1_795_508_197_000));
    for (const n of [0, 1]) store.put(blocks[4 * n] ?? "", Buffer.from(blocks[4 * n + 2] ?? ""));
    const report = await verifyLog(store, { log, trust: undefined, strict: true });
    expect(report).toMatchObject({ ok: true, records: 2, findings: [{ code: "ATTESTED_UNPROVEN" }] });
  });
});

test("the document has every code, with its severity", () => {
  const rows = [...document.matchAll(/^\| ([A-Z_, ]+) \| (invalid|noise|notice) \|/gm)];
  const told = rows.flatMap((row) => (row[1] ?? "").split(", ").map((code) => [code, row[2]] as const));
  const source = ["finding", "envelope", "record"].map((file) =>
    readFileSync(new URL(`../../src/audit/${file}.ts`, import.meta.url), "utf8"),
  );
  const known = new Set(source.join("").match(/(?<=^ {2}|")[A-Z]+(?:_[A-Z]+)+(?=: "|")/gm));
  known.delete("KEY_UNKNOWN");
  expect(told.map(([code]) => code).sort()).toEqual([...known].sort());
  for (const [code, severity] of told) {
    expect([code, severityOf(code as Parameters<typeof severityOf>[0])]).toEqual([code, severity]);
  }
});
