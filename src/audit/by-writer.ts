import type { RecordKey } from "./key.ts";

type Writer = Pick<RecordKey, "userid" | "thumbprint">;

/** A value for each key of each `aws:userid`. Not by both in one text, which would be made and hashed anew for every record. */
export class ByWriter<T> {
  readonly #users = new Map<string, Map<string, T>>();

  get({ userid, thumbprint }: Writer): T | undefined {
    return this.#users.get(userid)?.get(thumbprint);
  }

  set({ userid, thumbprint }: Writer, value: T): void {
    const keys = this.#users.get(userid);
    if (keys === undefined) this.#users.set(userid, new Map([[thumbprint, value]]));
    else keys.set(thumbprint, value);
  }

  *values(): Generator<T> {
    for (const keys of this.#users.values()) yield* keys.values();
  }
}
