import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import {
  initSync,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/web";
import type { EngineFailure, PolicyTree, RuleEngine } from "../access/rules/engine.ts";

/** Node has it; its types come with those of browsers. */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object };

declare const __JIT_CEDAR__: string | undefined;

/** In the bundle the WebAssembly stands beside this file's chunk; in the sources it is the package's own. */
const file = new URL(
  typeof __JIT_CEDAR__ === "string"
    ? __JIT_CEDAR__
    : "../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm",
  import.meta.url,
);

/** Cedar. Only import this file where a catalog has rules. */
export function openCedar(): RuleEngine {
  initSync({ module: compiled(readFileSync(file)) });
  return {
    policySetTextToParts,
    policyToJson: (policy) =>
      policyToJson(policy) as { readonly type: "success"; readonly json: PolicyTree } | EngineFailure,
    validate,
    preparsePolicySet: (name, { staticPolicies }) =>
      preparsePolicySet(name, { staticPolicies: staticPolicies as string | Record<string, PolicyJson> }),
    preparseSchema,
    statefulIsAuthorized,
  };
}

/**
 * V8 validates each function when it is first called, of which few are: that takes a quarter of the time. The flag is set
 * back, since code that V8 has kept for Node counts only under the flags that it was made under.
 */
function compiled(bytes: Uint8Array): object {
  setFlagsFromString("--wasm-lazy-validation");
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString("--no-wasm-lazy-validation");
  }
}
