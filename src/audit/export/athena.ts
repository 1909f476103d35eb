import { JitError } from "../../error.ts";
import { type ColumnKind, columns, partition } from "./columns.ts";
import { requestsView } from "./views.ts";

/** The same files in Amazon Athena, once they lie in a bucket. */

/** As Hive's DDL spells them. */
const types: Readonly<Record<ColumnKind, string>> = {
  integer: "bigint",
  boolean: "boolean",
  time: "timestamp",
  text: "string",
  texts: "array<string>",
};

/** Before any log: what a query asks for without naming days is looked for from then on. */
const firstDay = "2025-01-01";

/** A bucket and a prefix that need no escaping anywhere. */
const locationGrammar = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9_.=-]+)*\/?$/;

/**
 * Two statements, to be run one after the other: the table, whose days need no crawler and no repair, and the view.
 * @param location `s3://bucket/prefix` where the export's folder was copied to
 * @throws JitError `USAGE`
 */
export function athenaDdl(location: string): string {
  if (!locationGrammar.test(location)) {
    throw new JitError("USAGE", `--ddl: ${JSON.stringify(location.slice(0, 80))} is no place in S3`, {
      hint: "s3://bucket/prefix, of letters, digits and _ . = -",
    });
  }
  const place = location.replace(/\/$/, "");
  // What ends a statement, or a text, is in no comment.
  const column = (name: string, type: string, about: string) =>
    `  \`${name}\` ${type} COMMENT '${about.replaceAll(";", ",")}'`;
  const properties = {
    "parquet.compression": "SNAPPY",
    "projection.enabled": "true",
    [`projection.${partition.name}.type`]: "date",
    [`projection.${partition.name}.format`]: "yyyy-MM-dd",
    [`projection.${partition.name}.range`]: `${firstDay},NOW+1DAYS`,
    [`projection.${partition.name}.interval`]: "1",
    [`projection.${partition.name}.interval.unit`]: "DAYS",
    "storage.location.template": `${place}/${partition.name}=\${${partition.name}}/`,
  };
  return `CREATE EXTERNAL TABLE IF NOT EXISTS records (
${columns.map(({ name, kind, about }) => column(name, types[kind], about)).join(",\n")}
)
PARTITIONED BY (
${column(partition.name, "string", partition.about)}
)
STORED AS PARQUET
LOCATION '${place}/'
TBLPROPERTIES (
${Object.entries(properties)
  .map(([name, value]) => `  '${name}' = '${value}'`)
  .join(",\n")}
);

${requestsView.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")};
`;
}
