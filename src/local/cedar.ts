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

declare const __JIT_CEDAR__: string | undefined;

/** In the bundle the WebAssembly stands beside this file's chunk; in the sources it is the package's own. */
const file = new URL(
  typeof __JIT_CEDAR__ === "string"
    ? __JIT_CEDAR__
    : "../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm",
  import.meta.url,
);

/** Cedar, loaded: 20 ms to compile. Only import this file where a catalog has rules. */
export function openCedar(): RuleEngine {
  initSync({ module: readFileSync(file) });
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
