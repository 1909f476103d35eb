import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { changeSettings, readSettings } from "../../src/local/settings.ts";
import { parsePinned } from "../../src/session/current-catalog.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const organization = { location: "s3://acme-audit", fingerprint: "ab".repeat(32) };
const nothing = {
  organization: undefined,
  duration: undefined,
  purpose: undefined,
  profile: undefined,
  region: undefined,
};

test("without a file nothing is set", () => {
  const folder = temporaryFolder();
  expect(readSettings(join(folder, "config.json"))).toEqual(nothing);
  writeFileSync(join(folder, "file"), "");
  expect(readSettings(join(folder, "file", "config.json"))).toEqual(nothing);
});

test("what conf has written is read without it, by the warm path too", async () => {
  const file = join(temporaryFolder(), "jit", "config.json");
  await changeSettings(file, { organization, duration: "45m" });
  await changeSettings(file, { profile: "work", duration: undefined });
  expect(readSettings(file)).toEqual({ ...nothing, organization, profile: "work" });
  expect(parsePinned(readFileSync(file, "utf8"))).toEqual(organization);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("what is not of its kind is not set", () => {
  const file = join(temporaryFolder(), "config.json");
  writeFileSync(
    file,
    JSON.stringify({
      organization: { location: 1, fingerprint: "x" },
      duration: 5,
      purpose: "",
      region: ["x"],
    }),
  );
  expect(readSettings(file)).toEqual(nothing);
  writeFileSync(file, "[]");
  expect(readSettings(file)).toEqual(nothing);
});

test("a damaged file is an error, and is not overwritten", async () => {
  const file = join(temporaryFolder(), "config.json");
  writeFileSync(file, '{"organization":');
  expect(await thrownBy(() => readSettings(file))).toBe("LOCAL_DAMAGED");
  expect(await thrownBy(() => changeSettings(file, { profile: "work" }))).not.toBe("nothing");
  expect(readFileSync(file, "utf8")).toBe('{"organization":');
});
