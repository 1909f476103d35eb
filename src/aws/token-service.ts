import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  GetWebIdentityTokenCommand,
  type STSClient,
  type Credentials as StsCredentials,
} from "@aws-sdk/client-sts";
import { JitError } from "../error.ts";
import type { TokenService } from "../session/ports.ts";
import { type Credentials, Secret } from "../session/types.ts";
import { patience } from "./clients.ts";
import {
  type AwsFailure,
  commonError,
  failureOf,
  hintFor,
  isHopeless,
  isSkewed,
  isThrottling,
  neverSent,
  noAnswer,
  wordsOf,
} from "./error.ts";

export interface TokenServiceOptions {
  /** A client whose `maxAttempts` is 1. */
  readonly sts: STSClient;
  /** Such a client of a session's own, for `scope`. */
  as(session: Credentials): STSClient;
  readonly wait: (ms: number) => Promise<void>;
}

/** Pauses before the next try of a call that was not done. */
const waits = [100, 300, 900, 2700];

export function tokenService({ sts, as, wait }: TokenServiceOptions): TokenService {
  /** @param again whether a call that failed so may be sent once more */
  async function send<T>(
    call: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    again: (failure: AwsFailure) => boolean,
  ): Promise<T> {
    const options = patience();
    for (let tried = 0; ; tried += 1) {
      try {
        return await call(options);
      } catch (error) {
        if (error instanceof JitError) throw error;
        const failure = failureOf(error);
        const pause = again(failure) && !isHopeless(failure) ? waits[tried] : undefined;
        if (pause === undefined || options.abortSignal.aborted) throw failure;
        await wait(pause);
      }
    }
  }

  return {
    async identity() {
      const reply = await send(
        (options) => sts.send(new GetCallerIdentityCommand({}), options),
        harmless,
      ).catch(fail("tell who you are"));
      const { Arn: arn, UserId: userid, Account: account } = reply;
      if (arn === undefined || userid === undefined || account === undefined) throw incomplete();
      return { arn, userid, account };
    },

    async assumeRole({ role, sessionName, durationSeconds, policy, tags, sourceIdentity }) {
      const command = new AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: sessionName,
        DurationSeconds: durationSeconds,
        Policy: policy,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
      });
      const reply = await send((options) => sts.send(command, options), surelyNotDone).catch(
        (failure: AwsFailure | JitError) => {
          throw failure instanceof JitError ? failure : assumeError(failure, role);
        },
      );
      const { AssumedRoleUser: user } = reply;
      if (user?.AssumedRoleId === undefined || user.Arn === undefined) throw incomplete();
      return {
        credentials: credentialsOf(reply.Credentials),
        assumedRoleId: user.AssumedRoleId,
        assumedRoleArn: user.Arn,
        packedPolicySize: reply.PackedPolicySize,
      };
    },

    async scope(session, { durationSeconds, policy, description }) {
      const child = as(session);
      const command = new GetScopedCredentialsCommand({
        DurationSeconds: durationSeconds,
        ScopedSessionDescription: description,
        ...(policy === undefined ? {} : { Policy: policy }),
      });
      const reply = await send((options) => child.send(command, options), harmless).catch(
        (failure: AwsFailure | JitError) => {
          if (failure.name === "InvalidAction" || failure.name === "UnknownOperationException") {
            throw new JitError("STS_UNSUPPORTED", "this region's STS has no GetScopedCredentials");
          }
          return fail("make a lease of the session")(failure);
        },
      );
      return credentialsOf(reply.Credentials);
    },

    async statement(...audiences) {
      const ask = async (DurationSeconds: number) => {
        const input = { Audience: [...audiences], SigningAlgorithm: "ES384", DurationSeconds };
        const command = new GetWebIdentityTokenCommand(input);
        return (await send((options) => sts.send(command, options), harmless)).WebIdentityToken;
      };
      try {
        return await ask(900).catch((failure: AwsFailure | JitError) => {
          // No statement may outlive the session that asks for it.
          if (/^SessionDurationEscalation/.test(failure.name)) return ask(60);
          throw failure;
        });
      } catch (failure) {
        if (failure instanceof JitError) throw failure;
        // The account has not opted in, or does not allow it: the key is then graded `path only`, which everyone sees.
        if (isRefusal(failure as AwsFailure)) return undefined;
        // A key enrols once: that AWS was busy must not leave it without a statement for ever.
        throw stsError(failure as AwsFailure, "say who you are");
      }
    },
  };
}

