import { posix, win32 } from "node:path";
import { JitError } from "../error.ts";
import { isSha256Hex } from "./digest.ts";
import { refuseHostile } from "./text.ts";

/** Files of an organization on this machine's disk. */
export interface PathLocation {
  readonly kind: "path";
  /** The catalog, unsigned text: `…/jit.yaml`. */
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

export interface PinnedLocation {
  readonly location: Location;
  /** SHA-256 of the first trust file's payload; `undefined` where the text named none. */
  readonly fingerprint: string | undefined;
}

/**
 * `LOCATION#FINGERPRINT`, where LOCATION is the path of a `jit.yaml` or `s3://bucket[/key]`.
 * The path is taken as given; whoever reads it makes it absolute.
 * @throws JitError `LOCATION_INVALID`, `TEXT_HOSTILE`
 */
export function parseLocation(text: string): PinnedLocation {
  refuseHostile(text, "the location");
  const hash = text.lastIndexOf("#");
  const fingerprint = hash < 0 ? undefined : text.slice(hash + 1);
  if (fingerprint !== undefined && !isSha256Hex(fingerprint)) {
    throw invalid(
      "the fingerprint is not 64 hexadecimal digits in lower case",
      "copy it whole, with `#` before it",
    );
  }
  const place = hash < 0 ? text : text.slice(0, hash);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(place)?.[1];
  if (scheme === undefined) return { location: parsePath(place), fingerprint };
  if (scheme !== "s3") throw invalid(`the scheme ${scheme} is none of ours`, "use a path or s3://bucket");
  return { location: parseBucket(place), fingerprint };
}

/** The text that `parseLocation` reads back. */
export function formatLocation({ location, fingerprint }: PinnedLocation): string {
  const place = location.kind === "s3" ? `s3://${location.bucket}/${location.key}` : location.catalog;
  return fingerprint === undefined ? place : `${place}#${fingerprint}`;
}

function parsePath(path: string): PathLocation {
  if (!/\.ya?ml$/.test(path)) {
    throw invalid("the path does not end in .yaml", "name the catalog itself: path/to/jit.yaml");
  }
  // Either kind of path may be given on Windows; a backslash elsewhere is part of a name.
  const style = /^[A-Za-z]:[\\/]|^\\\\|\\/.test(path) && !path.startsWith("/") ? win32 : posix;
  return {
    kind: "path",
    catalog: path,
    signed: `${path}.jws`,
    trust: style.join(style.dirname(path), "trust"),
  };
}

function parseBucket(url: string): BucketLocation {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(url) ?? [];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
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
