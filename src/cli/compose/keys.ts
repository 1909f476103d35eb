import type { Identity, Organization } from "../../access/types.ts";
import { type OwnKey, ownKeys, retireKey } from "../../local/own-keys.ts";
import type { Context } from "../context.ts";
import { clean } from "../style.ts";
import { openHere } from "./here.ts";
import { pinnedOf } from "./pinned.ts";
import { writerPlace } from "./writer.ts";

/** The key in KMS that this machine is told to sign with. */
export function keyPlaceOf(context: Context): string | undefined {
  return openHere(context).signingKey;
}

/** This machine's keys for the organization that is pinned. */
export function ownKeysOf(context: Context): readonly OwnKey[] {
  const here = openHere(context);
  const { keys, chains, fingerprint } = writerPlace(here, pinnedOf(context, here), { userid: "-" });
  return ownKeys({ keys, chains, fingerprint });
}

/** Whether a key of this machine signs what is written now: the one in KMS where one is set, else each AWS identity's own. */
export function signsNow(context: Context): (key: OwnKey) => boolean {
  const inKms = keyPlaceOf(context);
  return ({ place, userid }) =>
    inKms === undefined ? userid !== undefined && /^(?:file|keyring)$/.test(place) : place === inKms;
}

/** Throws the key away that this connection signs with. */
export function retireOwnKey(
  context: Context,
  {
    organization,
    identity,
  }: {
    readonly organization: Pick<Organization, "fingerprint">;
    readonly identity: Pick<Identity, "userid">;
  },
  thumbprint: string,
): void {
  retireKey(writerPlace(openHere(context), organization, identity), thumbprint);
}

/** Where a private half lies, for people. */
export function placeText(place: string): string {
  if (place === "file") return "in a file that you alone can read (0600)";
  if (place === "keyring") return "encrypted with a key from the keyring";
  return place === "gone" ? "retired" : clean(place);
}
