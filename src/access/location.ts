import { posix, win32 } from "node:path";
import { JitError } from "../error.ts";
import { isSha256Hex } from "./digest.ts";
import { refuseHostile } from "./text.ts";

/** Files of an organization on this machine's disk. */
export interface PathLocation {
  readonly kind: "path";
  /** The catalog's text: `…/jit.yaml`. */
  readonly catalog: string;
  /** Its signed form beside it: `…/jit.yaml.jws`. */
  readonly signed: string;
  /** The folder beside it that holds `<n>.json`. */
  readonly trust: string;
}

/** Objects of an organization in its bucket. */
export interface BucketLocation {
  readonly kind: "s3";
  readonly bucket: string;
  /** The signed catalog. */
  readonly key: string;
  /** Prefix of `<n>.json`. */
  readonly trust: string;
}

export type Location = PathLocation | BucketLocation;

/** In place of a fingerprint, where nothing is signed; believed only where all endpoints are loopback. */
export const unsigned = "unsigned";

/** An organization that a person has chosen to believe. */
export interface Pin {
  readonly location: Location;
  /** SHA-256 of the first trust file's payload, or `unsigned`. */
  readonly fingerprint: string;
}

/**
 * `LOCATION#FINGERPRINT`; the last `#` parts them.
 * @throws JitError `LOCATION_INVALID`, `TEXT_HOSTILE`
 */
export function parsePin(text: string): Pin {
  refuseHostile(text, "the location");
  const hash = text.lastIndexOf("#");
  const fingerprint = text.slice(hash + 1);
  if (hash < 0 || (fingerprint !== unsigned && !isSha256Hex(fingerprint))) {
    throw invalid(
      "the fingerprint is not 64 hexadecimal digits in lower case",
      "copy LOCATION#FINGERPRINT whole; `jit trust show` prints it",
    );
  }
  return { location: parseLocation(text.slice(0, hash)), fingerprint };
}

/**
 * The path of a catalog (`….yaml`) or of the folder that holds `jit.yaml`, or `s3://bucket[/key]`.
 * A path is taken as given; whoever reads it makes it absolute.
 * @throws JitError `LOCATION_INVALID`, `TEXT_HOSTILE`
 */
export function parseLocation(text: string): Location {
  refuseHostile(text, "the location");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(text)?.[1];
  if (scheme === undefined) return parsePath(text);
  if (scheme !== "s3") throw invalid(`the scheme ${scheme} is none of ours`, "use a path or s3://bucket");
  return parseBucket(text);
}

/** The text that `parseLocation` reads back. */
export function formatLocation(location: Location): string {
  return location.kind === "s3" ? `s3://${location.bucket}/${location.key}` : location.catalog;
}

function parsePath(path: string): PathLocation {
  if (path.trim() === "") throw invalid("the location is empty", "name a path or s3://bucket");
  const style = styleOf(path);
  const catalog = /\.ya?ml$/.test(path) ? path : style.join(path, "jit.yaml");
  return {
    kind: "path",
    catalog,
    signed: `${catalog}.jws`,
    trust: style.join(style.dirname(catalog), "trust"),
  };
}

/** Either kind of path may be given on Windows; a backslash elsewhere is part of a name. */
function styleOf(path: string): typeof posix {
  return /^[A-Za-z]:[\\/]|^\\\\|\\/.test(path) && !path.startsWith("/") ? win32 : posix;
}

function parseBucket(url: string): BucketLocation {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(url) ?? [];
  if (!/^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(bucket)) {
    throw invalid("the bucket's name is none that S3 allows", "write s3://bucket or s3://bucket/key");
  }
  if (key.split("/").some((part) => part === "." || part === "..")) {
    throw invalid("the key has a dot segment", "write s3://bucket or s3://bucket/key");
  }
  return { kind: "s3", bucket, key: key === "" ? "v1/catalog/current.jws" : key, trust: "v1/trust/" };
}

function invalid(message: string, hint: string): JitError {
  return new JitError("LOCATION_INVALID", message, { hint });
}
