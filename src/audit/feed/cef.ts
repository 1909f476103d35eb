import { escapeForTerminal } from "../../access/text.ts";
import { type Gravity, gravityOf, messageOf, textsIn, titleOf, writerArnOf } from "./describe.ts";
import type { FeedEvent } from "./event.ts";
import { classificationsOf, type FormatOptions, nameOf } from "./json.ts";

/**
 * ArcSight's Common Event Format, version 0: `CEF:0|vendor|product|version|class|name|severity|extension`. In the header `\`
 * and `|` are escaped, in values `\`, `=` and line ends; what could steer a terminal is written out before that.
 */

const severities: Readonly<Record<Gravity, number>> = { informational: 2, low: 4, medium: 6, high: 9 };

/** So many characters of one value: the dictionary's longest texts. */
const longest = 1023;

export function eventCef(event: FeedEvent, options: FormatOptions): string {
  const header = [
    "jit",
    "jit",
    options.version,
    nameOf(event),
    titleOf(event),
    String(severities[gravityOf(event)]),
  ];
  const pairs = extensionOf(event, options).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : `${key}=${cefValue(value)}`,
  );
  return `CEF:0|${header.map(cefHeader).join("|")}|${pairs.join(" ")}`;
}

/** A part of the header: one line. */
export function cefHeader(text: string): string {
  return escapeForTerminal(text).replace(/[\\|]/g, "\\$&");
}

/** A value of the extension; a line end stays one, escaped. */
export function cefValue(text: string): string {
  const characters = [...text];
  const cut = characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : text;
  return cut
    .split(/(\r|\n)/)
    .map((part) => {
      if (part === "\n") return "\\n";
      if (part === "\r") return "\\r";
      return escapeForTerminal(part).replace(/[\\=]/g, "\\$&");
    })
    .join("");
}

type Pair = readonly [key: string, value: string | undefined];

function extensionOf(event: FeedEvent, options: FormatOptions): readonly Pair[] {
  const { asked, request } = event;
  return [
    ["start", String(event.at.getTime())],
    ["externalId", event.id],
    ["msg", messageOf(event)],
    ["cat", event.kind],
    ["suser", asked?.by.arn],
    ["duser", asked?.role],
    ["filePath", event.object],
    ...custom(1, "request", request === "-" ? undefined : request),
    ...custom(2, "targets", asked?.targets.join(" ")),
    ...custom(3, "classifications", classificationsOf(event).join(" ")),
    ...custom(4, "purpose", asked?.purpose),
    ...custom(5, "breakGlass", asked === undefined ? undefined : String(asked.breakGlass)),
    ...(event.kind === "record" ? recordPairs(event, options) : [["suid", event.writer] as const]),
    ["dvchost", options.organization],
  ];
}

function recordPairs(
  event: Extract<FeedEvent, { kind: "record" }>,
  { texts }: FormatOptions,
): readonly Pair[] {
  const { record, key, verified, problems, sha256, arrived, grade } = event;
  const said = texts ? textsIn(record) : {};
  return [
    ["outcome", verified ? "verified" : "not verified"],
    ["reason", verified ? undefined : problems.join(" ")],
    ["fileHash", sha256],
    ["rt", String(arrived.getTime())],
    ["suid", key.userid],
    ["sntdom", record?.by.account],
    ...custom(6, "writer", `${writerArnOf(event)}${grade === undefined ? "" : ` (${grade})`}`),
    ["duid", record?.type === "issue" ? record.accessKeyId : undefined],
    ["flexString1", said.reason ?? said.comment],
    ["flexString1Label", said.reason === undefined && said.comment === undefined ? undefined : "text"],
    ["flexString2", said.ticket],
    ["flexString2Label", said.ticket === undefined ? undefined : "ticket"],
  ];
}

function custom(number: number, label: string, value: string | undefined): readonly Pair[] {
  if (value === undefined || value === "") return [];
  return [
    [`cs${number}Label`, label],
    [`cs${number}`, value],
  ];
}
