import { AwsError } from "./service.ts";

/** The little XML that AWS's protocols need: writing elements, and reading the short documents that clients send. */

/** A value of `elements`: text, a list (the element is repeated), nested elements, or nothing. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | XmlElements
  | readonly (XmlElements | string | number | boolean)[];

export interface XmlElements {
  readonly [name: string]: XmlValue;
}

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML cannot hold
const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f]/;

/** Escapes text for XML 1.0; characters that XML cannot hold become numeric references, as S3 writes them. */
export function escapeXml(text: string): string {
  // A listing has thousands of texts with nothing to escape in them.
  if (!SPECIAL.test(text)) return text;
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === "&") out += "&amp;";
    else if (char === "<") out += "&lt;";
    else if (char === ">") out += "&gt;";
    else if (char === '"') out += "&quot;";
    else if (code < 0x20 && code !== 0x09 && code !== 0x0a) out += `&#x${code.toString(16)};`;
    else out += char;
  }
  return out;
}

/** `{A: {B: [1, 2]}}` becomes `<A><B>1</B><B>2</B></A>`; `undefined` is left out. */
export function elements(content: XmlElements): string {
  let out = "";
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined) continue;
    const items = Array.isArray(value) ? value : [value];
    for (const item of items) {
      out += `<${name}>${typeof item === "object" ? elements(item) : escapeXml(String(item))}</${name}>`;
    }
  }
  return out;
}

/** A whole document with one root. */
export function xmlDocument(root: string, content: XmlElements, namespace?: string): string {
  const attribute = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  return `${XML_HEAD}<${root}${attribute}>${elements(content)}</${root}>`;
}

/** An element that was read: its local name, its text, its child elements in order. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

/** The first child of that name. */
export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return node?.children.find((each) => each.name === name);
}

/** The text of the first child of that name, without white space around it. */
export function childText(node: XmlNode | undefined, name: string): string | undefined {
  return child(node, name)?.text.trim();
}

interface OpenNode {
  name: string;
  text: string;
  children: XmlNode[];
}

const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<([^<>]*)>|([^<]+)/y;
const NAMED = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function malformed(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);/g, (_, entity: string) => {
    if (!entity.startsWith("#")) {
      const named = NAMED.get(entity);
      if (named === undefined) throw malformed();
      return named;
    }
    const code = entity.startsWith("#x")
      ? Number.parseInt(entity.slice(2), 16)
      : Number.parseInt(entity.slice(1), 10);
    if (code > 0x10ffff) throw malformed();
    return String.fromCodePoint(code);
  });
}

/**
 * Reads a document. Attributes and namespace prefixes are ignored; document types and their entities are refused.
 * @throws AwsError MalformedXML
 */
export function parseXml(source: string): XmlNode {
  const top: OpenNode = { name: "", text: "", children: [] };
  const open: OpenNode[] = [top];
  TOKEN.lastIndex = source.startsWith("\uFEFF") ? 1 : 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    const node = open.at(-1);
    if (match === null || node === undefined || open.length > 20) throw malformed();
    const [, cdata, tag, text] = match;
    if (cdata !== undefined) node.text += cdata;
    else if (text !== undefined) node.text += unescapeXml(text);
    else if (tag !== undefined) readTag(tag, node, open);
  }
  const root = top.children[0];
  if (open.length !== 1 || root === undefined || top.children.length !== 1 || top.text.trim() !== "") {
    throw malformed();
  }
  return root;
}

function readTag(tag: string, node: OpenNode, open: OpenNode[]): void {
  if (tag.startsWith("!")) throw malformed();
  const name = /^\/?\s*(?:[\w.-]+:)?([\w.-]+)/.exec(tag)?.[1];
  if (name === undefined) throw malformed();
  if (tag.startsWith("/")) {
    if (node.name !== name || open.length === 1) throw malformed();
    open.pop();
    return;
  }
  const fresh: OpenNode = { name, text: "", children: [] };
  node.children.push(fresh);
  if (!tag.endsWith("/")) open.push(fresh);
}
