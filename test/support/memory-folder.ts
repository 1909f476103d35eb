import type { MirrorFolder } from "../../src/audit/mirror/folder.ts";

/** A folder of a mirror that is in memory, and can be cut off at any write. */
export class MemoryFolder implements MirrorFolder {
  readonly files: Map<string, Uint8Array>;
  writes = 0;
  /** How many writes are still done; `undefined`: all. */
  failAfter: number | undefined;

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    this.files = new Map(files);
  }

  copy(): MemoryFolder {
    return new MemoryFolder(this.files);
  }

  size(path: string): number | undefined {
    return this.files.get(path)?.length;
  }

  read(path: string): Uint8Array | undefined {
    return this.files.get(path);
  }

  readAt(path: string, offset: number, length: number): Uint8Array | undefined {
    return this.files.get(path)?.subarray(offset, offset + length);
  }

  names(path: string): readonly string[] {
    const within = [...this.files.keys()].filter((name) => name.startsWith(`${path}/`));
    return within.map((name) => name.slice(path.length + 1));
  }

  write(path: string, bytes: Uint8Array): void {
    this.#change(() => this.files.set(path, bytes));
  }

  append(path: string, bytes: Uint8Array): void {
    const before = this.files.get(path) ?? new Uint8Array();
    const adding = (more: Uint8Array) => () => this.files.set(path, Buffer.concat([before, more]));
    // What is cut off may have done half of it.
    this.#change(adding(bytes), adding(bytes.subarray(0, bytes.length / 2)));
  }

  sync(): void {}

  truncate(path: string, size: number): void {
    this.#change(() => this.files.set(path, this.files.get(path)?.subarray(0, size) ?? new Uint8Array()));
  }

  remove(path: string): void {
    this.#change(() => this.files.delete(path));
  }

  #change(whole: () => unknown, half: () => unknown = () => undefined): void {
    if (this.failAfter !== undefined && this.failAfter-- <= 0) {
      half();
      throw new Error("cut off");
    }
    this.writes++;
    whole();
  }
}
