import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPrivateBlock, mayConnect } from "../../../src/access/webhook/addresses.ts";

const outside = { networks: [], toLoopback: false };

describe("a webhook may be asked at", () => {
  test.each([
    "8.8.8.8",
    "52.94.5.1",
    "172.32.0.1",
    "100.128.0.1",
    "2a05:d018::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
  ])("%s", (address) => expect(mayConnect(address, outside)).toBe(true));
});

describe("it may not be asked at", () => {
  test.each([
    ["this host", "0.0.0.0"],
    ["loopback", "127.0.0.1"],
    ["more of loopback", "127.8.9.10"],
    ["loopback in IPv6", "::1"],
    ["no address at all", "::"],
    ["loopback dressed as IPv6", "::ffff:127.0.0.1"],
    ["the same in hexadecimal", "::ffff:7f00:1"],
    ["metadata dressed as IPv6", "::ffff:169.254.169.254"],
    ["metadata translated", "64:ff9b::a9fe:a9fe"],
    ["loopback as IPv4-compatible IPv6", "::127.0.0.1"],
    ["clouds' metadata", "169.254.169.254"],
    ["link-local IPv6", "fe80::1"],
    ["metadata in IPv6", "fd00:ec2::254"],
    ["private", "10.0.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["unique local", "fc00::1"],
    ["shared", "100.64.0.1"],
    ["multicast", "224.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["multicast IPv6", "ff02::1"],
    ["6to4 of a private address", "2002:a00:1::"],
    ["Teredo", "2001::1"],
    ["documentation", "192.0.2.1"],
    ["documentation", "2001:db8::1"],
    ["benchmarks", "198.18.0.1"],
    ["site-local, of old", "fec0::1"],
    ["a zone", "fe80::1%eth0"],
    ["a block", "8.8.8.0/24"],
    ["a name", "localhost"],
    ["octal", "0177.0.0.1"],
    ["a number", "2130706433"],
    ["nothing", ""],
  ])("%s: %s", (_what, address) => expect(mayConnect(address, outside)).toBe(false));
});

test("networks of the catalog open only what they name", () => {
  const named = { networks: ["10.1.0.0/16", "fd12::/16"], toLoopback: false };
  for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "fd12::9"])
    expect(mayConnect(address, named)).toBe(true);
  for (const address of ["10.2.0.1", "fd13::9", "192.168.0.1", "127.0.0.1"]) {
    expect(mayConnect(address, named)).toBe(false);
  }
});

test("the sandbox may ask this machine, and still no metadata", () => {
  const sandbox = { networks: [], toLoopback: true };
  expect(mayConnect("127.0.0.1", sandbox)).toBe(true);
  expect(mayConnect("::1", sandbox)).toBe(true);
  expect(mayConnect("::ffff:127.0.0.1", sandbox)).toBe(true);
  expect(mayConnect("169.254.169.254", sandbox)).toBe(false);
  expect(mayConnect("10.0.0.1", sandbox)).toBe(false);
});

test("a mapped address is judged as the one inside it", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(mayConnect(`::ffff:${address}`, outside)).toBe(mayConnect(address, outside));
    }),
  );
});

test.each([
  ["10.0.0.0/8", true],
  ["192.168.7.0/24", true],
  ["100.64.0.0/12", true],
  ["fd00::/8", true],
  ["10.0.0.0/7", false],
  ["0.0.0.0/0", false],
  ["127.0.0.0/8", false],
  ["169.254.0.0/16", false],
  ["8.8.8.0/24", false],
  ["::ffff:10.0.0.0/104", false],
  ["10.0.0.1", false],
])("a catalog may name %s: %s", (block, good) => {
  expect(checkPrivateBlock(block) === undefined).toBe(good);
});
