import { when } from "./compare.ts";
import { type Digest, judgeDigest, parseDigest } from "./digest.ts";
import { baseOf, type DigestName, readFileName } from "./file-name.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import type { TrailFiles, TrailKey } from "./ports.ts";
import { unzip } from "./unzip.ts";

/** What the digest files of one account and region say of its log files. */
export interface Ledger {
  /** SHA-256 of each log file, unpacked, by its name without folders. */
  readonly hashes: Map<string, { readonly sha256: string; readonly object: string }>;
  /** Log files delivered in this time must be in one of the digests; Unix seconds. */
  start: number;
  end: number;
}

export interface Digests {
  /** By `account/region`. */
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly findings: readonly Finding[];
}

interface Read {
  readonly name: DigestName;
  readonly digest: Digest;
  readonly signature: string | undefined;
}

/**
 * Reads the digest files and checks each: where it lies, its signature, and that each names the one before, by name and hash.
 * In a copy, where the metadata is gone, a digest's signature is the one that the next digest repeats; the newest has none there.
 * @param keys `undefined` where none are at hand: then only the chain of hashes is checked
 * @param from digests that ended before this need not be there; Unix seconds
 */
export async function readDigests(
  files: TrailFiles,
  names: readonly { readonly path: string; readonly name: DigestName }[],
  keys: readonly TrailKey[] | undefined,
  from: number,
): Promise<Digests> {
  const findings: Finding[] = [];
  const groups = new Map<string, Read[]>();
  for (const { path, name } of names) {
    const read = await readOne(files, path, name, findings);
    if (read === undefined) continue;
    const group = `${name.account}/${name.region}/${name.trail}/${name.isBackfill}`;
    groups.set(group, [...(groups.get(group) ?? []), read]);
  }
  const ledgers = new Map<string, Ledger>();
  for (const group of groups.values()) {
    group.sort((a, b) => a.name.at - b.name.at);
    findings.push(...checkChain(group, from), ...checkSignatures(group, keys, files.isCopy));
    for (const read of group) enter(ledgers, read);
  }
  return { ledgers, findings };
}

async function readOne(
  files: TrailFiles,
  path: string,
  name: DigestName,
  findings: Finding[],
): Promise<Read | undefined> {
  const say = (code: FindingCode, message: string): undefined => {
    findings.push(finding(code, path, message, { at: name.at }));
  };
  const stored = await files.read(path);
  if (stored === undefined)
    return say("TRAIL_DIGEST_MISSING", "the digest file is listed and cannot be read");
  const bytes = unzip(stored.bytes);
  const digest = bytes === undefined ? undefined : parseDigest(bytes);
  if (digest === undefined)
    return say("TRAIL_DIGEST_INVALID", "the file is no digest as CloudTrail writes it");
  const isMoved =
    baseOf(digest.object) !== name.base ||
    (files.bucket !== undefined && (digest.bucket !== files.bucket || digest.object !== path));
  if (isMoved)
    return say("TRAIL_DIGEST_INVALID", `the digest says that it is ${digest.bucket}/${digest.object}`);
  return { name, digest, signature: stored.signature };
}

function checkChain(group: readonly Read[], from: number): readonly Finding[] {
  return group.flatMap(({ name, digest }, index) => {
    const before = group[index - 1];
    if (name.isBackfill) return [];
    const named = digest.previous;
    const more = { at: name.at };
    if (named === undefined) {
      const why = "the digest follows none: logging or its validation was off before";
      return before === undefined ? [] : [finding("TRAIL_DIGEST_CHAIN", name.base, why, more)];
    }
    if (before !== undefined && baseOf(named.object) === before.name.base) {
      if (named.sha256 === before.digest.sha256) return [];
      return [
        finding(
          "TRAIL_DIGEST_CHAIN",
          name.base,
          "the digest before has another hash than this one says",
          more,
        ),
      ];
    }
    const earlier = readFileName(named.object);
    const isBefore = before === undefined && (earlier?.at ?? Number.POSITIVE_INFINITY) < from;
    if (isBefore) return [];
    return [
      finding("TRAIL_DIGEST_MISSING", named.object, `the digest is missing that ${name.base} follows`, more),
    ];
  });
}

function checkSignatures(
  group: readonly Read[],
  keys: readonly TrailKey[] | undefined,
  isCopy: boolean,
): readonly Finding[] {
  const [newest] = group.slice(-1);
  if (newest === undefined) return [];
  const { account, region } = newest.name;
  const place = `${account}/${region}`;
  if (keys === undefined) {
    return [
      finding("TRAIL_UNSIGNED", place, "signatures of digests are not checked: no public keys are at hand"),
    ];
  }
  const findings: Finding[] = [];
  for (const [index, { name, digest, signature }] of group.entries()) {
    const after = group[index + 1]?.digest.previous;
    const repeated = after !== undefined && baseOf(after.object) === name.base ? after.signature : undefined;
    const known = signature ?? repeated;
    if (known === undefined) {
      const isExpected = isCopy && index === group.length - 1 && group.length > 1;
      if (!isExpected)
        findings.push(finding("TRAIL_UNSIGNED", name.base, "the digest's signature is not there"));
      continue;
    }
    const verdict = judgeDigest(digest, known, keys);
    const more = { at: name.at };
    if (verdict === "key unknown") {
      const why = `no public key of CloudTrail has the fingerprint ${digest.fingerprint}`;
      findings.push(finding("TRAIL_KEY_UNKNOWN", name.base, why, more));
    } else if (verdict === "bad") {
      findings.push(finding("TRAIL_DIGEST_INVALID", name.base, "the signature is not CloudTrail's", more));
    }
  }
  return findings;
}

function enter(ledgers: Map<string, Ledger>, { name, digest }: Read): void {
  const place = `${name.account}/${name.region}`;
  const ledger = ledgers.get(place) ?? { hashes: new Map(), start: Number.POSITIVE_INFINITY, end: 0 };
  ledgers.set(place, ledger);
  for (const { object, sha256 } of digest.files) ledger.hashes.set(baseOf(object), { sha256, object });
  if (name.isBackfill) return;
  ledger.start = Math.min(ledger.start, Date.parse(digest.start) / 1000);
  ledger.end = Math.max(ledger.end, Date.parse(digest.end) / 1000);
}

/** Hours that a digest may be late before it is missed. */
const latestDigest = 2.5 * 3600;

/** Where digests end before the time that is looked at. @param to Unix seconds */
export function endings({ ledgers }: Digests, to: number): readonly Finding[] {
  return [...ledgers]
    .filter(([, { end }]) => end < to - latestDigest)
    .map(([place, { end }]) =>
      finding("TRAIL_UNSIGNED", place, `the digests end ${when(end)}: later log files are not proven`),
    );
}
