import { build } from "esbuild";
import { expect, test } from "vitest";

test("the warm path imports nothing of the platform, and little of ours", async () => {
  const { metafile } = await build({
    entryPoints: ["src/session/warm.ts"],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
  });
  const inputs = Object.entries(metafile.inputs);
  expect(inputs.flatMap(([, { imports }]) => imports.filter(({ external }) => external))).toEqual([]);
  expect(inputs.map(([path]) => path).sort()).toEqual([
    "src/session/cache-entry.ts",
    "src/session/cache-name.ts",
    "src/session/caller-fingerprint.ts",
    "src/session/current-catalog.ts",
    "src/session/freshness.ts",
    "src/session/process-output.ts",
    "src/session/types.ts",
    "src/session/warm.ts",
  ]);
});
