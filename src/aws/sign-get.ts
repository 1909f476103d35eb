import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A GET that is to be signed. */
export interface WantedGet {
  readonly region: string;
  /** As it is sent: each byte that is not unreserved is spelt `%XX`, once. */
  readonly path: string;
  /** As it is sent, in the order of its names. */
  readonly query: string;
  /** `host`, and all others that are sent; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const emptyHash = hash("sha256", "");

/** Signs GETs to S3: AWS Signature Version 4, with the headers `authorization` and `x-amz-…`. */
export class GetSigner {
  #last: { readonly scope: string; readonly keys: SigningKeys; readonly key: KeyObject } | undefined;

  /** @returns all headers. @param now AWS's time */
  sign(
    { region, path, query, headers: given }: WantedGet,
    keys: SigningKeys,
    now: Date,
  ): Record<string, string> {
    const time = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
    const { accessKeyId, sessionToken } = keys;
    const headers: Record<string, string> = {
      ...given,
      "x-amz-content-sha256": emptyHash,
      "x-amz-date": time,
      ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
    };
    const names = Object.keys(headers)
      .filter((name) => name === "host" || name.startsWith("x-amz-"))
      .sort();
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
    const canonical = `GET\n${path}\n${query}\n${lines}\n${names.join(";")}\n${emptyHash}`;
    const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical)}`;
    const signature = createHmac("sha256", this.#keyOf(scope, keys)).update(text).digest("hex");
    headers["authorization"] =
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
    return headers;
  }

  /** Made anew with each day, and whenever the keys are others. */
  #keyOf(scope: string, keys: SigningKeys): KeyObject {
    const last = this.#last;
    if (last?.scope === scope && last.keys === keys) return last.key;
    const bytes = scope
      .split("/")
      .reduce<string | Buffer>(
        (before, part) => createHmac("sha256", before).update(part).digest(),
        `AWS4${keys.secretAccessKey}`,
      );
    const key = createSecretKey(Buffer.from(bytes));
    this.#last = { scope, keys, key };
    return key;
  }
}
