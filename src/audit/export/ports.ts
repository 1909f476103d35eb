import type { Row } from "./columns.ts";

export interface WrittenTable {
  readonly rows: number;
  readonly bytes: number;
  /** Of the file. */
  readonly sha256: string;
}

/**
 * The folder that an export lies in; paths with `/` below it. What is in it names people: files are private. Failures are
 * `LOCAL_…`.
 */
export interface ExportFolder {
  read(path: string): Uint8Array | undefined;
  /** Names in a folder, sorted, temporary ones too; none where there is no such folder. */
  names(path: string): readonly string[];
  /** Whole or not at all. */
  write(path: string, bytes: Uint8Array): void;
  /**
   * A Parquet file of the rows, written bit by bit while they come; the same rows make the same bytes. It takes its name when
   * it is whole. A crash leaves a temporary file, which `names` shows with a full stop in front.
   * @param keeps the SHA-256 of a file that is there: made again, it is left as it is
   */
  writeTable(path: string, rows: AsyncIterable<Row>, keeps: string | undefined): Promise<WrittenTable>;
  /** Removes a file or a folder with all that is in it; that it is gone is no failure. */
  remove(path: string): void;
}
