import type { ColumnSource, SchemaElement } from "hyparquet-writer";
import { type ColumnKind, columns, type Row } from "../audit/export/columns.ts";

/** Rows as Parquet: bounded row groups, Snappy, dictionaries; nothing in a file but the rows, so that the same make the same bytes. */

/** Rows that are held at once. */
const groupRows = 20_000;

/** @param write is given the file's bytes in their order */
export async function writeParquet(
  rows: AsyncIterable<Row>,
  write: (bytes: Uint8Array) => void,
): Promise<number> {
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
  const writer = new ByteWriter();
  // What is written stays counted: pages are found by their places in the file.
  const flush = () => {
    write(new Uint8Array(writer.buffer, 0, writer.index));
    writer.index = 0;
  };
  const parquet = new ParquetWriter({ writer, schema: [...schemaElements()], createdBy: "jit" });
  let group: Row[] = [];
  let count = 0;
  const end = async () => {
    if (group.length === 0) return;
    await parquet.write({ columnData: columnsOf(group), rowGroupSize: groupRows });
    count += group.length;
    group = [];
    flush();
  };
  for await (const row of rows) {
    group.push(row);
    if (group.length === groupRows) await end();
  }
  await end();
  await parquet.finish();
  flush();
  return count;
}

/** Every column can be NULL; times are UTC without a zone of their own, which DuckDB and Athena both read as TIMESTAMP. */
function* schemaElements(): Generator<SchemaElement> {
  yield { name: "records", num_children: columns.length };
  for (const { name, kind } of columns) {
    const column = { name, repetition_type: "OPTIONAL" } as const;
    if (kind !== "texts") yield { ...column, ...elements[kind] };
    else {
      yield { ...column, converted_type: "LIST", num_children: 1 };
      yield { name: "list", repetition_type: "REPEATED", num_children: 1 };
      yield { name: "element", repetition_type: "REQUIRED", ...elements.text };
    }
  }
}

const elements = {
  integer: { type: "INT64" },
  boolean: { type: "BOOLEAN" },
  time: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
} as const satisfies Record<Exclude<ColumnKind, "texts">, Omit<SchemaElement, "name">>;

function columnsOf(rows: readonly Row[]): ColumnSource[] {
  return columns.map(({ name }) => ({ name, data: rows.map((row) => cellOf(row[name])) }));
}

function cellOf(value: Row[keyof Row]) {
  if (value === undefined) return null;
  return typeof value === "number" ? BigInt(value) : value;
}
