import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, parseStrictJson } from "../../src/access/canonical.ts";
import { parseCatalog } from "../../src/access/catalog/parse.ts";
import { parsePublicJwk } from "../../src/access/jwk.ts";
import { verifyCatalogFile } from "../../src/access/trust/catalog-file.ts";
import { trustDigest, verifyTrustChain } from "../../src/access/trust/trust-file.ts";
import { formatVerifierKey, readVerifierKey } from "../../src/access/trust/verifier-key.ts";
import {
  acknowledgementName,
  isSignedBy,
  readAcknowledgement,
  signAcknowledgement,
} from "../../src/audit/acknowledge/acknowledgement.ts";
import { findingHash, nameFinding } from "../../src/audit/acknowledge/evidence.ts";
import { open } from "../../src/audit/envelope.ts";
import { formatKey, readKey } from "../../src/audit/key.ts";
import { mirrorLog } from "../../src/audit/mirror/copy.ts";
import { openMirror } from "../../src/audit/mirror/open.ts";
import { judgeDigest, parseDigest } from "../../src/audit/reconcile/digest.ts";
import { parseEvent } from "../../src/audit/reconcile/parse-event.ts";
import { trailFileSource } from "../../src/audit/reconcile/trail.ts";
import { signedClaims } from "../../src/audit/statement.ts";
import { tellStory } from "../../src/audit/story.ts";
import { readBatch, writeBatch } from "../../src/audit/tree/batch.ts";
import { checkProof } from "../../src/audit/tree/check-proof.ts";
import { readCheckpoint } from "../../src/audit/tree/checkpoint.ts";
import { cosignedBy } from "../../src/audit/tree/cosignatures.ts";
import { treeKeysOf } from "../../src/audit/tree/keys.ts";
import { formatNote, readNote, readSignatureLines } from "../../src/audit/tree/note.ts";
import { proveRequest } from "../../src/audit/tree/prove.ts";
import { readRequestProof, writeRequestProof } from "../../src/audit/tree/request-proof.ts";
import { readBundle, readTilePath, tilePath, writeBundle } from "../../src/audit/tree/tile.ts";
import { formatTlogProof, readTlogProof } from "../../src/audit/tree/tlog-proof.ts";
import { readKeySet } from "../../src/cli/compose/admin-keys.ts";
import { witnessMemory } from "../../src/cli/compose/tree-keys.ts";
import { codeOf } from "../../src/error.ts";
import { ada } from "../access/trust/keys.ts";
import { temporaryFolder } from "../local/temporary.ts";
import { MemoryFolder } from "../support/memory-folder.ts";
import { hostile } from "../support/mutate.ts";
import { account, assumeRole } from "./reconcile/events.ts";
import { World } from "./threats/world.ts";
import { log, witness } from "./tree/sealing.ts";

/**
 * Every parser of what others wrote, over random bytes and over changes of what was right: a value, a finding or an error with a code
 * of ours; never another error, never a pass of what nobody signed.
 */

const world = await World.make();
const { store, records, trust } = world;
const read = async (name: string) => (await store.read(name)) ?? new Uint8Array();
const only = (prefix: string) => [...store.objects.keys()].filter((name) => name.startsWith(prefix));
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** What a parser makes of bytes; an error without a code of ours is thrown on. */
async function outcome<T>(parse: () => T | Promise<T>): Promise<T | string> {
  try {
    return await parse();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !/^[A-Z]+(?:_[A-Z]+)+$/.test(code) || code.startsWith("ERR_")) throw error;
    return code;
  }
}

/** Runs `check` over what hostile hands make of the seeds. */
async function over(
  seeds: readonly Uint8Array[],
  check: (bytes: Buffer) => void | Promise<void>,
  numRuns = 300,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(hostile(seeds), async (bytes) => await check(bytes)),
    {
      numRuns,
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: true,
    },
  );
}