/** Whether AWS has heard the question, from somebody it knows, and does not answer it. */
function isRefusal(failure: AwsFailure): boolean {
  return (failure.status ?? 500) < 500 && commonError(failure) === undefined;
}

/** Calls that change nothing may be sent again whenever no good answer came. */
function harmless(failure: AwsFailure): boolean {
  return isSkewed(failure) || isThrottling(failure) || noAnswer(failure) || (failure.status ?? 0) >= 500;
}

/** AssumeRole is sent again only where STS said that it did nothing, or never heard of it. */
function surelyNotDone(failure: AwsFailure): boolean {
  return isSkewed(failure) || isThrottling(failure) || neverSent(failure);
}

function fail(what: string): (failure: AwsFailure | JitError) => never {
  return (failure) => {
    throw failure instanceof JitError ? failure : stsError(failure, what);
  };
}

function stsError(failure: AwsFailure, what: string): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  if (failure.status === 403) return new JitError("STS_DENIED", `AWS does not ${what}: ${wordsOf(failure)}`);
  if (noAnswer(failure) || (failure.status ?? 0) >= 500) {
    return new JitError("STS_UNREACHABLE", `STS does not answer (${failure.name})`, {
      hint: hintFor(failure, "check the network and the region; try again"),
    });
  }
  return new JitError("STS_REFUSED", `STS refuses to ${what}: ${failure.name}: ${wordsOf(failure)}`);
}

function assumeError(failure: AwsFailure, role: string): JitError {
  const { name, status } = failure;
  if (/^PackedPolicyTooLarge/.test(name)) {
    return new JitError(
      "POLICY_PACKED_TOO_LARGE",
      "AWS packs policy and tags of this session into more than it takes",
      {
        hint: "ask for fewer targets at once, or split the access in the catalog",
      },
    );
  }
  if (/^ValidationError/.test(name) && /DurationSeconds|1 hour session limit/i.test(failure.message)) {
    return new JitError("STS_DURATION", `AWS does not give ${role} for so long: ${wordsOf(failure)}`, {
      hint: "ask for less time; role chaining (Identity Center, CI) ends at one hour",
    });
  }
  if (/^RegionDisabled/.test(name)) {
    return new JitError("STS_REGION", "STS is switched off in this region for the role's account", {
      hint: "give another --region",
    });
  }
  if (status === 403 && commonError(failure) === undefined) {
    return new JitError("STS_DENIED", `AWS does not let you have ${role}: ${wordsOf(failure)}`, {
      hint: "your identity needs sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity on it, and its trust policy must let you in",
    });
  }
  if ((noAnswer(failure) && !neverSent(failure)) || status === 200) {
    return new JitError(
      "STS_REPLY_LOST",
      `AssumeRole was sent and no answer came (${name}): a session may exist that nobody holds`,
      {
        hint: "the abort is recorded; ask again",
      },
    );
  }
  return stsError(failure, `give you ${role}`);
}

function credentialsOf(given: StsCredentials | undefined): Credentials {
  if (
    given?.AccessKeyId === undefined ||
    given.SecretAccessKey === undefined ||
    given.SessionToken === undefined ||
    given.Expiration === undefined
  ) {
    throw incomplete();
  }
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: new Secret(given.SecretAccessKey),
    sessionToken: new Secret(given.SessionToken),
    expiration: given.Expiration,
  };
}

function incomplete(): JitError {
  return new JitError("STS_REFUSED", "the answer of STS is not complete");
}
