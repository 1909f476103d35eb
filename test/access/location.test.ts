import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatLocation, type Location, parseLocation, parsePin } from "../../src/access/location.ts";
import { codeOf } from "../../src/error.ts";

const fingerprint = "0123456789abcdef".repeat(4);

function path(folder: string, name = "jit.yaml", slash = "/"): Location {
  const at = (file: string) => (folder === "" ? file : `${folder}${slash}${file}`);
  return { kind: "path", catalog: at(name), signed: at(`${name}.jws`), trust: at("trust") };
}

function bucket(name: string, key = "v1/catalog/current.jws"): Location {
  return { kind: "s3", bucket: name, key, trust: "v1/trust/" };
}

test.each<[string, Location]>([
  ["jit.yaml", path("")],
  ["/org/jit.yaml", path("/org")],
  ["/org/other.yml", path("/org", "other.yml")],
  ["/org", path("/org")],
  ["/org/", path("/org")],
  ["./my org#1", path("my org#1")],
  ["C:\\org\\jit.yaml", path("C:\\org", "jit.yaml", "\\")],
  ["C:\\org", path("C:\\org", "jit.yaml", "\\")],
  ["s3://example-audit", bucket("example-audit")],
  ["s3://example-audit/", bucket("example-audit")],
  ["s3://example-audit/team/jit.jws", bucket("example-audit", "team/jit.jws")],
])("the location %s", (text, location) => {
  expect(parseLocation(text)).toEqual({
    ...location,
    ...("catalog" in location && text.endsWith("yaml") ? { catalog: text } : {}),
  });
  expect(parseLocation(formatLocation(location))).toEqual(location);
  for (const print of [fingerprint, "unsigned"]) {
    const pin = parsePin(`${text}#${print}`);
    expect(pin.fingerprint).toBe(print);
    expect(pin.location).toEqual(parseLocation(text));
  }
});

describe("refused", () => {
  test.each([
    ["", "LOCATION_INVALID"],
    ["  ", "LOCATION_INVALID"],
    ["https://example.org/jit.yaml", "LOCATION_INVALID"],
    ["file:///jit.yaml", "LOCATION_INVALID"],
    ["S3://example", "LOCATION_INVALID"],
    ["s3://", "LOCATION_INVALID"],
    ["s3://ab", "LOCATION_INVALID"],
    ["s3://Example", "LOCATION_INVALID"],
    ["s3://exa_mple", "LOCATION_INVALID"],
    ["s3://exa..mple", "LOCATION_INVALID"],
    ["s3://user@example", "LOCATION_INVALID"],
    ["s3://example/../other", "LOCATION_INVALID"],
    ["s3://example/./x", "LOCATION_INVALID"],
    ["jit\u202e.yaml", "TEXT_HOSTILE"],
    ["jit\n.yaml", "TEXT_HOSTILE"],
  ])("location %j", (text, expected) => {
    expect(codeOf(thrownBy(() => parseLocation(text)))).toBe(expected);
  });

  test.each([
    ["nothing after it", "jit.yaml"],
    ["empty", "jit.yaml#"],
    ["short", `jit.yaml#${fingerprint.slice(1)}`],
    ["long", `jit.yaml#${fingerprint}0`],
    ["in capitals", `jit.yaml#${fingerprint.toUpperCase()}`],
    ["with a space", `jit.yaml# ${fingerprint}`],
    ["another word", "jit.yaml#Unsigned"],
    ["no location", `#${fingerprint}`],
  ])("fingerprint: %s", (_, text) => {
    expect(codeOf(thrownBy(() => parsePin(text)))).toBe("LOCATION_INVALID");
  });
});

test("any text is a location or refused with a code of ours", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        const location = parseLocation(text);
        expect(parseLocation(formatLocation(location))).toEqual(location);
      } catch (error) {
        expect(["LOCATION_INVALID", "TEXT_HOSTILE"]).toContain(codeOf(error));
      }
    }),
  );
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
