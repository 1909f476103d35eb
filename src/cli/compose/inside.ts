import { rolesOf } from "../../access/break-glass.ts";
import type { Catalog, Identity } from "../../access/types.ts";
import { isId } from "../../audit/id.ts";
import { JitError } from "../../error.ts";
import { nestingMarker } from "../../session/child-environment.ts";
import type { SessionCache } from "../../session/ports.ts";
import type { Context } from "../context.ts";

/** A session of jit's own, told by who AWS says is calling. */
interface OwnSession {
  readonly request: string;
  /** Stores of the catalog whose role it is of. */
  readonly stores: readonly string[];
}

/** The request whose session the caller is, `undefined` where it is somebody with an identity of their own. */
function ownSession({ arn }: Identity, catalog: Catalog): OwnSession | undefined {
  const [, account, role, request] =
    /^arn:[a-z-]+:sts::([0-9]{12}):assumed-role\/([^/]+)\/jit-([^/]+)$/.exec(arn) ?? [];
  if (request === undefined || !isId(request)) return undefined;
  const stores = [...catalog.stores.values()]
    .filter((store) =>
      rolesOf(store).some((arn) => arn.split(":")[4] === account && arn.split("/").at(-1) === role),
    )
    .map(({ name }) => name);
  return stores.length === 0 ? undefined : { request, stores };
}

/**
 * The error to give in a shell whose AWS credentials are a session of a store (`eval "$(jit env …)"`): it may read the
 * store and nothing else, so whatever jit would ask for with it fails with what looks like a broken bucket.
 * @returns `undefined` where the caller is no such session
 */
export async function insideSession(
  context: Context,
  cache: Pick<SessionCache, "list">,
  identity: Identity,
  catalog: Catalog,
): Promise<JitError | undefined> {
  const own = ownSession(identity, catalog);
  if (own === undefined) return undefined;
  const found = (await cache.list()).find(({ session }) => session.request === own.request);
  const what = found?.session.targets.join(" ") ?? own.stores.join(" or ");
  const message = `this shell holds a jit session of ${what}, which can ask for nothing (request ${own.request})`;
  return new JitError("NESTED_SESSION", message, { hint: wayOut(context) });
}

function wayOut({ env, platform }: Context): string {
  if (env[nestingMarker])
    return "it is one of `jit exec`: leave it first (exit), or do this in another shell";
  const names = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
  ];
  const line =
    platform === "win32"
      ? `Remove-Item ${names.map((name) => `Env:${name}`).join(",")}`
      : `unset ${names.join(" ")}`;
  return `do this in another shell, or give the session up here and be yourself again:\n${line}`;
}
