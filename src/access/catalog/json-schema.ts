import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import { catalogSchema } from "./schema.ts";

/**
 * The JSON Schema (draft-07) of `jit.yaml`, published for editors as `schema/jit.schema.json`. It allows what the
 * catalog's schema allows; what only code can tell (hostile text, what spans several fields) it leaves to
 * `jit catalog check`. Nothing that runs imports this file: its converter is needed for publishing alone.
 */
export function catalogJsonSchema(): JsonSchema {
  return {
    ...toJsonSchema(catalogSchema, {
      target: "draft-07",
      typeMode: "input",
      ignoreActions: ["check"],
    }),
    title: "The catalog of jit: jit.yaml",
  };
}
