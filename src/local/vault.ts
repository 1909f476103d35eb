import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Lock, Vault } from "../session/ports.ts";
import { privateDirectory, readPrivate, writePrivate } from "./files.ts";
import { busAddress, busAnswers } from "./session-bus.ts";

/** Where sessions' key lies, for `jit doctor`. */
export interface VaultDescription {
  readonly kind: "keyring" | "file";
  readonly why: string;
}

export interface KeyringVault extends Vault {
  /** Looks again, whatever was remembered. */
  probe(): Promise<VaultDescription>;
}

export interface VaultOptions {
  /** Where the probe's answer is remembered. */
  readonly state: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly now: () => number;
  /** Two processes that try the keyring first at once must not each make a key. */
  readonly lock: Lock;
}

const service = "jit-pii";
const account = "session-cache";
const probeMs = 1500;
/** How long an answer is remembered: a keyring that did not answer may be unlocked soon. */
const rememberMs = { keyring: 24 * 3_600_000, file: 3_600_000 };
/** A bus that is alive answers in a few milliseconds. */
const busMs = 500;

/**
 * The operating system's keyring: Keychain, Credential Manager, Secret Service. One that never answers blocks for ever, so
 * it is tried once in a child process with a time limit, and the answer is remembered; once remembered as good, the bus
 * alone is greeted before each use. The Linux kernel's own keys, which a reboot empties, are never used. Without a
 * usable keyring there is no key, and never an error.
 */
export function keyringVault(options: VaultOptions): KeyringVault {
  const file = join(options.state, "keyring.json");
  let held: Promise<Uint8Array | undefined> | undefined;

  async function usable(): Promise<VaultDescription> {
    const out = cannotBe(options);
    if (out !== undefined) return out;
    const known = (): VaultDescription | undefined => remembered(file, options.now());
    return known() ?? (await alone(async () => known() ?? (await tryAndRemember())));
  }

  async function probe(): Promise<VaultDescription> {
    return cannotBe(options) ?? (await alone(tryAndRemember));
  }

  async function tryAndRemember(): Promise<VaultDescription> {
    const found = await tryInChild(options);
    remember(found);
    return found;
  }

  /** One process at a time; where there is no place for a lock, there is none for sessions either. */
  async function alone(work: () => Promise<VaultDescription>): Promise<VaultDescription> {
    let found: VaultDescription | undefined;
    try {
      return await options.lock.hold("keyring", async () => {
        found = await work();
        return found;
      });
    } catch {
      return (
        found ?? {
          kind: "file",
          why: "the keyring could not be tried: this machine's state cannot be locked",
        }
      );
    }
  }

  function remember(found: VaultDescription): void {
    try {
      privateDirectory(options.state);
      writePrivate(file, JSON.stringify({ v: 1, ...found, at: options.now() }), { durable: false });
    } catch {
      // On a read-only disk it is tried again each time.
    }
  }

  async function readOrForget(): Promise<Uint8Array | undefined> {
    if ((await usable()).kind !== "keyring") return undefined;
    const key = (await isAlive(options)) ? await readKey(options.platform) : undefined;
    // Locked or hung since it was tried: a session that cannot be read is a miss, and nobody waits a second time.
    if (key === undefined) remember({ kind: "file", why: "the keyring no longer answers" });
    return key;
  }

  return {
    probe,
    key() {
      held ??= readOrForget();
      return held;
    },
  };
}

/** What can be told without loading anything. */
function cannotBe({ env, platform }: VaultOptions): VaultDescription | undefined {
  if (platform !== "linux" || busAddress(env, existsSync) !== undefined) return undefined;
  return { kind: "file", why: "there is no D-Bus session, so no Secret Service" };
}

async function isAlive({ env, platform }: VaultOptions): Promise<boolean> {
  const address = platform === "linux" ? busAddress(env, existsSync) : undefined;
  return address === undefined || (await busAnswers(address, busMs));
}

function remembered(file: string, now: number): VaultDescription | undefined {
  try {
    const { v, kind, why, at } = JSON.parse(Buffer.from(readPrivate(file) ?? []).toString());
    if (v !== 1 || (kind !== "keyring" && kind !== "file") || typeof why !== "string") return undefined;
    return typeof at === "number" && Math.abs(now - at) < rememberMs[kind as "keyring" | "file"]
      ? { kind, why }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the key where there is none, and reads it back: a store that forgets is no store. */
const script = `
const { Entry } = await import(process.env.JIT_KEYRING);
const { randomBytes } = await import("node:crypto");
const entry = new Entry(${JSON.stringify(service)}, ${JSON.stringify(account)}, JSON.parse(process.env.JIT_KEYRING_OPTIONS));
const there = entry.getSecret();
if (there === null) entry.setSecret(randomBytes(32));
process.exitCode = entry.getSecret()?.length === 32 ? 0 : 3;
`;

async function tryInChild({ env, platform }: VaultOptions): Promise<VaultDescription> {
  const { spawn } = process.getBuiltinModule("child_process");
  const { keyringModule } = await import("./keyring-module.ts");
  const module = keyringModule();
  if (module === undefined) return { kind: "file", why: "this installation has no keyring module" };
  return await new Promise((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: "ignore",
      timeout: probeMs,
      killSignal: "SIGKILL",
      env: { ...env, JIT_KEYRING: module, JIT_KEYRING_OPTIONS: JSON.stringify(entryOptions(platform)) },
    });
    child.once("error", () => resolve({ kind: "file", why: "the keyring could not be tried" }));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve({ kind: "keyring", why: "sessions are encrypted with a key from the keyring" });
      else if (signal !== null)
        resolve({ kind: "file", why: `the keyring did not answer within ${probeMs} ms` });
      else resolve({ kind: "file", why: "the keyring is locked or not there" });
    });
  });
}

async function readKey(platform: NodeJS.Platform): Promise<Uint8Array | undefined> {
  try {
    const { AsyncEntry } = await import("@napi-rs/keyring");
    const entry = new AsyncEntry(service, account, entryOptions(platform));
    const secret = await entry.getSecret(AbortSignal.timeout(probeMs));
    return secret?.length === 32 ? Uint8Array.from(secret) : undefined;
  } catch {
    return undefined;
  }
}

function entryOptions(platform: NodeJS.Platform): { linux: { store: "secret-service" } } | undefined {
  return platform === "linux" ? { linux: { store: "secret-service" } } : undefined;
}
