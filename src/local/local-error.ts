import { codeOf, isJitError, JitError } from "../error.ts";

/**
 * What a failed file operation means to a person. A JitError passes through unchanged.
 * `LOCAL_DISK_FULL`, `LOCAL_READ_ONLY`, `LOCAL_UNSAFE` (a link or a file where a folder should be), else `LOCAL_FAILED`.
 */
export function localError(error: unknown, path: string): JitError {
  if (isJitError(error)) return error;
  const code = codeOf(error);
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new JitError("LOCAL_DISK_FULL", `no space left to write ${path}`, {
        hint: "free some space, then try again; nothing was handed out",
        cause: error,
      });
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new JitError("LOCAL_READ_ONLY", `no permission to use ${path} (${code})`, {
        hint: "make it yours and writable, or set XDG_CACHE_HOME, XDG_STATE_HOME and XDG_DATA_HOME to places that are",
        cause: error,
      });
    case "ELOOP":
    case "ENOTDIR":
    case "EEXIST":
    case "EISDIR":
      return new JitError("LOCAL_UNSAFE", `${path} is a link, or not of the kind it should be (${code})`, {
        hint: "look at what is there, then remove it",
        cause: error,
      });
    default:
      return new JitError("LOCAL_FAILED", `cannot use ${path}${code === undefined ? "" : ` (${code})`}`, {
        hint: "see whether the file system works",
        cause: error,
      });
  }
}
