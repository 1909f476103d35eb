import { sha256Hex } from "../../access/digest.ts";
import { decodeUtf8 } from "../../access/utf8.ts";
import { type Digests, endings, type Ledger, readDigests } from "./digests.ts";
import { type DigestName, type LogName, readFileName } from "./file-name.ts";
import { type Finding, finding } from "./finding.ts";
import type { RawEvent, TrailFiles, TrailKey, TrailRange, TrailSource } from "./ports.ts";
import { unzip } from "./unzip.ts";

/** Public keys by which digests of these regions are signed; `undefined` where none are at hand. */
export type KeyLookup = (
  regions: readonly string[],
  range: TrailRange,
) => Promise<readonly TrailKey[] | undefined>;

/** The events in the files of a trail, each file checked against the trail's digests. */
export function trailFileSource(files: TrailFiles, keysOf: KeyLookup): TrailSource {
  const findings: Finding[] = [];
  /** When the newest file of each was delivered. */
  const accounts = new Map<string, number>();
  const regions = new Set<string>();
  return {
    name: files.name,
    isCopy: files.isCopy,
    accounts: () => accounts.keys(),
    delivered: (account) => accounts.get(account),
    regions: () => regions,
    findings: () => findings,
    async *events(range) {
      const { logs, digests } = await listed(files, range);
      for (const { name } of [...logs, ...digests]) {
        if (name.account !== "")
          accounts.set(name.account, Math.max(accounts.get(name.account) ?? 0, name.at ?? 0));
        if (name.region !== "") regions.add(name.region);
      }
      const signers = [...new Set(digests.flatMap(({ name }) => [name.region, name.homeRegion]))];
      const keys = digests.length === 0 ? [] : await keysOf(signers.sort(), range);
      const [from, to] = [range.from.getTime() / 1000, range.to.getTime() / 1000];
      const proof = await readDigests(files, digests, keys, from);
      findings.push(...proof.findings, ...endings(proof, to), ...unproven(logs, proof));
      const there = new Set<string>();
      for (const { path, name } of logs) {
        there.add(name.base);
        yield* eventsIn(files, path, name, proof, findings);
      }
      findings.push(...missing(proof, there));
    },
  };
}

type Listed<T> = { readonly path: string; readonly name: T };

async function listed(files: TrailFiles, range: TrailRange) {
  const logs: Listed<LogName>[] = [];
  const digests: Listed<DigestName>[] = [];
  for await (const path of files.list(range)) {
    const name = readFileName(path);
    if (name?.kind === "log") logs.push({ path, name });
    else if (name !== undefined) digests.push({ path, name });
  }
  return { logs, digests };
}

async function* eventsIn(
  files: TrailFiles,
  path: string,
  name: LogName,
  proof: Digests,
  findings: Finding[],
): AsyncGenerator<RawEvent> {
  const stored = await files.read(path);
  const bytes = stored === undefined ? undefined : unzip(stored.bytes);
  const records = bytes === undefined ? undefined : recordsIn(bytes);
  if (bytes === undefined || records === undefined) {
    findings.push(
      finding("TRAIL_FILE_UNREADABLE", path, "the file holds no CloudTrail records", { at: name.at }),
    );
    return;
  }
  const fault = faultOf(name, sha256Hex(bytes), proof);
  if (fault !== undefined) findings.push(finding(...fault(path), { at: name.at }));
  for (const [index, value] of records.entries()) yield { value, place: `${path}#${index}` };
}

function recordsIn(bytes: Uint8Array): readonly unknown[] | undefined {
  try {
    // Not as strict as our own formats: AWS's parameters may be nested deeply, and a file is large.
    const value: unknown = JSON.parse(decodeUtf8(bytes) ?? "");
    if (typeof value !== "object" || value === null || !("Records" in value)) return undefined;
    return Array.isArray(value.Records) ? value.Records : undefined;
  } catch {
    return undefined;
  }
}

type Fault = (path: string) => readonly [Finding["code"], string, string];

function faultOf(name: LogName, sha256: string, { ledgers }: Digests): Fault | undefined {
  const ledger = ledgers.get(`${name.account}/${name.region}`);
  const expected = ledger?.hashes.get(name.base);
  if (expected !== undefined) {
    if (expected.sha256 === sha256) return undefined;
    return (path) => [
      "TRAIL_FILE_ALTERED",
      path,
      "the file is not the one that CloudTrail wrote: another hash",
    ];
  }
  const isForeign = name.at === undefined && ledgers.size > 0;
  if (!isForeign && (ledger === undefined || !isDue(name, ledger))) return undefined;
  return (path) => ["TRAIL_FILE_UNLISTED", path, "no digest of CloudTrail names the file: it was put there"];
}

/** Whether a digest must name the file; the last hour's are named by the next, and one may be late. */
function isDue({ at }: LogName, { start, end }: Ledger): boolean {
  return at !== undefined && at >= start && at < end - 3600;
}

function missing({ ledgers }: Digests, there: ReadonlySet<string>): readonly Finding[] {
  return [...ledgers.values()].flatMap(({ hashes }) =>
    [...hashes]
      .filter(([base]) => !there.has(base))
      .map(([, { object }]) =>
        finding("TRAIL_FILE_MISSING", object, "CloudTrail wrote this file, and it is not there"),
      ),
  );
}

function unproven(logs: readonly Listed<LogName>[], { ledgers }: Digests): readonly Finding[] {
  const places = new Set(
    logs.map(({ name }) => (name.account === "" ? "-" : `${name.account}/${name.region}`)),
  );
  return [...places]
    .filter((place) => !ledgers.has(place) && (place !== "-" || ledgers.size === 0))
    .sort()
    .map((place) =>
      finding(
        "TRAIL_UNSIGNED",
        place,
        "no digest files: whether these log files are CloudTrail's own is not proven",
      ),
    );
}
