import { JitError } from "../../error.ts";

/** A folder that a mirror is in, by paths with `/` below it. Failures are JitError, `LOCAL_…`. */
export interface MirrorFolder extends ReadFolder {
  /** Whole or not at all; durable when it returns. */
  write(path: string, bytes: Uint8Array): void;
  /** Adds to the end of a file, which it makes where there is none. */
  append(path: string, bytes: Uint8Array): void;
  /** What was appended is durable when it returns. */
  sync(path: string): void;
  /** Cuts off what a file has beyond that size. */
  truncate(path: string, size: number): void;
  /** Names in a folder; none where there is no such folder. */
  names(path: string): readonly string[];
  remove(path: string): void;
}

export interface ReadFolder {
  /** Size of a file, `undefined` where there is none. */
  size(path: string): number | undefined;
  read(path: string): Uint8Array | undefined;
  /** As many bytes of a file as there are from `offset` on, `length` at most; `undefined` where there is no file. */
  readAt(path: string, offset: number, length: number): Uint8Array | undefined;
}

export function invalidMirror(what: string): JitError {
  return new JitError("MIRROR_INVALID", `the folder is no mirror of a log: ${what}`, {
    hint: "`jit audit mirror DIR` makes one, in a folder that is new or empty",
  });
}
