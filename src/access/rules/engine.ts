/**
 * The part of Cedar that rules need. The adapter that loads its WebAssembly is `local/cedar.ts`; the shapes are those of
 * `@cedar-policy/cedar-wasm`.
 */
export interface RuleEngine {
  /** The policies of a text, cut apart; offsets in errors are UTF-8 bytes. */
  policySetTextToParts(text: string): EngineParts | EngineFailure;
  policyToJson(policy: string): { readonly type: "success"; readonly json: PolicyTree } | EngineFailure;
  validate(call: {
    readonly schema: string;
    readonly policies: { readonly staticPolicies: Record<string, string> };
  }): EngineValidation | EngineFailure;
  preparsePolicySet(
    name: string,
    policies: { readonly staticPolicies: string | Readonly<Record<string, PolicyTree>> },
  ): { readonly type: "success" } | EngineFailure;
  preparseSchema(name: string, schema: string): { readonly type: "success" } | EngineFailure;
  statefulIsAuthorized(call: EngineCall): EngineAnswer | EngineFailure;
}

export interface EngineError {
  readonly message: string;
  readonly help: string | null;
  readonly sourceLocations?: readonly { readonly start: number; readonly end: number }[];
}

export interface EngineFailure {
  readonly type: "failure";
  readonly errors: readonly EngineError[];
}

interface EngineParts {
  readonly type: "success";
  readonly policies: readonly string[];
  readonly policy_templates: readonly string[];
}

interface EngineValidation {
  readonly type: "success";
  readonly validationErrors: readonly { readonly policyId: string; readonly error: EngineError }[];
  readonly validationWarnings: readonly { readonly policyId: string; readonly error: EngineError }[];
}

export interface EngineAnswer {
  readonly type: "success";
  readonly response: {
    readonly decision: "allow" | "deny";
    readonly diagnostics: {
      readonly reason: readonly string[];
      readonly errors: readonly { readonly policyId: string }[];
    };
  };
}

export interface EntityName {
  readonly type: string;
  readonly id: string;
}

/** A Cedar value in its JSON form; an extension's value is `{ __extn: { fn, arg } }`. */
export type EngineValue =
  | string
  | number
  | boolean
  | EngineValue[]
  | { __entity: { type: string; id: string } }
  | { __extn: { fn: string; arg: string } }
  | { [key: string]: EngineValue };

export interface EngineEntity {
  uid: { type: string; id: string };
  attrs: Record<string, EngineValue>;
  parents: { type: string; id: string }[];
}

export interface EngineCall {
  principal: { type: string; id: string };
  action: { type: string; id: string };
  resource: { type: string; id: string };
  context: Record<string, EngineValue>;
  preparsedSchemaName?: string;
  validateRequest?: boolean;
  preparsedPolicySetId: string;
  entities: EngineEntity[];
}

/** A policy in Cedar's JSON form (EST), as far as it is looked at. */
export interface PolicyTree {
  readonly effect: "permit" | "forbid";
  /** `All`, `==`, `in`, `is` or `is` with `in`. */
  readonly principal: { readonly op: string; readonly entity?: unknown; readonly in?: unknown };
  readonly resource: { readonly op: string; readonly entity?: unknown; readonly in?: unknown };
  readonly action: {
    readonly op: string;
    readonly entity?: unknown;
    readonly entities?: readonly unknown[];
  };
  readonly conditions: readonly unknown[];
  readonly annotations?: Readonly<Record<string, string | null>>;
}
