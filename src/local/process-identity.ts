import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { codeOf } from "../error.ts";

/**
 * A process, told apart from a later one of the same number. `host` names the machine, its boot and the pid namespace:
 * of a process elsewhere (a container that shares the home folder, NFS) nothing is known.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in the platform's own terms; empty where the platform does not tell. */
  readonly started: string;
}

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, host: hostOf(), started: startOf(process.pid) ?? "" };
  return own;
}

/**
 * Whether a process has certainly ended: gone, a zombie, or its number is another process's now. Without `thorough` the
 * last two are looked at only where that is cheap.
 */
export function hasEnded(identity: ProcessIdentity, thorough: boolean): boolean {
  const self = ownIdentity();
  if (identity.host !== self.host) return false;
  if (identity.pid === self.pid) return identity.started !== self.started;
  if (!exists(identity.pid)) return true;
  if (!thorough && process.platform !== "linux") return false;
  const started = startOf(identity.pid);
  if (started === undefined) return !exists(identity.pid);
  return started !== identity.started;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and another user's.
    return codeOf(error) !== "ESRCH";
  }
}

/** `undefined`: not there, or not known. `ended` for a zombie. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return startFromProc(pid);
  if (process.platform === "win32") return "";
  const { spawnSync } = process.getBuiltinModule("child_process");
  const ps = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
    timeout: 2000,
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" },
  });
  return ps.status === 0 ? ps.stdout.trim() : undefined;
}

/** proc(5), `/proc/<pid>/stat`: field 3 is the state, 22 the start in clock ticks since boot. */
function startFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The command name (field 2) may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return "ended";
  return fields[19] ?? "";
}

function hostOf(): string {
  if (process.platform !== "linux") return hostname();
  const parts = [hostname()];
  try {
    parts.push(readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());
    parts.push(readlinkSync("/proc/self/ns/pid"));
  } catch {
    // Without them only the host's name tells machines apart.
  }
  return parts.join(" ");
}
