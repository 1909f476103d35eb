import fc from "fast-check";
import { expect, test } from "vitest";
import { pathsOf, segmentOf } from "../../src/local/paths.ts";

test("XDG's defaults, its variables, and a relative value that is ignored", () => {
  expect(pathsOf({}, "/home/ann", "linux")).toEqual({
    config: "/home/ann/.config/jit",
    cache: "/home/ann/.cache/jit",
    state: "/home/ann/.local/state/jit",
    data: "/home/ann/.local/share/jit",
  });
  const env = { XDG_CACHE_HOME: "/scratch/c", XDG_STATE_HOME: "state", XDG_CONFIG_HOME: "" };
  expect(pathsOf(env, "/home/ann", "freebsd")).toMatchObject({
    config: "/home/ann/.config/jit",
    cache: "/scratch/c/jit",
    state: "/home/ann/.local/state/jit",
  });
});

test("macOS and Windows keep to their own folders", () => {
  expect(pathsOf({}, "/Users/ann", "darwin").cache).toBe("/Users/ann/Library/Caches/jit");
  const windows = pathsOf({ LOCALAPPDATA: "D:\\Local" }, "C:\\Users\\ann", "win32");
  expect(windows.cache).toBe("D:\\Local\\jit\\Cache");
  expect(windows.config).toBe("C:\\Users\\ann\\AppData\\Roaming\\jit\\Config");
});

test("a segment is safe, and different for different texts", () => {
  expect(segmentOf("AROA123:ann@example.com")).toBe("AROA123%3Aann@example.com");
  expect(segmentOf("..")).toBe("%2E.");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
      const segment = segmentOf(one);
      expect(segment).toMatch(/^(|[A-Za-z0-9_=,@+%-][A-Za-z0-9_.=,@+%-]*)$/);
      return one.toWellFormed() === other.toWellFormed() || segment !== segmentOf(other);
    }),
  );
});
