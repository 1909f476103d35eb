import type { RecordKey } from "../key.ts";
import type { RecordType } from "../types.ts";

/**
 * Bad objects under one request, by whose prefix they lie under. What refers to one cannot be judged; but anybody can
 * put garbage under the own prefix, so it excuses only what would refer to that writer's record.
 */
export class Spoilt {
  readonly #writers = new Map<RecordType, Set<string>>();

  add({ type, userid }: Pick<RecordKey, "type" | "userid">): void {
    const writers = this.#writers.get(type);
    if (writers === undefined) this.#writers.set(type, new Set([userid]));
    else writers.add(userid);
  }

  /** @param userid of the writer; left out: any */
  has(type: RecordType, userid?: string): boolean {
    const writers = this.#writers.get(type);
    return writers !== undefined && (userid === undefined || writers.has(userid));
  }
}
