import type { JsonWebKey } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { worldOf } from "./create-world.ts";
import type { CiJob } from "./issuers.ts";
import { type Algorithm, signingKeys } from "./tokens.ts";
import type { Account, Organization, RandomSource, Session, World } from "./world.ts";

/** The world as one file, `DIR/world.json` (0600), which holds secrets: the sandbox's own, good for nothing else. */

interface Saved {
  readonly v: 1;
  readonly organization: Organization;
  readonly accounts: readonly unknown[];
  readonly sessions: readonly unknown[];
  readonly stsKeys: Partial<Record<Algorithm, JsonWebKey>>;
  readonly ciKeys: Partial<Record<Algorithm, JsonWebKey>>;
  readonly ciJobs: readonly [string, CiJob][];
}

/** A file from before there was KMS has no keys. */
type SavedAccount = Omit<Account, "kmsKeys"> & Partial<Pick<Account, "kmsKeys">>;

/** Maps and sets as JSON: `{"$map": […]}`. No value of the world has such a member itself. */
function pack(_name: string, value: unknown): unknown {
  if (value instanceof Map) return { $map: [...value] };
  if (value instanceof Set) return { $set: [...value] };
  return value;
}

const DATES = new Set(["issuedAt", "expiration", "mfaAt"]);

function unpack(name: string, value: unknown): unknown {
  if (DATES.has(name) && typeof value === "string") return new Date(value);
  if (typeof value !== "object" || value === null) return value;
  if ("$map" in value && Array.isArray(value.$map)) return new Map(value.$map);
  if ("$set" in value && Array.isArray(value.$set)) return new Set(value.$set);
  return value;
}

/** Replaces the file at once: a crash leaves the old one or the new one. */
export function saveWorld(world: World, directory: string): void {
  const saved: Saved = {
    v: 1,
    organization: world.organization,
    accounts: [...world.accounts.values()],
    sessions: [...world.sessions.values()],
    stsKeys: world.stsKeys.stored(),
    ciKeys: world.ciKeys.stored(),
    ciJobs: [...world.ciJobs],
  };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "world.json");
  writeFileSync(`${path}.tmp`, JSON.stringify(saved, pack), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** The world of that directory; `undefined` where there is none yet. Throws for a file that it did not write. */
export function loadWorld(directory: string, random: RandomSource): World | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, "world.json"), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const saved = JSON.parse(text, unpack) as Saved;
  if (saved.v !== 1) throw new Error(`${directory} holds a sandbox of another version`);
  const world = worldOf(random, saved.organization, {
    sts: signingKeys(saved.stsKeys),
    ci: signingKeys(saved.ciKeys),
  });
  for (const account of saved.accounts as SavedAccount[]) {
    world.accounts.set(account.id, { ...account, kmsKeys: account.kmsKeys ?? new Map() });
  }
  for (const session of saved.sessions as Session[]) world.sessions.set(session.accessKeyId, session);
  for (const [bearer, job] of saved.ciJobs) world.ciJobs.set(bearer, job);
  return world;
}