describe("what is signed passes only as it was signed", () => {
  test("records", async () => {
    const keys = Object.values(world.people).map(({ signer }) => signer);
    const lookup = (kid: string) => keys.find(({ thumbprint }) => thumbprint === kid)?.publicKey;
    const seeds = Object.values(records).map(({ bytes }) => bytes);
    await over(
      seeds,
      (bytes) => {
        const opened = open(bytes, lookup);
        expect(opened.ok).toBe(seeds.some((seed) => isSame(seed, bytes)));
      },
      1000,
    );
  });

  test("trust files, and the chain of them", async () => {
    const file = await read("v1/trust/1.json");
    const fingerprint = trustDigest(trust);
    await over([file], async (bytes) => {
      const believed = await outcome(() => verifyTrustChain([bytes], fingerprint));
      expect(typeof believed === "string" ? "refused" : believed).toEqual(
        isSame(bytes, file) ? trust : "refused",
      );
    });
  });

  test("catalogs", async () => {
    const file = await read("v1/catalog/current.jws");
    const yaml = verifyCatalogFile(file, trust);
    await over([file], async (bytes) => {
      const believed = await outcome(() => verifyCatalogFile(bytes, trust));
      expect(typeof believed === "string").toBe(!isSame(bytes, file));
    });
    await over([yaml], async (bytes) => {
      const catalog = await outcome(() => parseCatalog(bytes, "jit.yaml"));
      if (typeof catalog !== "string") expect(catalog.stores.size).toBeGreaterThan(0);
    });
  });

  test("acknowledgements", async () => {
    const found = {
      code: "CHAIN_GAP",
      severity: "invalid",
      object: records.last.key,
      message: "",
      writer: "-",
    } as const;
    const named = nameFinding(found, "ab".repeat(32));
    const said = {
      v: 1 as const,
      log: trustDigest(trust),
      reason: "known",
      ...named,
      severity: "invalid" as const,
    };
    const name = acknowledgementName(findingHash(named), ada.thumbprint);
    const file = await signAcknowledgement(said, ada);
    await over([file], (bytes) => {
      const isGood = readAcknowledgement(name, bytes) !== undefined && isSignedBy(bytes, ada.publicKey);
      expect(isGood).toBe(isSame(bytes, file));
    });
    await over([Buffer.from(name)], (text) => {
      expect(readAcknowledgement(text.toString(), file)).toEqual(text.toString() === name ? said : undefined);
    });
  });

  test("checkpoints and cosignatures: further signatures are passed over, the head stays what was signed", async () => {
    const note = await read("v1/tree/checkpoint");
    const cosignature = await read(only("v1/tree/cosignatures/")[0] ?? "");
    const signed = await read("v1/tree/checkpoints/0000000000000008");
    const heads = new Set([note, signed].map((bytes) => readNote(bytes)?.text));
    const checkpoint = readCheckpoint(signed, [log.key]);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    await over(
      [note, signed, Buffer.concat([signed, cosignature])],
      (bytes) => {
        const head = readCheckpoint(bytes, [log.key]);
        if (head !== undefined) expect(heads.has(head.note.text)).toBe(true);
        const plain = readNote(bytes);
        if (plain !== undefined) expect(isSame(formatNote(plain), bytes)).toBe(true);
      },
      600,
    );
    const line = cosignature.toString().trimEnd();
    await over([cosignature], (bytes) => {
      const { cosigners } = cosignedBy(checkpoint, readSignatureLines(bytes.toString()) ?? [], [witness.key]);
      if (cosigners.length > 0) expect(bytes.toString()).toContain(line);
    });
  });

  test("AWS's statement", async () => {
    const statement = [...store.objects.keys()].filter((name) => name.endsWith(".enrol.jws"));
    const texts: string[] = [];
    for (const name of statement) {
      const { payload } = JSON.parse(Buffer.from(await read(name)).toString());
      texts.push(JSON.parse(Buffer.from(payload, "base64url").toString()).statement);
    }
    const signedPart = (text: string) => text.slice(0, text.lastIndexOf("."));
    const known = new Set(texts.map(signedPart));
    await over(
      texts.map((text) => Buffer.from(text)),
      (bytes) => {
        const claims = signedClaims(bytes.toString(), trust.tokenIssuers);
        if (typeof claims !== "string") expect(known.has(signedPart(bytes.toString()))).toBe(true);
      },
    );
  });

  test("CloudTrail's digests", async () => {
    const { digest, signature, keys } = trail();
    await over([digest], (bytes) => {
      const parsed = parseDigest(bytes);
      const verdict = parsed === undefined ? "none" : judgeDigest(parsed, signature, keys);
      if (verdict === "good")
        expect(parseDigest(bytes)).toMatchObject({ object: parseDigest(digest)?.object });
    });
  });

  test("a request's proof", async () => {
    const now = world.clock.now();
    const options = { log: trustDigest(trust), trust, now };
    const story = await tellStory(store, records.asked.record.id, options);
    const proof = writeRequestProof(await proveRequest(store, story, trustDigest(trust), treeKeysOf(trust)));
    const check = (bytes: Uint8Array) =>
      outcome(() =>
        checkProof(readRequestProof(bytes), {
          fingerprint: trustDigest(trust),
          trustSeen: 0,
          now,
          rules: undefined as never,
          keysOf: treeKeysOf,
        }),
      );
    const sound = await check(proof);
    if (typeof sound === "string") throw new Error(sound);
    const facts = ({ request, entries }: typeof sound) => [
      request,
      ...entries.map(({ sha256, reason }) => [sha256, reason]),
    ];
    await over(
      [proof],
      async (bytes) => {
        const checked = await check(bytes);
        if (typeof checked !== "string") expect(facts(checked)).toEqual(facts(sound));
      },
      150,
    );
  });
});

