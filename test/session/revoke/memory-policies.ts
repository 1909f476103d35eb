import { JitError } from "../../../src/error.ts";
import type { RolePolicies } from "../../../src/session/revoke/ports.ts";
import { inlineLimit } from "../../../src/session/revoke/role-changes.ts";

/** Inline policies of roles in memory: the limit of IAM, its staleness where told, and hands to interfere. */
export class MemoryPolicies implements RolePolicies {
  /** `role name` → text. */
  readonly texts = new Map<string, string>();
  /** Roles that nobody may change. */
  readonly denied = new Set<string>();
  /** So many reads still show what was there before the last write. */
  stale = 0;
  /** Called after each write. */
  written: (role: string, name: string) => void = () => undefined;
  #before: string | undefined;

  async list(role: string): Promise<readonly string[]> {
    this.#check(role);
    return [...this.texts.keys()]
      .filter((key) => key.startsWith(`${role} `))
      .map((key) => key.slice(role.length + 1));
  }

  async get(role: string, name: string): Promise<string | undefined> {
    this.#check(role);
    if (this.stale === 0) return this.texts.get(`${role} ${name}`);
    this.stale -= 1;
    return this.#before;
  }

  async put(role: string, name: string, document: string): Promise<void> {
    this.#check(role);
    const key = `${role} ${name}`;
    const others = [...this.texts].filter(([one]) => one.startsWith(`${role} `) && one !== key);
    if (others.reduce((sum, [, text]) => sum + text.length, document.length) > inlineLimit) {
      throw new JitError("IAM_LIMIT", "full");
    }
    this.#before = this.texts.get(key);
    this.texts.set(key, document);
    this.written(role, name);
  }

  async remove(role: string, name: string): Promise<void> {
    this.#check(role);
    this.texts.delete(`${role} ${name}`);
  }

  #check(role: string): void {
    if (this.denied.has(role)) throw new JitError("IAM_DENIED", "no");
  }
}
