import { expect, test } from "vitest";
import { checkCidr, checkEndpointHost } from "../../../src/access/catalog/network.ts";

test.each([
  "203.0.113.0/24",
  "203.0.113.7/32",
  // IAM ignores the bits after the prefix.
  "203.0.113.9/24",
  "0.0.0.0/1",
  "172.15.0.0/16",
  "172.32.0.0/16",
  "100.128.0.0/16",
  "8.0.0.0/6",
  "2001:db8::/32",
  "2001:DB8:0:1::5/64",
])("%s is taken", (cidr) => {
  expect(checkCidr(cidr)).toBeUndefined();
});

test.each([
  "203.0.113.0",
  "203.0.113.0/",
  "203.0.113.0/33",
  "203.0.113.0/024",
  "203.0.113.0/24/24",
  "203.0.113/24",
  "203.0.113.0.0/24",
  "203.0.113.256/24",
  // Octal to some readers, decimal to others.
  "203.0.113.010/32",
  "0xcb.0.113.0/24",
  "2001:db8::/129",
  "2001:db8:::/32",
  "2001::db8::/32",
  "2001:db8/32",
  ":/8",
  "/8",
  "0.0.0.0/0",
  "::/0",
  "10.0.0.0/8",
  "10.1.2.3/32",
  "100.64.0.0/10",
  "127.0.0.1/32",
  "169.254.169.254/32",
  "172.16.0.0/12",
  "172.31.255.0/24",
  "192.168.1.0/24",
  "::1/128",
  "::ffff:203.0.113.0/120",
  "fd00::/8",
  "fe80::1/64",
])("%s is refused", (cidr) => {
  expect(checkCidr(cidr)).toEqual(expect.any(String));
});

test.each([
  "s3.acme.example",
  "minio:9000",
  "localhost",
  "127.0.0.1:4566",
  "[::1]",
  "[::1]:4566",
  "a.b:65535",
])("the endpoint %s is taken", (endpoint) => {
  expect(checkEndpointHost(endpoint)).toBeUndefined();
});

test.each([
  "127.1",
  "2130706433",
  "0177.0.0.1",
  "1.2.3.256",
  "[0:0:0:0:0:0:0:1]:1",
  "[::g]",
  "[]",
  "a.b:65536",
  "",
])("the endpoint %j is refused", (endpoint) => {
  expect(checkEndpointHost(endpoint)).toEqual(expect.any(String));
});