describe("what has one spelling is read only in that", () => {
  test("names of records", async () => {
    const names = Object.values(records).map(({ key }) => Buffer.from(key));
    await over(
      names,
      (bytes) => {
        const text = bytes.toString();
        const key = readKey(text);
        if (key !== undefined) expect(formatKey(key)).toBe(text);
      },
      1000,
    );
  });

  test("payloads that a writer signs: a record is canonical, and reads the same however it is parsed", async () => {
    const { signer } = world.people.alice;
    const header = { alg: signer.algorithm, kid: signer.thumbprint, typ: "jit-record+jws" };
    const head = Buffer.from(canonicalJson(header)).toString("base64url");
    const own = [records.asked, records.issue, records.last].map(({ bytes }) =>
      Buffer.from(JSON.parse(Buffer.from(bytes).toString()).payload, "base64url"),
    );
    await over(
      own,
      async (bytes) => {
        const payload = bytes.toString("base64url");
        const signature = Buffer.from(await signer.sign(Buffer.from(`${head}.${payload}`))).toString(
          "base64url",
        );
        const file = canonicalJson({ payload, protected: head, signature });
        const opened = open(file, () => signer.publicKey);
        if (!opened.ok) return;
        expect(isSame(canonicalJson(parseStrictJson(bytes)), bytes)).toBe(true);
        expect(opened.record).toEqual(parseStrictJson(bytes));
      },
      600,
    );
  });

  test("batches, bundles, tiles' paths, proofs and verifier keys", async () => {
    const batch = await read("v1/tree/batch/0000000000000000");
    const bundle = await read(only("v1/tree/tile/entries/")[0] ?? "");
    await over([batch], (bytes) => {
      const entries = readBatch(bytes);
      if (entries !== undefined)
        expect(isSame(writeBatch(entries.map(({ leaf }) => leaf)), bytes)).toBe(true);
    });
    await over([bundle], (bytes) => {
      const entries = readBundle(bytes, { level: "entries", index: 0, width: 8 });
      if (entries !== undefined) expect(isSame(writeBundle(entries), bytes)).toBe(true);
    });
    await over(
      ["0/x001/234.p/7", "entries/000", "63/x999/x999/999"].map((text) => Buffer.from(text)),
      (bytes) => {
        const name = readTilePath(bytes.toString());
        if (name !== undefined) expect(tilePath(name)).toBe(bytes.toString());
      },
    );
    const note = await read("v1/tree/checkpoint");
    const proof = formatTlogProof({
      index: 3,
      hashes: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
      checkpoint: note,
    });
    await over([Buffer.from(proof)], (bytes) => {
      const parsed = readTlogProof(bytes.toString());
      if (parsed !== undefined && !bytes.includes("\nextra "))
        expect(formatTlogProof(parsed)).toBe(bytes.toString());
    });
    await over(
      [log.key, witness.key].map((key) => Buffer.from(formatVerifierKey(key))),
      (bytes) => {
        const key = readVerifierKey(bytes.toString());
        if (key !== undefined) expect(formatVerifierKey(key)).toBe(bytes.toString());
      },
    );
  });

  test("public keys", async () => {
    const keys = Object.values(world.people).map(({ signer }) =>
      Buffer.from(JSON.stringify(signer.publicKey)),
    );
    await over(keys, async (bytes) => {
      let value: unknown;
      try {
        value = JSON.parse(bytes.toString());
      } catch {
        return;
      }
      const key = await outcome(() => parsePublicJwk(value));
      if (typeof key !== "string") expect(key).toEqual(value);
    });
  });
});

