import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, JitError } from "../error.ts";
import type { Fence, Lock } from "../session/ports.ts";
import { linkNew, privateDirectory } from "./files.ts";
import { localError } from "./local-error.ts";
import { monotonic } from "./monotonic.ts";
import { segmentOf } from "./paths.ts";
import { lifeOf, ownIdentity, type ProcessIdentity, parseIdentity } from "./process-identity.ts";
import { removeStaleTemporaries, writeTemporary } from "./temporary-file.ts";

/**
 * A lock in a folder of numbered files ("generations"). The highest number holds; nobody ever removes the highest.
 * Whoever finds it given up, its process ended, or its heart stopped, links the next number, lists again, and holds
 * only if its number is still the highest. So a holder that was stopped and resumed finds a higher number than its
 * own, and stops (`LOCK_LOST`). The wall clock plays no part.
 *
 * A file's time of modification is its heartbeat, a counter in seconds and no time: 1, 2, 3 … while held, 0 once given
 * up. One call changes it, on the holder's own open file, so that no other generation can be touched by mistake.
 */
export interface LockOptions {
  /** How long to wait for others before `LOCK_TIMEOUT`, ms. */
  readonly waitFor?: number;
  /** How long a heart may stand still before its holder counts as hung, ms of the waiter's own monotonic clock. */
  readonly hungAfter?: number;
  /** Between two heartbeats, ms. */
  readonly heartbeat?: number;
}

/** Generations below the held one that stay: a waiter that has listed long ago must collide, not reuse a number. */
const kept = 8;
const digits = 12;
/** Silence after which a look at the holder may cost something (macOS: running `ps`), ms. */
const thoroughAfter = 2500;

/** A lock for each name, in a folder of its own below `folder`. */
export function fileLock(folder: string, options: LockOptions = {}): Lock {
  const { waitFor = 90_000, hungAfter = 15_000, heartbeat = 1000 } = options;
  return {
    async hold(name, work) {
      const place = join(folder, segmentOf(name));
      privateDirectory(place);
      const { generation, file } = await acquire(place, waitFor, hungAfter);
      let beats = 1;
      const heart = setInterval(() => {
        beats += 1;
        setBeat(file, beats);
      }, heartbeat);
      heart.unref();
      try {
        tidy(place, generation);
        return await work(fenceOf(place, generation));
      } finally {
        clearInterval(heart);
        setBeat(file, 0);
        closeSync(file);
      }
    },
  };
}

/** A generation of ours, with its file open. */
interface Held {
  readonly generation: number;
  readonly file: number;
}

/** Waits until a generation of ours is the highest. */
async function acquire(place: string, waitFor: number, hungAfter: number): Promise<Held> {
  const began = monotonic();
  let watched: Watched | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const highest = highestIn(place);
    watched = watch(place, highest, watched);
    if (watched === undefined || isFree(watched, hungAfter)) {
      const held = takeNext(place, highest + 1);
      if (held !== undefined) return held;
      // Somebody was faster, or emptied the cache under us.
      privateDirectory(place);
    }
    if (monotonic() - began > waitFor) throw timedOut(place, watched?.holder);
    // Jitter, so that fifty waiters do not list in step.
    const pause = Math.min(100, 10 + attempt * 5) * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** What a waiter knows of the generation that holds. */
interface Watched {
  readonly generation: number;
  readonly holder: ProcessIdentity | undefined;
  readonly beat: number;
  /** ms for which we, awake, saw no beat. */
  readonly silent: number;
  readonly lookedAt: number;
}

function watch(place: string, generation: number, before: Watched | undefined): Watched | undefined {
  if (generation === 0) return undefined;
  const path = pathOf(place, generation);
  const lookedAt = monotonic();
  try {
    const beat = statSync(path).mtimeMs;
    if (before?.generation !== generation) {
      return { generation, holder: holderIn(path), beat, silent: 0, lookedAt };
    }
    // A long gap means that we did not run (a stopped job, a loaded machine), and perhaps the holder neither.
    const silent = beat === before.beat ? before.silent + Math.min(lookedAt - before.lookedAt, 500) : 0;
    return { ...before, beat, silent, lookedAt };
  } catch (error) {
    // A higher one came, and ours was tidied away.
    if (codeOf(error) === "ENOENT") return { generation, holder: undefined, beat: 1, silent: 0, lookedAt };
    throw localError(error, path);
  }
}

function isFree(watched: Watched, hungAfter: number): boolean {
  if (watched.beat === 0 || watched.silent > hungAfter) return true;
  if (watched.holder === undefined) return false;
  return lifeOf(watched.holder, watched.silent > thoroughAfter) === "ended";
}

/**
 * A crash before the link leaves a temporary file, one after it a generation whose process has ended: both are
 * cleared by whoever comes next.
 */
function takeNext(place: string, generation: number): Held | undefined {
  const path = pathOf(place, generation);
  let temporary: string | undefined;
  let file: number | undefined;
  try {
    temporary = writeTemporary(place, JSON.stringify(ownIdentity()), false);
    file = openSync(temporary, constants.O_RDWR);
    setBeat(file, 1);
    // On NFS a lost reply makes the client report our own success as EEXIST.
    if (linkNew(temporary, path) || fstatSync(file).nlink > 1) {
      if (highestIn(place) === generation) {
        const held = { generation, file };
        file = undefined;
        return held;
      }
      rmSync(path, { force: true });
    }
    return undefined;
  } catch (error) {
    // A holder may have taken our temporary file for an old one.
    if (codeOf(error) === "ENOENT") return undefined;
    throw localError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

function fenceOf(place: string, generation: number): Fence {
  return {
    check() {
      if (highestIn(place) !== generation) {
        throw new JitError("LOCK_LOST", "another jit process took over while this one stood still", {
          hint: "run the command again",
        });
      }
    },
  };
}

/** A beat that cannot be written is one missed: at worst somebody takes over, and the fence tells. */
function setBeat(file: number, beat: number): void {
  try {
    futimesSync(file, beat, beat);
  } catch {}
}

/** Only the holder tidies, and never near its own number. */
function tidy(place: string, generation: number): void {
  try {
    for (const number of generationsIn(place)) {
      if (number < generation - kept) rmSync(pathOf(place, number), { force: true });
    }
  } catch {
    // The next holder tidies too.
  }
  removeStaleTemporaries(place, Date.now());
}

function highestIn(place: string): number {
  return Math.max(0, ...generationsIn(place));
}

function generationsIn(place: string): readonly number[] {
  try {
    return readdirSync(place)
      .filter((name) => /^\d{12}$/.test(name))
      .map(Number);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw localError(error, place);
  }
}

function pathOf(place: string, generation: number): string {
  return join(place, String(generation).padStart(digits, "0"));
}

function holderIn(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

function timedOut(place: string, holder: ProcessIdentity | undefined): JitError {
  const who = holder === undefined ? "another process" : `process ${holder.pid}`;
  return new JitError("LOCK_TIMEOUT", `${who} has been at work for too long (${place})`, {
    hint: "see what it is doing; once it has ended, run the command again",
  });
}
