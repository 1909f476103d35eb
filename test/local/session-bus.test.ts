import { describe, expect, test } from "vitest";
import { busAddress, busAnswers } from "../../src/local/session-bus.ts";
import { fakeBus } from "./fake-bus.ts";

test("the bus is where the environment says, else where systemd puts it", () => {
  const there = (path: string) => path === "/run/user/1000/bus";
  expect(busAddress({ DBUS_SESSION_BUS_ADDRESS: "unix:path=/x" }, there)).toBe("unix:path=/x");
  expect(busAddress({ XDG_RUNTIME_DIR: "/run/user/1000" }, there)).toBe("unix:path=/run/user/1000/bus");
  expect(busAddress({ XDG_RUNTIME_DIR: "/run/user/1001" }, there)).toBeUndefined();
  expect(busAddress({}, there)).toBeUndefined();
});

describe.skipIf(process.platform === "win32")("a bus", () => {
  test("that greets back is alive, whatever it says", async () => {
    const greeted: string[] = [];
    const path = await fakeBus((socket) =>
      socket.once("data", (data) => {
        greeted.push(data.toString());
        socket.write("REJECTED EXTERNAL\r\n");
      }),
    );
    expect(await busAnswers(`unix:path=${path},guid=abc;unix:path=/nowhere`, 5000)).toBe(true);
    expect(await busAnswers(`unix:path=${path.replaceAll("-", "%2d")}`, 5000)).toBe(true);
    expect(greeted[0]).toMatch(/^\0AUTH EXTERNAL [0-9a-f]+\r\n$/);
  });

  test("that is silent, hangs up, or is not there is not", async () => {
    const silent = await fakeBus(() => undefined);
    expect(await busAnswers(`unix:path=${silent}`, 50)).toBe(false);
    const rude = await fakeBus((socket) => socket.destroy());
    expect(await busAnswers(`unix:path=${rude}`, 5000)).toBe(false);
    expect(await busAnswers("unix:path=/nowhere/bus", 5000)).toBe(false);
  });

  test("that is no Unix socket is left to the library", async () => {
    expect(await busAnswers("tcp:host=127.0.0.1,port=1", 50)).toBe(true);
  });

  test.skipIf(process.platform !== "linux")("may have an abstract name", async () => {
    const name = `jit-test-${process.pid}`;
    await fakeBus((socket) => socket.once("data", () => socket.write("OK 1\r\n")), `\0${name}`);
    expect(await busAnswers(`unix:abstract=${name}`, 5000)).toBe(true);
  });
});