describe("what is read whole ends in findings or an error of ours", () => {
  test("a mirror", async () => {
    const folder = new MemoryFolder();
    await mirrorLog(store, folder);
    for (const path of folder.files.keys()) {
      const seed = folder.read(path) ?? new Uint8Array();
      await over(
        [seed],
        async (bytes) => {
          const changed = folder.copy();
          changed.files.set(path, bytes);
          await outcome(async () => {
            const copy = openMirror(changed);
            for await (const { key, versionId, isDeleteMarker } of copy.listVersions("v1/")) {
              if (!isDeleteMarker) await copy.readVersion(key, versionId);
            }
          });
        },
        60,
      );
    }
  });

  test("what this machine keeps: what a witness cosigned, keys that were saved", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "witness", "one.json");
    const head = { origin: "example", size: 8, root: Buffer.alloc(32, 7) };
    await witnessMemory(path).write(head);
    await over([readFileSync(path)], async (bytes) => {
      writeFileSync(path, bytes);
      const kept = await outcome(() => witnessMemory(path).read());
      if (typeof kept === "string") expect(kept).toBe("WITNESS_MEMORY");
      else expect(kept?.root).toHaveLength(32);
    });
    const keys = join(folder, "jwks.json");
    await over([Buffer.from(JSON.stringify({ keys: trust.tokenIssuers[0]?.keys }))], async (bytes) => {
      writeFileSync(keys, bytes);
      const saved = await outcome(() => readKeySet(keys));
      if (typeof saved === "string") expect(saved).toBe("KEY_FILE");
    });
  });

  test("files of a trail", async () => {
    const { name, log: file, digestName, digest, signature, keys } = trail();
    const range = { from: new Date("2026-11-24T08:00:00Z"), to: new Date("2026-11-24T12:00:00Z") };
    const plain = Buffer.from(JSON.stringify({ Records: [assumeRole()] }));
    for (const packed of [true, false]) {
      await over(
        [plain],
        async (bytes) => {
          const files = new Map([
            [name, { bytes: packed ? gzipSync(bytes) : bytes, signature: undefined }],
            [digestName, { bytes: gzipSync(digest), signature }],
          ]);
          const source = trailFileSource(
            {
              name: "test",
              isCopy: true,
              bucket: undefined,
              list: async function* () {
                yield* files.keys();
              },
              read: async (path) => files.get(path),
            },
            async () => keys,
          );
          await outcome(async () => {
            for await (const { value } of source.events(range)) parseEvent(value);
          });
          const codes = source.findings().map(({ code }) => code);
          if (!isSame(bytes, plain)) expect(codes.length).toBeGreaterThan(0);
        },
        150,
      );
    }
    await over([file, gzipSync(digest)], (bytes) => {
      parseDigest(bytes);
    });
  });
});

/** One hour of a trail. */
function trail() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const name = `AWSLogs/${account}/CloudTrail/eu-central-1/2026/11/24/${account}_CloudTrail_eu-central-1_20261124T0830Z_abcdefgh.json.gz`;
  const digestName = `AWSLogs/${account}/CloudTrail-Digest/eu-central-1/2026/11/24/${account}_CloudTrail-Digest_eu-central-1_acme_eu-central-1_20261124T090000Z.json.gz`;
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const log = Buffer.from(JSON.stringify({ Records: [assumeRole()] }));
  const end = "2026-11-24T09:00:00Z";
  const digest = Buffer.from(
    JSON.stringify({
      awsAccountId: account,
      digestStartTime: "2026-11-24T08:00:00Z",
      digestEndTime: end,
      digestS3Bucket: "acme-trail",
      digestS3Object: digestName,
      digestPublicKeyFingerprint: "f00d",
      digestSignatureAlgorithm: "SHA256withRSA",
      previousDigestS3Bucket: null,
      previousDigestS3Object: null,
      previousDigestHashValue: null,
      previousDigestHashAlgorithm: "SHA-256",
      previousDigestSignature: null,
      logFiles: [
        { s3Bucket: "acme-trail", s3Object: name, hashValue: sha256(log), hashAlgorithm: "SHA-256" },
      ],
    }),
  );
  const signed = `${end}\nacme-trail/${digestName}\n${sha256(digest)}\nnull`;
  const signature = sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("hex");
  const keys = [{ fingerprint: "f00d", value: publicKey.export({ format: "der", type: "pkcs1" }) }];
  return { name, log, digestName, digest, signature, keys };
}
