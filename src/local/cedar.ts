import { readFileSync } from "node:fs";
import {
  initSync,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/web";
import type { EngineFailure, PolicyTree, RuleEngine } from "../access/rules/engine.ts";

/** Node has it; its types come with those of browsers. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

declare const __JIT_CEDAR__: string | undefined;

/** In the bundle the WebAssembly stands beside this file's chunk; in the sources it is the package's own. */
const file = new URL(
  typeof __JIT_CEDAR__ === "string"
    ? __JIT_CEDAR__
    : "../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm",
  import.meta.url,
);

/** Cedar, compiled beside what else there is to do. Only import this file where a catalog has rules. */
export async function openCedar(): Promise<RuleEngine> {
  initSync({ module: await WebAssembly.compile(readFileSync(file)) });
  return {
    policySetTextToParts,
    policyToJson: (policy) =>
      policyToJson(policy) as { readonly type: "success"; readonly json: PolicyTree } | EngineFailure,
    validate,
    preparsePolicySet,
    preparseSchema,
    statefulIsAuthorized,
  };
}
