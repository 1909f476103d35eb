import { changeIn, deniedRole } from "./changes.ts";
import {
  type CallEvent,
  type LeaseEvent,
  type SessionEvent,
  sessionCalls,
  type TrailEvent,
} from "./event.ts";
import { type Finding, finding } from "./finding.ts";
import { parseEvent } from "./parse-event.ts";
import { roleKey, type Watched } from "./watched.ts";

/** What was done with one access key. */
export interface Use {
  calls: number;
  /** Calls that are data events: objects, items, secrets. */
  data: number;
  refused: number;
  /** The last call that AWS did not refuse. */
  last: CallEvent | undefined;
  /** How often each resource was touched. */
  readonly resources: Map<string, number>;
  /** Resources beyond those that are kept. */
  more: number;
}

/** A denial of `jit revoke`, as CloudTrail has it. */
export interface Denial {
  /** ARN of the role on which it was put. */
  readonly role: string;
  /** `aws:userid` of who put it there. */
  readonly userid: string;
  /** Unix seconds. */
  readonly at: number;
}

/** Most resources of one key that are kept by name. */
const maximumResources = 1000;

/**
 * Takes events one by one and keeps what reconciling needs: sessions of watched roles and of jit's own names, their
 * children, what was done with them, and changes. Each event counts once, however many files it is in.
 */
export class Collector {
  /** By access key id: those of watched roles. */
  readonly sessions = new Map<string, SessionEvent>();
  /** Those of other roles that are named as jit names sessions: a record may tell of them. */
  readonly others = new Map<string, SessionEvent>();
  /** By the child's access key id. */
  readonly leases = new Map<string, LeaseEvent>();
  readonly uses = new Map<string, Use>();
  /** From before the range, too: a session may be used on. */
  readonly denials: Denial[] = [];
  readonly changes: Finding[] = [];
  readonly unreadable: Finding[] = [];
  readonly accounts = new Set<string>();
  readonly regions = new Set<string>();
  /** Services whose data events are there. */
  readonly dataServices = new Set<string>();
  /** AssumeRole calls on watched roles that AWS refused. */
  refused = 0;
  events = 0;
  /** Unix seconds of the newest event in each account's trail. */
  readonly newest = new Map<string, number>();
  readonly #watched: Watched;
  readonly #range: { readonly since: number; readonly until: number };
  readonly #seen = new Set<string>();

  /** @param range Unix seconds in which changes count; sessions, leases and uses are kept from before it, too */
  constructor(watched: Watched, range: { readonly since: number; readonly until: number }) {
    this.#watched = watched;
    this.#range = range;
  }

  /** @param place where the event was found, for the finding about one that cannot be read */
  take(value: unknown, place: string): void {
    this.events++;
    const event = parseEvent(value);
    if (event === undefined) {
      this.unreadable.push(finding("EVENT_UNREADABLE", place, "an event is not as CloudTrail writes it"));
      return;
    }
    this.#cover(event);
    if (event.at > this.#range.until) return;
    if (event.kind === "session") {
      if (this.#isWatched(event.role)) keepFuller(this.sessions, event);
      else if (event.sessionName.startsWith("jit-")) keepFuller(this.others, event);
      return;
    }
    if (event.kind === "call") this.#call(event);
    else if (this.#isWatched(event.who.role)) this.leases.set(event.accessKeyId, event);
  }

  #cover({ account, region, at, kind, ...event }: TrailEvent): void {
    if (account !== "") {
      this.accounts.add(account);
      this.newest.set(account, Math.max(this.newest.get(account) ?? 0, at));
    }
    if (region !== "") this.regions.add(region);
    if (kind === "call" && "isData" in event && event.isData) this.dataServices.add(event.source);
  }

  #call(event: CallEvent): void {
    if (this.#isWatched(event.who.role) && !this.#seen.has(event.id)) {
      this.#seen.add(event.id);
      this.#use(event);
    }
    const denied = deniedRole(event, this.#watched);
    if (denied !== undefined) this.denials.push({ role: denied, userid: event.who.userid, at: event.at });
    if (event.at < this.#range.since) return;
    if (event.source === "sts.amazonaws.com" && sessionCalls.some((call) => call === event.name)) {
      if (event.error !== undefined && this.#isWatched(event.parameters.roleArn)) this.refused++;
      return;
    }
    const change = changeIn(event, this.#watched);
    if (change === undefined || this.#seen.has(`${change.code} ${change.object}`)) return;
    this.#seen.add(`${change.code} ${change.object}`);
    this.changes.push(change);
  }

  #use(event: CallEvent): void {
    const use = this.uses.get(event.who.accessKeyId) ?? {
      calls: 0,
      data: 0,
      refused: 0,
      last: undefined,
      resources: new Map<string, number>(),
      more: 0,
    };
    this.uses.set(event.who.accessKeyId, use);
    use.calls++;
    if (event.error !== undefined) {
      use.refused++;
      return;
    }
    if (use.last === undefined || event.at > use.last.at) use.last = event;
    if (!event.isData) return;
    use.data++;
    for (const resource of event.resources) {
      const count = use.resources.get(resource);
      if (count === undefined && use.resources.size >= maximumResources) use.more++;
      else use.resources.set(resource, (count ?? 0) + 1);
    }
  }

  #isWatched(role: string): boolean {
    return role !== "" && this.#watched.roles.has(roleKey(role));
  }
}

/** A caller of another account leaves an event in both trails; the one of the caller's tells more. */
function keepFuller(sessions: Map<string, SessionEvent>, event: SessionEvent): void {
  const known = sessions.get(event.accessKeyId);
  if (known === undefined || known.who.arn === "") sessions.set(event.accessKeyId, event);
}
