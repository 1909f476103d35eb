import { thumbprint as thumbprintOf } from "../../access/jwk.ts";
import { isRevoked } from "../../access/trust/revoked-keys.ts";
import type { Organization, Trust } from "../../access/types.ts";
import { type Finding, finding } from "../finding.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "../scan.ts";
import { formatTime } from "../time.ts";
import { type PublishedTrust, publishedTrust } from "../trust-versions.ts";
import {
  type Acknowledgement,
  acknowledgedPrefix,
  isSignedBy,
  maximumAcknowledgement,
  readAcknowledgement,
  readAcknowledgementName,
} from "./acknowledgement.ts";

/** Who has acknowledged a finding. */
export interface Acknowledger {
  /** As the trust file of then names them. */
  readonly name: string;
  readonly thumbprint: string;
  /** When S3 took it. */
  readonly at: string;
  readonly reason: string;
}

/** A finding that as many administrators have acknowledged as must sign a catalog. */
export interface Acknowledged {
  readonly hash: string;
  readonly finding: Acknowledgement;
  readonly by: readonly Acknowledger[];
}

export interface Acknowledgements {
  /** By the finding's hash. */
  readonly counting: ReadonlyMap<string, Acknowledged>;
  /** What lies there and does not count, and why. */
  readonly notices: readonly Finding[];
}

type Store = Pick<RecordStore, "read" | "listVersions" | "readVersion">;

const parallelReads = 32;

/**
 * All acknowledgements of a log that count. A signature counts if its key was an administrator's by the trust file that was
 * the newest when S3 took it (where the bucket has no trust files: by the newest that is believed), and was not revoked by
 * then. A finding is acknowledged once so many of that trust file's administrators have, as must sign a catalog.
 */
export async function readAcknowledgements(
  store: Store,
  { fingerprint, trust }: Pick<Organization, "fingerprint" | "trust">,
): Promise<Acknowledgements> {
  const notices: Finding[] = [];
  const objects: ScannedObject[] = [];
  for await (const object of scanObjects(store, acknowledgedPrefix)) objects.push(object);
  if (trust === undefined || objects.length === 0) return { counting: new Map(), notices };
  const versions = await publishedTrust(store, fingerprint);
  const judge = (object: ScannedObject) => judgeObject(store, object, { fingerprint, trust, versions });
  const byHash = new Map<string, Signed[]>();
  for (const judged of await mapAtMost(parallelReads, objects, judge)) {
    if (judged.kind === "notice") notices.push(judged.notice);
    else {
      const others = byHash.get(judged.hash);
      if (others === undefined) byHash.set(judged.hash, [judged]);
      else others.push(judged);
    }
  }
  const counting = new Map<string, Acknowledged>();
  for (const [hash, signed] of byHash) {
    const [first] = signed;
    if (first === undefined) continue;
    if (isAgreed(signed)) counting.set(hash, { hash, finding: first.said, by: signed.map(({ by }) => by) });
    else {
      const message = `${signed.length} of ${first.under.threshold} administrators have acknowledged ${first.said.code}`;
      notices.push(finding("ACKNOWLEDGEMENT_MISSING", first.name, "-", message));
    }
  }
  return { counting, notices };
}

interface Signed {
  readonly kind: "signed";
  readonly name: string;
  readonly hash: string;
  readonly said: Acknowledgement;
  readonly by: Acknowledger;
  readonly arrived: Date;
  /** The trust file by which it was judged. */
  readonly under: Trust;
}

interface Judges {
  readonly fingerprint: string;
  readonly trust: Trust;
  readonly versions: readonly PublishedTrust[];
}

async function judgeObject(
  store: Pick<RecordStore, "readVersion">,
  { name, oldest }: ScannedObject,
  { fingerprint, trust, versions }: Judges,
): Promise<Signed | { readonly kind: "notice"; readonly notice: Finding }> {
  const say = (code: "ACKNOWLEDGEMENT_INVALID" | "ACKNOWLEDGEMENT_STRANGER", message: string) =>
    ({ kind: "notice", notice: finding(code, name, "-", message) }) as const;
  const bytes = oldest === undefined ? undefined : await readSmall(store, oldest);
  const said = bytes === undefined ? undefined : readAcknowledgement(name, bytes);
  const place = readAcknowledgementName(name);
  if (oldest === undefined || bytes === undefined || said === undefined || place === undefined) {
    return say("ACKNOWLEDGEMENT_INVALID", "this acknowledges nothing: it is none in its one spelling");
  }
  if (said.log !== fingerprint)
    return say("ACKNOWLEDGEMENT_INVALID", "this acknowledges a finding of another log");
  const arrived = oldest.lastModified;
  const { thumbprint } = place;
  const under = versions.length === 0 ? trust : versions.findLast(({ at }) => at <= arrived)?.trust;
  const who = under?.administrators.find(({ key }) => thumbprintOf(key) === thumbprint);
  if (under === undefined || who === undefined) {
    return say("ACKNOWLEDGEMENT_STRANGER", "who acknowledges this was no administrator when it was said");
  }
  if (!isSignedBy(bytes, who.key))
    return say("ACKNOWLEDGEMENT_INVALID", "this is not what the administrator's key signed");
  if (isRevoked(trust.revokedKeys, { thumbprint, arrived }))
    return say("ACKNOWLEDGEMENT_STRANGER", "the key that acknowledges this was revoked before");
  const by = { name: who.name, thumbprint, at: formatTime(arrived), reason: said.reason };
  return { kind: "signed", name, hash: place.hash, said, by, arrived, under };
}

/** What is larger than any acknowledgement is none. */
async function readSmall(
  store: Pick<RecordStore, "readVersion">,
  { key, versionId, size }: ListedObject,
): Promise<Uint8Array | undefined> {
  return size > maximumAcknowledgement ? undefined : await store.readVersion(key, versionId);
}

/** Whether there was a time at which enough administrators of then had signed. */
function isAgreed(signed: readonly Signed[]): boolean {
  return signed.some(({ under, arrived }) => {
    const administrators = new Set(under.administrators.map(({ key }) => thumbprintOf(key)));
    const then = signed.filter((one) => one.arrived <= arrived && administrators.has(one.by.thumbprint));
    return then.length >= under.threshold;
  });
}
