import { JitError } from "../error.ts";

/**
 * The user's home folder. HOME counts only where it is absolute: with an empty one, keys would lie and settings be believed
 * in the folder that jit is called from.
 * @throws JitError `LOCAL_NO_HOME`
 */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { homedir, userInfo } = process.getBuiltinModule("os");
  const { isAbsolute } = process.getBuiltinModule("path");
  for (const ask of [() => env["HOME"], homedir, () => userInfo().homedir]) {
    try {
      const home = ask();
      if (home !== undefined && isAbsolute(home)) return home;
    } catch {
      // A container may run a user whom nobody has named.
    }
  }
  throw new JitError("LOCAL_NO_HOME", "this user has no home folder", {
    hint: "set HOME to a folder of yours, as an absolute path",
  });
}
