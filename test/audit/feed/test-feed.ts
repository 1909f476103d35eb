import { Cursor, type FeedState, readFeedState } from "../../../src/audit/feed/cursor.ts";
import type { FeedEvent } from "../../../src/audit/feed/event.ts";
import { type FollowOptions, followFeed } from "../../../src/audit/feed/follow.ts";
import type { KnownKeys } from "../../../src/audit/feed/known-enrolments.ts";
import type { KeyTrust } from "../../../src/audit/rules/keys.ts";
import { JitError } from "../../../src/error.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { catalogOf } from "../log/log-ports.ts";
import { log, StandingClock, start } from "../writer.ts";

const hour = 3_600_000;
export const hourName = (at: Date) => at.toISOString().slice(0, 13).replaceAll("-", "");

/** A feed whose lines and state are kept here, as a file would. */
export class TestFeed {
  readonly store: MemoryRecordStore;
  readonly clock: StandingClock;
  /** What was flushed, run after run. */
  readonly told: FeedEvent[] = [];
  saved: FeedState | undefined;
  trust: KeyTrust | undefined;
  /** What was kept of keys. */
  known: KnownKeys | undefined;
  /** Writes and saves that still succeed. */
  left = Number.POSITIVE_INFINITY;

  constructor(clock = new StandingClock()) {
    this.clock = clock;
    this.store = new MemoryRecordStore(() => clock.now());
  }

  /** One look of a process of its own, that remembers only what was saved. */
  async look(options: Partial<FollowOptions> = {}): Promise<readonly FeedEvent[]> {
    const before = this.told.length;
    const kept = this.saved === undefined ? undefined : readFeedState(JSON.parse(JSON.stringify(this.saved)));
    const cursor =
      kept === undefined
        ? Cursor.begin(log, hourName(new Date(start.getTime() - 24 * hour)))
        : new Cursor(kept);
    const cut = () => {
      if (--this.left < 0) throw new JitError("OUTPUT_CLOSED", "cut off");
    };
    const ports = { store: this.store, log, trust: this.trust, catalogOf };
    await followFeed(
      async () => ports,
      cursor,
      {
        write: async (events) => {
          cut();
          this.told.push(...events);
        },
        save: async (state) => {
          cut();
          this.saved = state;
        },
        keep: (known) => {
          this.known = JSON.parse(JSON.stringify(known));
        },
      },
      {
        now: () => this.clock.now(),
        wait: async () => false,
        fullEvery: 3600,
        lateness: 31 * 86_400,
        known: this.known,
        ...options,
      },
    );
    return this.told.slice(before);
  }

  /** An object that is no record; what is told of it is one finding. */
  noise(name: string, at = this.clock.now()): string {
    const key = `v1/rec/${hourName(at)}/-/AROAEXAMPLEEXAMPLE123:eve/${name}`;
    this.store.put(key, Buffer.from(name));
    return key;
  }
}
