import { shortName } from "../../access/short-name.ts";
import { formatTime } from "../time.ts";
import type { AuditRecord } from "../types.ts";
import { gravityOf, messageOf, textsIn, titleOf } from "./describe.ts";
import type { FeedEvent } from "./event.ts";

/** What a format needs beside the event. */
export interface FormatOptions {
  readonly organization: string;
  /** The organization's fingerprint. */
  readonly log: string;
  /** Of jit. */
  readonly version: string;
  /** Whether reasons, tickets and comments are told, as far as they stand in the records. */
  readonly texts: boolean;
}

/** An event as one flat object; docs/monitoring.md has the members. What does not exist is null. */
export function eventJson(event: FeedEvent, options: FormatOptions) {
  return {
    v: 1,
    id: event.id,
    title: titleOf(event),
    severity: gravityOf(event),
    message: messageOf(event),
    at: formatTime(event.at),
    ...detailsOf(event, options),
  };
}

/** What no other format has a place of its own for. */
export function detailsOf(event: FeedEvent, { organization, log, texts }: FormatOptions) {
  const { kind, object, request, asked } = event;
  return {
    kind,
    event: nameOf(event),
    organization,
    log,
    request: request === "-" ? null : request,
    object,
    requester: asked === undefined ? null : shortName(asked.by.arn),
    requesterArn: asked?.by.arn ?? null,
    targets: asked?.targets ?? [],
    classifications: classificationsOf(event),
    role: asked?.role ?? null,
    purpose: asked?.purpose ?? null,
    breakGlass: asked?.breakGlass ?? null,
    ...(event.kind === "record"
      ? {
          versionId: event.versionId,
          sha256: event.sha256 ?? null,
          arrived: formatTime(event.arrived),
          valid: event.record !== undefined,
          verified: event.verified,
          problems: event.problems,
          grade: event.grade ?? null,
          writer: event.key.userid,
          writerArn: event.record?.by.arn ?? null,
          writerAccount: event.record?.by.account ?? null,
          ...factsOf(event.record),
          ...(texts ? nulled(textsIn(event.record)) : {}),
        }
      : { finding: event.severity, writer: event.writer }),
  };
}

/** A record's type, or a finding's code. */
export function nameOf(event: FeedEvent): string {
  return event.kind === "record" ? event.key.type : event.code;
}

export function classificationsOf({ asked }: Pick<FeedEvent, "asked">): readonly string[] {
  return [...new Set(asked?.stores.map(({ classification }) => classification) ?? [])].sort();
}

/** What a record alone says. Every member stands in every record's event. */
function factsOf(record: AuditRecord | undefined) {
  const issue = record?.type === "issue" ? record : undefined;
  const end = record?.type === "end" ? record : undefined;
  const wrong = record?.type === "abort" || record?.type === "notice" ? record : undefined;
  return {
    client: record?.client ?? null,
    catalog: record?.catalog ?? null,
    duration: record?.type === "request" ? record.duration : null,
    accessKeyId: issue?.accessKeyId ?? (record?.type === "abort" ? someOf(record.accessKeyId) : null),
    notAfter: issue?.notAfter ?? null,
    expiration: issue?.expiration ?? null,
    isRenewal: issue === undefined ? null : issue.renews !== "-",
    outcome: end?.outcome ?? null,
    exitCode: end === undefined || end.exitCode < 0 ? null : end.exitCode,
    seconds: end === undefined || end.seconds < 0 ? null : end.seconds,
    verdict: record?.type === "review" ? record.verdict : null,
    code: wrong?.code ?? null,
    to: record?.type === "notice" ? record.to : null,
  };
}

function nulled({ reason, ticket, comment }: ReturnType<typeof textsIn>) {
  return { reason: reason ?? null, ticket: ticket ?? null, comment: comment ?? null };
}

function someOf(text: string): string | null {
  return text === "-" ? null : text;
}
