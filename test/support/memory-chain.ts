import type {
  Chain,
  HeldChain,
  Journal,
  JournalEntry,
  JournalStep,
  PendingRecord,
} from "../../src/audit/ports.ts";

/** A chain that is held by one caller at a time. */
export class MemoryChain implements Chain {
  next = 0;
  prev = "-";
  pending: PendingRecord | undefined;
  #last: Promise<unknown> = Promise.resolve();

  hold<T>(work: (chain: HeldChain) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => work(this.#held()));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #held(): HeldChain {
    const chain = this;
    return {
      get position() {
        return { next: chain.next, prev: chain.prev, pending: chain.pending };
      },
      setPending: async (pending) => {
        chain.pending = pending;
      },
      advance: async (prev) => {
        chain.next++;
        chain.prev = prev;
        chain.pending = undefined;
      },
    };
  }
}

/** A journal whose entries are all those of a process that is gone. */
export class MemoryJournal implements Journal {
  readonly entries = new Map<string, JournalEntry>();

  async open(entry: JournalEntry): Promise<void> {
    this.entries.set(entry.request, entry);
  }

  async mark(request: string, step: JournalStep, accessKeyId?: string): Promise<void> {
    const entry = this.entries.get(request);
    if (entry === undefined) throw new Error("never opened");
    this.entries.set(request, { ...entry, step, accessKeyId: accessKeyId ?? entry.accessKeyId });
  }

  async close(request: string): Promise<void> {
    this.entries.delete(request);
  }

  async list(): Promise<readonly JournalEntry[]> {
    return [...this.entries.values()];
  }
}
