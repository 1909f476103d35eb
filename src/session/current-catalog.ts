import { fieldsOf, parseJson } from "./cache-entry.ts";

/**
 * `current.json` of the cache folder: which catalog this machine believes now, by organization. A warm call takes the
 * digest from here, so that a new catalog makes every session's name another.
 * Form: `{"v":1,"catalogs":{"<location>#<fingerprint>":"<digest>"}}`.
 */
export interface PinnedOrganization {
  readonly location: string;
  readonly fingerprint: string;
}

/** The organization of `config.json` (`{"organization":{"location","fingerprint"}}`), or `undefined`. */
export function parsePinned(config: string): PinnedOrganization | undefined {
  const organization = fieldsOf(fieldsOf(parseJson(config))?.["organization"]);
  const { location, fingerprint } = organization ?? {};
  if (typeof location !== "string" || typeof fingerprint !== "string") return undefined;
  return { location, fingerprint };
}

/** The digest that `current.json` holds for an organization; `undefined` where it holds none or is damaged. */
export function currentCatalog(text: string, of: PinnedOrganization): string | undefined {
  const digest = catalogsIn(text)[keyOf(of)];
  return typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

/**
 * Whether what was granted under a catalog is answered for no more, because another one is believed now. Where none is
 * known, nothing is said against it.
 * @param of digest of its catalog, and the inputs of its cache name (`cache-name.ts`), which say where that was from
 */
export function isOutdated(
  text: string,
  of: { readonly catalog: string; readonly inputs?: string | undefined },
): boolean {
  const inputs = parseJson(of.inputs ?? "");
  const [, fingerprint, location] = Array.isArray(inputs) ? inputs : [];
  const believed = currentCatalog(text, { fingerprint: String(fingerprint), location: String(location) });
  return believed !== undefined && believed !== of.catalog;
}

/** The new text of `current.json`; what was damaged is dropped. */
export function withCurrentCatalog(text: string | undefined, of: PinnedOrganization, digest: string): string {
  const catalogs = { ...catalogsIn(text ?? ""), [keyOf(of)]: digest };
  return `${JSON.stringify({ v: 1, catalogs })}\n`;
}

function catalogsIn(text: string): Readonly<Record<string, unknown>> {
  const file = fieldsOf(parseJson(text));
  return (file?.["v"] === 1 ? fieldsOf(file["catalogs"]) : undefined) ?? {};
}

function keyOf(of: PinnedOrganization): string {
  return `${of.location}#${of.fingerprint}`;
}
