declare const __JIT_VERSION__: string | undefined;

/** Set when the bundle is built, from package.json. */
export const version: string = typeof __JIT_VERSION__ === "string" ? __JIT_VERSION__ : "0.0.0-source";
