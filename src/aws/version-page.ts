import type { ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import type { ListedObject } from "../audit/ports.ts";

/**
 * The entries of one page of ListObjectVersions, taken out of its XML before the SDK reads what is left. The SDK's reader takes
 * twenty milliseconds for a page of 1,000, this less than one; a day of many requests has a hundred pages.
 */
export interface VersionPage {
  readonly versions: readonly ListedObject[];
  readonly deleteMarkers: readonly ListedObject[];
}

type Handler = (args: unknown) => Promise<{ response: { readonly statusCode?: number; body?: unknown } }>;
interface Stack {
  add(
    middleware: (next: Handler) => Handler,
    options: { step: "deserialize"; name: string; priority: "low" },
  ): void;
}

/**
 * Has the reply to a command give its entries to `take`; the command is then answered with all else of the page. A page that is
 * not spelt as S3 spells it is left to the SDK, and `take` is given `undefined`.
 */
export function takeVersions(
  command: ListObjectVersionsCommand,
  take: (page: VersionPage | undefined) => void,
): void {
  (command.middlewareStack as unknown as Stack).add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (response.statusCode !== 200 || !isStream(response.body)) return result;
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const split = splitPage(bytes.toString("utf8"));
      take(split);
      response.body = split === undefined ? new Uint8Array(bytes) : new TextEncoder().encode(split.rest);
      return result;
    },
    { step: "deserialize", name: "jitVersionPage", priority: "low" },
  );
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

const versionTag = "Version";
const markerTag = "DeleteMarker";

/** The entries of a page and its XML without them; `undefined` where it is spelt in another way. */
export function splitPage(xml: string): (VersionPage & { readonly rest: string }) | undefined {
  // In S3's there are no comments and no CDATA, so that `<` begins a tag wherever it stands.
  if (xml.includes("<!")) return undefined;
  const found = { [versionTag]: [] as ListedObject[], [markerTag]: [] as ListedObject[] };
  const starts = { [versionTag]: -2, [markerTag]: -2 };
  let rest = "";
  for (let at = 0; ; ) {
    for (const tag of [versionTag, markerTag] as const) {
      if (starts[tag] !== -1 && starts[tag] < at) starts[tag] = xml.indexOf(`<${tag}>`, at);
    }
    const [version, marker] = [starts[versionTag], starts[markerTag]];
    if (version < 0 && marker < 0) {
      rest += xml.slice(at);
      return { versions: found[versionTag], deleteMarkers: found[markerTag], rest };
    }
    const tag = marker < 0 || (version >= 0 && version < marker) ? versionTag : markerTag;
    const start = starts[tag];
    const end = xml.indexOf(`</${tag}>`, start);
    const entry = end < 0 ? undefined : entryIn(xml, start, end, tag === versionTag);
    if (entry === undefined) return undefined;
    found[tag].push(entry);
    rest += xml.slice(at, start);
    at = end + tag.length + 3;
  }
}

function entryIn(xml: string, start: number, end: number, hasSize: boolean): ListedObject | undefined {
  const key = fieldIn(xml, fields.key, start, end);
  const versionId = fieldIn(xml, fields.versionId, start, end);
  const latest = fieldIn(xml, fields.isLatest, start, end);
  const modified = fieldIn(xml, fields.modified, start, end);
  const size = hasSize ? fieldIn(xml, fields.size, start, end) : "0";
  if (key === undefined || versionId === undefined || (latest !== "true" && latest !== "false"))
    return undefined;
  const at = modified === undefined || !timeGrammar.test(modified) ? Number.NaN : Date.parse(modified);
  if (Number.isNaN(at) || !/^\d{1,15}$/.test(size ?? "")) return undefined;
  return {
    key,
    versionId,
    size: Number(size),
    lastModified: new Date(at),
    isLatest: latest === "true",
    isDeleteMarker: !hasSize,
  };
}

const timeGrammar = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

type Field = readonly [begin: string, end: string];
const fieldOf = (name: string): Field => [`<${name}>`, `</${name}>`];
const fields = {
  key: fieldOf("Key"),
  versionId: fieldOf("VersionId"),
  isLatest: fieldOf("IsLatest"),
  modified: fieldOf("LastModified"),
  size: fieldOf("Size"),
};

function fieldIn(xml: string, [begin, close]: Field, start: number, end: number): string | undefined {
  const at = xml.indexOf(begin, start);
  if (at < 0 || at > end) return undefined;
  const from = at + begin.length;
  const to = xml.indexOf("<", from);
  if (!xml.startsWith(close, to)) return undefined;
  const text = xml.slice(from, to);
  // A slice would keep the whole page in memory for as long as one name of it is wanted.
  return text.includes("&") ? plainOf(text) : ` ${text}`.slice(1);
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plainOf(text: string): string | undefined {
  let isKnown = true;
  const plain = text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,4}));|&/g,
    (_, hex, decimal, name) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      const char = name === undefined ? charOf(code) : entities[name];
      isKnown &&= char !== undefined;
      return char ?? "";
    },
  );
  return isKnown ? plain : undefined;
}

function charOf(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
