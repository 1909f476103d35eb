import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { checkEndpoints } from "../../access/endpoints.ts";
import { type Location, parsePin } from "../../access/location.ts";
import type { ProjectFile } from "../../access/project.ts";
import { codeOf, JitError } from "../../error.ts";
import type { PinnedOrganization } from "../../session/current-catalog.ts";
import { pinnedByVariable } from "../../session/warm.ts";
import type { Context } from "../context.ts";
import { invokedAs } from "../invoked-as.ts";
import type { Here } from "./here.ts";

/** The organization that is pinned, as text and parsed. */
export interface Pinned {
  readonly text: PinnedOrganization;
  readonly location: Location;
  readonly fingerprint: string;
}

/** @throws JitError `NOT_PINNED`, `LOCATION_INVALID` */
export function pinnedOf(context: Context, here: Here): Pinned {
  const found = pinnedByVariable(context.env) ?? here.settings.organization;
  if (found === undefined) {
    const jit = invokedAs(context.env, process.argv[1] ?? "jit", context.platform);
    throw new JitError("NOT_PINNED", "no organization is pinned on this machine", {
      hint: `your security team has the line: jit use LOCATION#FINGERPRINT   (to try it out: ${jit} sandbox)`,
    });
  }
  const pin = parsePin(`${found.location}#${found.fingerprint}`);
  if (pin.location.kind === "path" && !isAbsolute(pin.location.catalog)) {
    throw new JitError("LOCATION_INVALID", "JIT_ORGANIZATION needs an absolute path", {
      hint: `write ${resolve(context.cwd, pin.location.catalog)}`,
    });
  }
  return { text: found, location: pin.location, fingerprint: pin.fingerprint };
}

/**
 * Hosts beyond AWS's own that requests may go to: those of a catalog that was believed, and what the environment says
 * where that is allowed.
 * @throws JitError `ENDPOINT_REFUSED`, `TLS_DISABLED`
 */
export function allowedHosts(context: Context, known: readonly string[]): readonly string[] {
  checkEndpoints(context.env, known);
  const own = Object.entries(context.env).flatMap(([name, value]) =>
    /^AWS_ENDPOINT_URL/i.test(name) && value ? [new URL(value).host] : [],
  );
  return [...known, ...own];
}

const noProject: ProjectFile = { targets: [], duration: undefined, purpose: undefined };

/** Who else reads it could be kept by it from what has nothing to do with it: from revoking, say. */
const askers = ["request", "extend", "explain", "exec", "env", "credentials"];

/** `.jit/config.yaml`, found upwards; it may pick targets and defaults for who asks for access, and nothing else. */
export async function projectOf(context: Context): Promise<ProjectFile> {
  if (!askers.includes(context.invocation.command)) return noProject;
  for (let folder = resolve(context.cwd); ; folder = dirname(folder)) {
    const path = join(folder, ".jit", "config.yaml");
    const found = readProject(path);
    if (found !== undefined) {
      const { parseProjectFile } = await import("../../access/project.ts");
      return parseProjectFile(found, path);
    }
    if (dirname(folder) === folder) return noProject;
  }
}

function readProject(path: string): string | undefined {
  let file: number;
  try {
    // A pipe that nobody writes to must not hold us up; what is found is looked at before it is read.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return undefined;
    throw new JitError("PROJECT_FILE_INVALID", `cannot read ${path} (${codeOf(error) ?? "unknown"})`, {
      hint: "look at what is there, then remove it",
    });
  }
  try {
    if (!fstatSync(file).isFile()) {
      throw new JitError("PROJECT_FILE_INVALID", `${path} is not a file`, {
        hint: "look at what is there, then remove it",
      });
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
