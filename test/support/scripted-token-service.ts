import type { Identity } from "../../src/access/types.ts";
import { JitError } from "../../src/error.ts";
import type { AssumedRole, AssumeRoleInput, TokenService } from "../../src/session/ports.ts";
import { type Credentials, Secret } from "../../src/session/types.ts";

/** A TokenService that does as it is told: each call takes the next error of its script, or answers. */
export class ScriptedTokenService implements TokenService {
  readonly assumed: AssumeRoleInput[] = [];
  readonly scoped: { durationSeconds: number; policy: string | undefined; description: string }[] = [];
  /** Codes that the next calls of `assumeRole` fail with; `undefined` lets one pass. */
  readonly assumeFaults: (string | undefined)[] = [];
  /** The same for `scope`. */
  readonly scopeFaults: (string | undefined)[] = [];
  /** The longest that AssumeRole takes, seconds. */
  maximum = 43_200;
  readonly #identity: Identity;
  readonly #now: () => Date;
  #made = 0;

  constructor(identity: Identity, now: () => Date) {
    this.#identity = identity;
    this.#now = now;
  }

  async identity(): Promise<Identity> {
    return this.#identity;
  }

  async assumeRole(input: AssumeRoleInput): Promise<AssumedRole> {
    this.assumed.push(input);
    const fault = this.assumeFaults.shift();
    if (fault !== undefined) throw new JitError(fault, "as the script says");
    if (input.durationSeconds > this.maximum)
      throw new JitError("STS_DURATION", "longer than the role allows");
    return {
      credentials: this.#make(input.durationSeconds),
      assumedRoleId: `AROAEXAMPLEEXAMPLE00:${input.sessionName}`,
      assumedRoleArn: `arn:aws:sts::444455556666:assumed-role/customers/${input.sessionName}`,
      packedPolicySize: 17,
    };
  }

  async scope(
    _session: Credentials,
    input: { durationSeconds: number; policy: string | undefined; description: string },
  ): Promise<Credentials> {
    this.scoped.push(input);
    const fault = this.scopeFaults.shift();
    if (fault !== undefined) throw new JitError(fault, "as the script says");
    return this.#make(input.durationSeconds);
  }

  async statement(): Promise<string | undefined> {
    return undefined;
  }

  #make(seconds: number): Credentials {
    this.#made += 1;
    return {
      accessKeyId: `ASIAEXAMPLE${String(this.#made).padStart(9, "0")}`,
      secretAccessKey: new Secret(`secret-${this.#made}`),
      sessionToken: new Secret(`token-${this.#made}`),
      expiration: new Date(this.#now().getTime() + seconds * 1000),
    };
  }
}
