import { type Finding, finding } from "../finding.ts";
import type { RecordKey } from "../key.ts";
import type { ApprovalLookups } from "./approvals.ts";
import { type CatalogLookup, catalogFindings } from "./catalog.ts";
import { extendsFindings } from "./extends.ts";
import type { Enrolment } from "./keys.ts";
import { type Link, linkOf } from "./link.ts";
import type { SeenRecord } from "./place.ts";
import { requestFindings } from "./request.ts";
import { Spoilt } from "./spoilt.ts";

interface Records {
  readonly links: Link[];
  readonly spoilt: Spoilt;
}

/** Gathers the records of each request until all are there; then `requestFindings` judges them. */
export class RequestBook {
  readonly #requests = new Map<string, Records>();
  /** Access key ids of all sessions. */
  readonly #accessKeys = new Set<string>();

  /** A valid record. @param writer whose key signed @param isProven whether what it calls attested is */
  add(seen: SeenRecord, writer: Enrolment | undefined, isProven: boolean): Finding[] {
    const link = linkOf(seen, writer, isProven);
    if (link === undefined) return [];
    this.#records(seen.record.request).links.push(link);
    if (link.type !== "issue") return [];
    if (this.#accessKeys.has(link.accessKeyId)) {
      const message = "another issue record tells the same access key id";
      return [finding("ACCESS_KEY_REPEATED", link.name, link.userid, message)];
    }
    this.#accessKeys.add(link.accessKeyId);
    return [];
  }

  /** An object under a request whose content is bad. */
  spoil(key: RecordKey): void {
    if (key.request !== "-") this.#records(key.request).spoilt.add(key);
  }

  /** Nothing more comes. */
  async *finish(catalogOf?: CatalogLookup, approvals?: ApprovalLookups): AsyncGenerator<Finding> {
    for (const [request, { links, spoilt }] of this.#requests) {
      yield* requestFindings(request, links, spoilt);
      yield* extendsFindings(links, (other) => this.#requests.get(other));
      if (catalogOf !== undefined) yield* await catalogFindings(links, catalogOf, approvals);
    }
    this.#requests.clear();
  }

  #records(request: string): Records {
    const known = this.#requests.get(request);
    if (known !== undefined) return known;
    const records = { links: [], spoilt: new Spoilt() };
    this.#requests.set(request, records);
    return records;
  }
}
