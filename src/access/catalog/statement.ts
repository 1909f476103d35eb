import { codeOf } from "../../error.ts";
import { parsePolicy } from "../../policy/parse.ts";
import { findHostile } from "../text.ts";

/** Who may call these makes sessions or rights of their own, beside all records. */
const refusedServices: ReadonlySet<string> = new Set(["sts", "iam", "organizations", "account"]);

/**
 * A raw statement must be one of a session policy, and never open a way to further sessions or rights. A Deny may name
 * whatever it likes.
 * @returns what is wrong with it
 */
export function checkStatement(statement: Readonly<Record<string, unknown>>): readonly string[] {
  if (holdsHostile(statement)) {
    return ["holds a control, bidirectional or zero-width character"];
  }
  try {
    const [parsed] = parsePolicy({ Version: "2012-10-17", Statement: [statement] }, "session").statements;
    return parsed?.effect === "Allow" ? problemsOfAllow(parsed.actions) : [];
  } catch (error) {
    if (codeOf(error) !== "POLICY_INVALID" || !(error instanceof Error)) throw error;
    return [error.message.replace("$.Statement[0]", "statement")];
  }
}

function problemsOfAllow(actions: readonly string[] | undefined): readonly string[] {
  if (actions === undefined) return ["an Allow may not use NotAction: it would open what nobody thought of"];
  return actions.flatMap((action) => {
    const service = (action.split(":")[0] ?? "").toLowerCase();
    if (/[*?]/.test(service)) return ["may not allow all services"];
    return refusedServices.has(service) ? [`may not allow ${service}`] : [];
  });
}

function holdsHostile(value: unknown): boolean {
  if (typeof value === "string") return findHostile(value) !== undefined;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => findHostile(key) !== undefined || holdsHostile(inner));
}
