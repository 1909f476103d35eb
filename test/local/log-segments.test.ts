import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { logSegments } from "../../src/local/log-segments.ts";
import { temporaryFolder } from "./temporary.ts";

const [bound, other] = ["a".repeat(64), "b".repeat(64)];
const hours = ["20261124T07", "20261124T08", "20261124T09"] as const;

function place(boundTo = bound) {
  const root = temporaryFolder();
  return { folder: join(root, "log", "organization"), keyFile: join(root, "data", "key"), boundTo };
}

test("a text comes back for its hour and what it is bound to, and for nothing else", () => {
  const here = place();
  const segments = logSegments(here);
  expect(segments.get(hours[0])).toBeUndefined();
  segments.set(hours[0], "judged");
  expect(logSegments(here).get(hours[0])).toBe("judged");
  expect(logSegments({ ...here, boundTo: other }).get(hours[0])).toBeUndefined();
  const [file = ""] = readdirSync(here.folder);
  const bytes = readFileSync(join(here.folder, file));
  if (process.platform !== "win32") expect(statSync(join(here.folder, file)).mode & 0o777).toBe(0o600);
  // As another hour, as another trust file's, and changed.
  for (const name of [file.replace(hours[0], hours[1]), file.replace(bound, other)])
    writeFileSync(join(here.folder, name), bytes, { mode: 0o600 });
  writeFileSync(join(here.folder, file.replace(hours[0], hours[2])), "x".repeat(80), { mode: 0o600 });
  expect([segments.get(hours[1]), segments.get(hours[2])]).toEqual([undefined, undefined]);
  expect(logSegments({ ...here, boundTo: other }).get(hours[0])).toBeUndefined();
  writeFileSync(join(here.folder, file), bytes.toString().replace("judged", "forged"));
  expect(segments.get(hours[0])).toBeUndefined();
});

test("what is bound to something else goes, and where room is short the oldest hours", () => {
  const here = place();
  logSegments({ ...here, boundTo: other }).set(hours[1], "of another trust file");
  const segments = logSegments(here, { folder: 500 });
  for (const hour of hours) segments.set(hour, "x".repeat(150));
  expect(readdirSync(here.folder).sort()).toEqual(hours.slice(1).map((hour) => `log-${hour}-${bound}`));
  expect(segments.get(hours[0])).toBeUndefined();
  expect(segments.get(hours[2])).toHaveLength(150);
});

test("where nothing can be written nothing fails", () => {
  const here = place();
  mkdirSync(join(here.folder, ".."), { recursive: true });
  writeFileSync(here.folder, "a file in its place");
  const segments = logSegments(here);
  segments.set(hours[0], "judged");
  expect(segments.get(hours[0])).toBeUndefined();
});
