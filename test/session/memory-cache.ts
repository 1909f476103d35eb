import { parseEntry, printEntry } from "../../src/session/cache-entry.ts";
import type { Fence, Lock, SessionCache } from "../../src/session/ports.ts";
import type { Session } from "../../src/session/types.ts";

/** A cache that keeps the text of its files, as a folder would. */
export class MemoryCache implements SessionCache {
  readonly files = new Map<string, string>();
  writes = 0;
  fault: Error | undefined;

  async read(name: string): Promise<Session | undefined> {
    const entry = parseEntry(this.files.get(name) ?? "");
    return entry?.kind === "plain" ? entry.session : undefined;
  }

  async write(name: string, session: Session, fence: Fence): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    fence.check();
    this.writes += 1;
    this.files.set(name, printEntry(session));
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async list(): Promise<readonly { readonly name: string; readonly session: Session }[]> {
    const all = await Promise.all(
      [...this.files.keys()].map(async (name) => ({ name, session: await this.read(name) })),
    );
    return all.flatMap(({ name, session }) => (session === undefined ? [] : [{ name, session }]));
  }
}

/** A lock within this process: one holder for each name, in order of arrival. */
export class MemoryLock implements Lock {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #fence: Fence;

  constructor(fence: Fence = { check: () => undefined }) {
    this.#fence = fence;
  }

  hold<T>(name: string, work: (fence: Fence) => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(() => work(this.#fence));
    this.#last.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
