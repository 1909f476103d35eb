import { rolesOf as rolesOfStore } from "../access/break-glass.ts";
import { parseDuration } from "../access/duration.ts";
import { maximumReason } from "../access/justification.ts";
import { findHostile } from "../access/text.ts";
import type { Catalog } from "../access/types.ts";
import { isId } from "../audit/id.ts";
import { JitError } from "../error.ts";
import { callerOf } from "../session/person.ts";
import { isPersonName, type PersonDenial } from "../session/revoke/denials.ts";
import type { Meant } from "../session/revoke/live-sessions.ts";
import { ownerOf } from "../session/revoke/policy-name.ts";
import type { Connection } from "./compose.ts";
import { type Context, isOn, text } from "./context.ts";
import { clean } from "./style.ts";

/** What the command line of `jit revoke` asks for. */
export type Asked =
  | { readonly kind: "request" | "requester" | "store" | "lift"; readonly name: string }
  | { readonly kind: "all" | "sweep"; readonly name: "" };

/** Exactly one of what can be meant. */
export function whatIsAsked(context: Context): Asked {
  const [request] = context.invocation.args;
  const named = (["requester", "store", "lift"] as const).flatMap((kind): Asked[] => {
    const name = text(context, kind);
    return name === undefined ? [] : [{ kind, name }];
  });
  const asked: Asked[] = [
    ...(request === undefined ? [] : [{ kind: "request" as const, name: request }]),
    ...named,
    ...(isOn(context, "all") ? [{ kind: "all" as const, name: "" as const }] : []),
  ];
  if (asked.length > 1) {
    throw new JitError("USAGE", "give one of a request, --requester, --store, --all and --lift", {
      hint: "revoke one after the other",
    });
  }
  const [one] = asked;
  if (one === undefined && !isOn(context, "sweep")) {
    throw new JitError(
      "FLAG_MISSING",
      "name a request, or give --requester, --store, --all, --lift or --sweep",
      {
        hint: "whoever asked sees the request's id in `jit status`",
      },
    );
  }
  if (one?.kind === "request" && !isId(one.name)) {
    throw new JitError("REQUEST_ID_INVALID", `"${clean(one.name.slice(0, 60))}" is no request id`, {
      hint: "it has 26 letters and digits; for a store or a person use --store or --requester",
    });
  }
  if ((one?.kind === "requester" || one?.kind === "lift") && !isPersonName(one.name)) {
    throw new JitError("NAME_INVALID", `"${clean(one.name.slice(0, 60))}" cannot be a requester's name`, {
      hint: "it is the IAM user's or the role session's name, as `jit audit show` has it",
    });
  }
  return one ?? { kind: "sweep", name: "" };
}

export function meantBy({ kind, name }: Asked, catalog: Catalog): Meant {
  if (kind === "request") return { kind, request: name };
  if (kind === "requester") return { kind, name };
  if (kind !== "store") return { kind: "all" };
  const store = catalog.stores.get(name);
  if (store !== undefined) return { kind, store };
  throw new JitError("STORE_UNKNOWN", `the catalog has no store "${clean(name.slice(0, 60))}"`, {
    hint: "`jit stores` lists them",
  });
}

export function personOf(context: Context, { kind, name }: Asked, now: Date): PersonDenial | undefined {
  if (kind !== "requester") return undefined;
  const seconds = Math.floor(now.getTime() / 1000) + parseDuration(text(context, "for") ?? "12h");
  return { name, until: new Date(seconds * 1000) };
}

/** Stands in a record that is locked, as it was typed. */
export function reasonOf(context: Context, { kind, name }: Asked): string {
  const given = text(context, "reason")?.trim();
  const reason = given === undefined || given === "" ? `jit revoke ${kind} ${name}`.trim() : given;
  if (reason.length > maximumReason || findHostile(reason) !== undefined) {
    throw new JitError("REASON_INVALID", "the reason is too long, or holds characters that cannot be seen", {
      hint: `at most ${maximumReason} characters on one line`,
    });
  }
  return reason;
}

/** The roles on which anything may be denied: those of the catalog. */
export function rolesOf({ organization }: Pick<Connection, "organization">): readonly string[] {
  return [...new Set([...organization.catalog.stores.values()].flatMap(rolesOfStore))].sort();
}

/** By whom this machine's policies are, as their names say it. */
export function ownerHere({ identity, request }: Pick<Connection, "identity" | "request">): string {
  return ownerOf(request.records.signer.thumbprint, callerOf(identity).name);
}
