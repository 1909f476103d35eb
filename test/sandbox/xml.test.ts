import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AwsError } from "../../src/sandbox/service.ts";
import { child, childText, elements, parseXml, xmlDocument } from "../../src/sandbox/xml.ts";

describe("reading", () => {
  test("names without prefixes, text, references, CDATA, empty elements", () => {
    const source =
      '<?xml version="1.0"?><!-- c --><s:A xmlns:s="x"><B at="1">&lt;a&amp;&#x62;&#99;</B><C/><B><![CDATA[<d>]]></B></s:A>';
    const root = parseXml(source);
    expect(root.name).toBe("A");
    expect(root.children.map(({ name, text }) => [name, text])).toEqual([
      ["B", "<a&bc"],
      ["C", ""],
      ["B", "<d>"],
    ]);
    expect(childText(root, "B")).toBe("<a&bc");
    expect(child(root, "D")).toBeUndefined();
  });

  test.each([
    [""],
    ["text"],
    ["<a>"],
    ["<a></b>"],
    ["</a>"],
    ["<a></a><b></b>"],
    ["<a>&unknown;</a>"],
    ["<a>&#x110000;</a>"],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ["<a".repeat(30)],
    ["<a>".repeat(30)],
  ])("%s is malformed", (source) => {
    expect(() => parseXml(source)).toThrow(AwsError);
  });
});

test("what is written is what is read", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => value.trim() === value);
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (values) => {
      const root = parseXml(
        xmlDocument("Root", { Item: values, None: undefined, Nested: { N: 1, T: true } }, "urn:x"),
      );
      expect(root.children.filter(({ name }) => name === "Item").map((each) => each.text)).toEqual(values);
      expect(child(child(root, "Nested"), "T")?.text).toBe("true");
    }),
  );
  expect(elements({ A: [{ B: 1 }, { B: 2 }] })).toBe("<A><B>1</B></A><A><B>2</B></A>");
});
