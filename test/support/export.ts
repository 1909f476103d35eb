import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";

/** A row as another Parquet implementation reads it. */
export type ReadRow = Readonly<Record<string, unknown>>;

/** All rows of an export, days in order, read by hyparquet. */
export async function rowsOfExport(folder: string): Promise<readonly ReadRow[]> {
  const { days } = JSON.parse(readFileSync(join(folder, "_manifest.json"), "utf8"));
  const rows: ReadRow[] = [];
  for (const day of Object.keys(days).sort()) {
    const bytes = readFileSync(join(folder, days[day].file));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    for (const row of await parquetReadObjects({ file })) rows.push({ day, ...row });
  }
  return rows;
}
