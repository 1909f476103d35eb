import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cosignature,
  formatVerifierKey,
  noteSignature,
  readVerifierKey,
  type VerifierKey,
  verifierKey,
} from "../../../src/access/trust/verifier-key.ts";
import { generateKey, localSigner } from "../../../src/audit/signer.ts";
import { formatTreeHead, readCheckpoint, readTreeHead } from "../../../src/audit/tree/checkpoint.ts";
import {
  cosignNote,
  formatNote,
  formatSignature,
  readNote,
  readSignatureLines,
  signersOf,
  signNote,
} from "../../../src/audit/tree/note.ts";
import { seededRandom } from "../writer.ts";

function key(text: string): VerifierKey {
  const read = readVerifierKey(text);
  if (read === undefined) throw new Error(`no verifier key: ${text}`);
  return read;
}

/** An Ed25519 seed as a signer. */
function signerOf(seed: Uint8Array) {
  return localSigner(generateKey("Ed25519", { bytes: () => seed }));
}

const bytes = (text: string) => Buffer.from(text);

describe("Go's signed notes (golang.org/x/mod/sumdb/note)", () => {
  const peter = key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const seed = Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1);
  const text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const line =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

  test("is read, verified and written byte for byte", async () => {
    const note = readNote(bytes(`${text}\n${line}`));
    if (note === undefined) throw new Error("no note");
    expect(note.text).toBe(text);
    expect(signersOf(note, [peter])).toEqual([{ key: peter, time: undefined }]);
    expect(Buffer.from(formatNote(note)).toString()).toBe(`${text}\n${line}`);
    expect(formatSignature(await signNote(text, peter, signerOf(seed)))).toBe(line);
    expect(formatVerifierKey(peter)).toBe(
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    );
  });

  test("a wrong signature of a known key refuses the note, of an unknown key it is passed over", () => {
    const note = readNote(bytes(`${text.replace("problem", "Problem")}\n${line}`));
    if (note === undefined) throw new Error("no note");
    expect(signersOf(note, [peter])).toBeUndefined();
    expect(signersOf(note, [{ ...peter, name: "PeterNeumann2" }])).toEqual([]);
  });
});

describe("C2SP's checkpoint with a cosignature", () => {
  const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  const lines =
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

  test("is read and written byte for byte, with the time that the specification names", () => {
    const note = readNote(bytes(`${text}\n${lines}`));
    if (note === undefined) throw new Error("no note");
    expect(Buffer.from(formatNote(note)).toString()).toBe(`${text}\n${lines}`);
    const head = readTreeHead(note.text);
    expect(head).toMatchObject({ origin: "example.com/behind-the-sofa", size: 20852163 });
    expect(head === undefined ? "" : formatTreeHead(head)).toBe(text);
    expect(note.signatures.map(({ signature }) => signature.length)).toEqual([64, 72]);
    expect(Buffer.from(note.signatures[1]?.signature ?? []).readBigUInt64BE()).toBe(1679315147n);
  });
});

describe("notes", () => {
  const signer = localSigner(generateKey("Ed25519", seededRandom("log")));
  const x = Buffer.from(signer.publicKey.x, "base64url");
  const log = verifierKey("acme.example/log", noteSignature, x);
  const witness = verifierKey("acme.example/witness", cosignature, x);
  const head = { origin: "acme.example/log", size: 3, root: Buffer.alloc(32, 7) };
  const text = formatTreeHead(head);

  test("a cosignature binds its time", async () => {
    const one = await cosignNote(text, witness, signer, 1_795_508_196);
    expect(signersOf({ text, signatures: [one] }, [witness])).toEqual([
      { key: witness, time: 1_795_508_196 },
    ]);
    const later = Buffer.from(one.signature);
    later.writeBigUInt64BE(1_795_508_197n);
    expect(signersOf({ text, signatures: [{ ...one, signature: later }] }, [witness])).toBeUndefined();
  });

  test("a checkpoint counts under the origin that is its log key's name alone", async () => {
    const note = async (origin: string) => {
      const other = formatTreeHead({ ...head, origin });
      return formatNote({ text: other, signatures: [await signNote(other, log, signer)] });
    };
    expect(readCheckpoint(await note("acme.example/log"), [log])).toMatchObject({ ...head, signedBy: log });
    expect(readCheckpoint(await note("acme.example/other"), [log])).toBeUndefined();
    expect(readCheckpoint(await note("acme.example/log"), [])).toBeUndefined();
  });

  test.each([
    ["no newline at the end", "a\n\n— b x08gowAA"],
    ["no blank line", "a\n— b x08gowAA\n"],
    ["no text", "\n— b x08gowAA\n"],
    ["no signature", "a\n\n"],
    ["a tab", "a\tb\n\n— b x08gowAA\n"],
    ["a carriage return", "a\r\n\n— b x08gowAA\n"],
    ["a hyphen for the dash", "a\n\n- b x08gowAA\n"],
    ["a plus in the name", "a\n\n— b+c x08gowAA\n"],
    ["a space of Unicode in the name", "a\n\n— b\u00a0c x08gowAA\n"],
    ["a next-line in the name", "a\n\n— b\u0085c x08gowAA\n"],
    ["a signature of nothing but an id", "a\n\n— b x08gow==\n"],
    ["unused bits in base64", "a\n\n— b x08gowAB=\n"],
    ["base64url", "a\n\n— b x08go_ZJ\n"],
    ["two spaces", "a\n\n— b  x08gowAA\n"],
    ["65 signatures", `a\n\n${"— b x08gowAA\n".repeat(65)}`],
  ])("none has %s", (_what, note) => {
    expect(readNote(bytes(note))).toBeUndefined();
  });

  test("the text may have blank lines, and 16 signatures are taken", () => {
    expect(readNote(bytes("a\n\nb\n\n— b x08gowAA\n"))?.text).toBe("a\n\nb\n");
    expect(readNote(bytes(`a\n\n${"— b x08gowAA\n".repeat(16)}`))?.signatures).toHaveLength(16);
  });

  test.each([
    "a\n01\n",
    "a\n-1\n",
    "a\n1\n",
    "\n1\n",
    "a\n99999999999999999\n",
    "a\n1 \n",
  ])("no head: %j", (start) => {
    const root = start === "a\n1\n" ? "AAAA" : Buffer.alloc(32).toString("base64");
    expect(readTreeHead(`${start}${root}\n`)).toBeUndefined();
  });

  test("any bytes are a note that is written the same, or none", () => {
    const parts = fc.constantFrom("a", "\n", "\n\n", "— ", "b ", "x08gowAA", "=", "\u0000", "é");
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 14 }), (some) => {
        const all = some.join("");
        const note = readNote(bytes(all));
        if (note !== undefined) expect(Buffer.from(formatNote(note)).toString()).toBe(all);
        readSignatureLines(all);
        readTreeHead(all);
      }),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.uint8Array(), (any) => readNote(any) === undefined || any.length > 6));
  });
});
