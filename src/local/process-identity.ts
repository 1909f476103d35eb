import { readFileSync, readlinkSync } from "node:fs";
import { codeOf } from "../error.ts";

/** A process, told apart from a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the platform's own terms; empty where the platform does not tell. */
  readonly started: string;
  /** The machine it runs on. */
  readonly machine: string;
  /** The machine's start that it belongs to; empty where the platform does not tell. */
  readonly boot: string;
  /** The pid namespace its number is of (a container has its own); empty where there is none. */
  readonly space: string;
}

/** `unknown`: it is another machine's or another container's, of which nothing can be seen from here. */
export type Life = "running" | "ended" | "unknown";

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startOf(process.pid) ?? "", ...placeOf() };
  return own;
}

/** An identity that was written as JSON; `undefined` where it is none. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, started, machine, boot, space } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof started !== "string" || typeof machine !== "string") return undefined;
  if (typeof boot !== "string" || typeof space !== "string") return undefined;
  return { pid, started, machine, boot, space };
}

/**
 * Whether a process still runs. It has ended where it is gone, a zombie, of an earlier start of this machine, or where its
 * number is another process's now. Without `thorough` the last is looked at only where that is cheap.
 */
export function lifeOf(identity: ProcessIdentity, thorough: boolean): Life {
  const self = ownIdentity();
  if (identity.machine !== self.machine) return "unknown";
  if (identity.boot !== self.boot) return "ended";
  if (identity.space !== self.space) return "unknown";
  if (identity.pid === self.pid) return identity.started === self.started ? "running" : "ended";
  if (!exists(identity.pid)) return "ended";
  if (!thorough && process.platform !== "linux") return "running";
  const started = startOf(identity.pid);
  if (started === undefined) return exists(identity.pid) ? "running" : "ended";
  return started === identity.started ? "running" : "ended";
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
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === "") return undefined;
  // The command name (field 2) may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return "ended";
  return fields[19] ?? "";
}

/** Machines are told apart by name and, since many are called `localhost`, by machine-id(5). */
function placeOf(): Pick<ProcessIdentity, "machine" | "boot" | "space"> {
  const { hostname } = process.getBuiltinModule("os");
  if (process.platform !== "linux") return { machine: hostname(), boot: "", space: "" };
  return {
    machine: `${hostname()} ${textOf("/etc/machine-id")}`.trim(),
    boot: textOf("/proc/sys/kernel/random/boot_id"),
    space: linkOf("/proc/self/ns/pid"),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
