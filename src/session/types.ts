import type { Identity } from "../access/types.ts";

/**
 * Text that must not be printed, logged or put into an error. It prints as `[secret]` everywhere;
 * `reveal()` is the one way to the text, so that its uses can be searched for.
 */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
  readonly expiration: Date;
}

/** A session that was issued for a grant, as the cache keeps it. */
export interface Session {
  readonly request: string;
  /** SHA-256 of the request record and of the newest issue record. */
  readonly requestHash: string;
  readonly issueHash: string;
  readonly targets: readonly string[];
  readonly role: string;
  readonly region: string | undefined;
  readonly issuedAt: Date;
  /** End of the grant; credentials may lapse before and are renewed up to it. */
  readonly notAfter: Date;
  /** Seconds; from the catalog. */
  readonly lease: number | undefined;
  readonly policy: string;
  readonly identity: Identity;
  readonly organization: string;
  readonly catalog: string;
  readonly credentials: Credentials;
  /** The full inputs of the cache name (`cache-name.ts`): a file with other inputs is a miss. Absent: never cached. */
  readonly inputs?: string;
  /** Whether it is one of an emergency. */
  readonly breakGlass?: boolean;
  /** The request record as it was stored, base64: what a renewal goes by. */
  readonly requestRecord?: string;
  /** Where others had to agree, the issue record as it was stored, base64: its end is the grant's, for renewals too. */
  readonly issueRecord?: string;
  /** Milliseconds that the server's clock was ahead of this machine's when the session was issued. */
  readonly clockSkew?: number;
}

/** Something a person should know although it worked. `code` is stable, `message` is not. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}
