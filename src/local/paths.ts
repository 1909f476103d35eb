import { posix, win32 } from "node:path";

/** Where this program keeps what on one machine. All are absolute and end in a folder of our own. */
export interface Paths {
  /** Settings that a person edits; may be copied to another machine. */
  readonly config: string;
  /** What can be fetched again: sessions, the catalog. */
  readonly cache: string;
  /** What belongs to this machine: locks, chains, the highest versions seen. */
  readonly state: string;
  /** Keys. */
  readonly data: string;
}

/**
 * The XDG base directories (a relative value is ignored, as that specification asks); where no variable is set,
 * what the platform's guidelines say on macOS and Windows, and XDG's defaults elsewhere.
 */
export function pathsOf(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform,
): Paths {
  const { join, isAbsolute } = platform === "win32" ? win32 : posix;
  const standard = defaults(env, home, platform);
  const place = (variable: string, fallback: string) => {
    const value = env[variable];
    return value !== undefined && isAbsolute(value) ? join(value, "jit") : fallback;
  };
  return {
    config: place("XDG_CONFIG_HOME", standard.config),
    cache: place("XDG_CACHE_HOME", standard.cache),
    state: place("XDG_STATE_HOME", standard.state),
    data: place("XDG_DATA_HOME", standard.data),
  };
}

function defaults(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform,
): Paths {
  if (platform === "win32") {
    const roaming = env["APPDATA"] ?? win32.join(home, "AppData", "Roaming");
    const local = env["LOCALAPPDATA"] ?? win32.join(home, "AppData", "Local");
    return {
      config: win32.join(roaming, "jit", "Config"),
      cache: win32.join(local, "jit", "Cache"),
      state: win32.join(local, "jit", "State"),
      data: win32.join(local, "jit", "Data"),
    };
  }
  if (platform === "darwin") {
    const library = posix.join(home, "Library");
    return {
      config: posix.join(library, "Preferences", "jit"),
      cache: posix.join(library, "Caches", "jit"),
      state: posix.join(library, "Application Support", "jit", "state"),
      data: posix.join(library, "Application Support", "jit", "data"),
    };
  }
  return {
    config: posix.join(home, ".config", "jit"),
    cache: posix.join(home, ".cache", "jit"),
    state: posix.join(home, ".local", "state", "jit"),
    data: posix.join(home, ".local", "share", "jit"),
  };
}

/**
 * One path segment for any text, readable and one to one: what is not `[A-Za-z0-9_.=,@+-]` becomes `%XX` of its UTF-8
 * bytes, and so does a first full stop. AWS's user ids (`AROA…:name`) thus work on Windows too.
 */
export function segmentOf(text: string): string {
  const encoded = [...new TextEncoder().encode(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.=,@+-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
  return encoded.startsWith(".") ? `%2E${encoded.slice(1)}` : encoded;
}
