/**
 * Where the keyring's native module is, for a process of its own to load. A file of its own, since a module finds it as `import` does;
 * `require` would look for it in `NODE_PATH` and in the home folder as well, where others may have put one.
 */
export function keyringModule(): string | undefined {
  try {
    return import.meta.resolve("@napi-rs/keyring");
  } catch {
    return undefined;
  }
}
