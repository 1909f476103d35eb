import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { homeFolder } from "../../src/cli/home.ts";

test("HOME is the home folder where it is absolute", () => {
  expect(homeFolder({ HOME: "/home/ann" })).toBe("/home/ann");
});

test.each(["", ".", "home/ann"])("with HOME=%s nothing is looked for where jit is called from", (HOME) => {
  const before = process.env["HOME"];
  process.env["HOME"] = HOME;
  try {
    expect(homeFolder({ HOME })).toBe(userInfo().homedir);
  } finally {
    process.env["HOME"] = before;
  }
});
