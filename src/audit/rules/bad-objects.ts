import { sha256Hex } from "../../access/digest.ts";
import { asNoise, type Finding, finding } from "../finding.ts";
import type { RecordKey } from "../key.ts";
import { type ChainBook, chainOf } from "./chain.ts";
import type { KeyRing } from "./keys.ts";

/** An object whose name is a record's and that is no valid record. */
export interface BadObject {
  readonly name: string;
  readonly key: RecordKey;
  /** What is wrong with it, as grave as it can be. */
  readonly findings: readonly Finding[];
  /** It was deleted or stored anew, or is signed by its enrolled key: no other cause can excuse that. */
  readonly isGrave: boolean;
  /** A record in the right place that would count if its key had not been revoked before it came. */
  readonly isRevoked?: boolean;
  /** A record in the right place that would count if its key were enrolled. */
  readonly isOrphan: boolean;
  /** An orphan, or a record by a revoked key, that tells of credentials, and so of a session. */
  readonly tellsSession: boolean;
  /** Where it belongs, if it lies in the wrong place and the key of that chain did sign it. */
  readonly home: Place | undefined;
}

type Place = Pick<RecordKey, "userid" | "thumbprint" | "n">;

/** Names in a finding of several objects. */
const fewNames = 3;

/**
 * Tells faults from noise. Anybody can put anything under the own prefix, so that alone must not make a log fail; but an
 * altered record looks like garbage, too. What decides is whether something is missing without it: a number of an
 * enrolled key's chain that no valid record has, or a session. So all wait here until the whole log was seen.
 */
export class BadBook {
  readonly #chains = new Map<string, BadObject[]>();

  add(bad: BadObject): void {
    const name = chainOf(bad.key);
    const known = this.#chains.get(name);
    if (known === undefined) this.#chains.set(name, [bad]);
    else known.push(bad);
  }

  /**
   * Nothing more comes.
   * @param onFault called with each object that is no noise: what would refer to it cannot be judged
   */
  *finish(keys: KeyRing, chains: ChainBook, onFault: (key: RecordKey) => void): Generator<Finding> {
    for (const bads of this.#chains.values()) {
      const [first] = bads;
      if (first === undefined) continue;
      const isEnrolled = keys.find(first.key) !== undefined;
      const hasSession = !isEnrolled && bads.some((bad) => bad.tellsSession);
      const isFault = ({ key, isGrave, isRevoked, tellsSession, home }: BadObject): boolean =>
        isGrave ||
        // Whoever has a revoked key may go on signing: its chain has ended, so nothing but a session is told by that.
        (isRevoked === true ? tellsSession : isEnrolled ? !chains.holds(key) : hasSession) ||
        (home !== undefined && keys.find(home) !== undefined && !chains.holds(home));
      for (const bad of bads) {
        const fault = isFault(bad);
        if (fault) onFault(bad.key);
        yield* fault ? bad.findings : bad.findings.map(asNoise);
      }
      const orphans = bads.filter(({ isOrphan }) => isOrphan);
      if (orphans.length > 0) yield notEnrolled(orphans, bads, hasSession);
    }
    this.#chains.clear();
  }
}

/** One cause for all records by one key. */
function notEnrolled(orphans: readonly BadObject[], bads: readonly BadObject[], isFault: boolean): Finding {
  const enrol = bads.find(({ key, isOrphan }) => key.type === "enrol" && !isOrphan);
  const cause =
    enrol === undefined
      ? "the key has no enrol record"
      : `the key's enrol record is bad (${enrol.findings[0]?.code})`;
  const [first] = orphans;
  const { name, key } = enrol ?? first ?? { name: "-", key: undefined };
  const names = orphans.map((orphan) => orphan.name);
  const records = orphans.length === 1 ? "the record by it counts" : `${orphans.length} records by it count`;
  const found = {
    ...finding("KEY_NOT_ENROLLED", name, key?.userid ?? "-", `${cause}: ${records} for nothing`),
    about: sha256Hex(Buffer.from(names.sort().join("\n"))),
    objects: orphans.length,
    examples: orphans.slice(0, fewNames).map((orphan) => orphan.name),
  };
  return isFault ? found : asNoise(found);
}
