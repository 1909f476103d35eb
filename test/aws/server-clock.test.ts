import { expect, test } from "vitest";
import { ServerClock } from "../../src/aws/server-clock.ts";

const local = Date.parse("2026-11-24T08:16:36.250Z");

test("what was known of the server's time counts until it says otherwise", () => {
  const clock = new ServerClock(() => local, -90_000);
  expect(clock.now().getTime()).toBe(local - 90_000);
  clock.observe("Tue, 24 Nov 2026 08:36:36 GMT");
  expect(clock.skew).toBe(1_200_250);
  expect(clock.now().toISOString()).toBe("2026-11-24T08:36:36.500Z");
});

test("less than two seconds, which the header cannot tell, is no skew", () => {
  const clock = new ServerClock(() => local, 60_000);
  clock.observe("Tue, 24 Nov 2026 08:16:37 GMT");
  expect(clock.skew).toBe(0);
});

test.each([undefined, "", "soon", "Tue, 99 Nov 2026 08:16:37 GMT"])("no time is in %j", (header) => {
  const clock = new ServerClock(() => local, 5000);
  clock.observe(header);
  expect(clock.skew).toBe(5000);
});
