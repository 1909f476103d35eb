import type { WorldAuthorizer } from "../authorize.ts";
import { type Trail, trailParameters } from "../cloudtrail.ts";
import { type Parameters, queryReply, readParameters, type Xml } from "../iam/query.ts";
import { AwsError, type Call, type Caller, type Service } from "../service.ts";
import { forgetOldSessions, sessionOf, type World } from "../world.ts";
import { assumeRole, readMfa } from "./assume.ts";
import { getWebIdentityToken } from "./identity-token.ts";
import { readDuration, readTokenSize } from "./input.ts";
import { getScopedCredentials } from "./scoped.ts";
import { credentialsOf, expirationOf, openSession, pack } from "./session.ts";
import { assumeRoleWithWebIdentity } from "./web.ts";

export const STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

type Action = (call: Call, input: Parameters) => Xml;

/** STS over the query protocol. `handle` throws `AwsError`; every call is recorded in the trail, refused ones too. */
export function createSts(world: World, authorizer: WorldAuthorizer, trail: Trail): Service {
  const signed =
    (act: (call: Call, caller: Caller, input: Parameters) => Xml): Action =>
    (call, input) => {
      if (call.caller === undefined) {
        throw new AwsError("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
      }
      return act(call, call.caller, input);
    };
  const actions: Readonly<Record<string, Action>> = {
    AssumeRole: signed((call, caller, input) => assumeRole(world, authorizer, call, caller, input)),
    AssumeRoleWithWebIdentity: (call, input) => assumeRoleWithWebIdentity(world, authorizer, call, input),
    DecodeAuthorizationMessage: signed((call, _caller, input) => decodeMessage(authorizer, call, input)),
    GetAccessKeyInfo: signed((_call, _caller, input) => accessKeyInfo(world, input)),
    GetCallerIdentity: signed((_call, caller) => callerIdentity(caller)),
    GetScopedCredentials: signed((call, caller, input) =>
      getScopedCredentials(world, authorizer, call, caller, input),
    ),
    GetSessionToken: signed((call, caller, input) => getSessionToken(world, call, caller, input)),
    GetWebIdentityToken: signed((call, caller, input) =>
      getWebIdentityToken(world, authorizer, call, caller, input),
    ),
  };

  return {
    handle(call) {
      const input = readParameters(call);
      const name = input.get("Action") ?? "";
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (action === undefined) {
        const text = `Could not find operation ${name} for version ${input.get("Version") ?? "NO_VERSION_SPECIFIED"}`;
        throw new AwsError("InvalidAction", 400, text);
      }
      const parameters = trailParameters(input, ["WebIdentityToken", "TokenCode", "Action", "Version"]);
      const event = { call, source: "sts.amazonaws.com", name, parameters, readOnly: true } as const;
      try {
        forgetOldSessions(world, call.now);
        const result = action(call, input);
        trail.record({ ...event, response: result });
        return queryReply(call, STS_NAMESPACE, name, result);
      } catch (error) {
        if (error instanceof AwsError) trail.record({ ...event, error });
        throw error;
      }
    },
  };
}

/** Asks no policy: AWS answers it even under an explicit deny. */
function callerIdentity(caller: Caller): Xml {
  return { Arn: caller.principal.arn, UserId: caller.userid, Account: caller.principal.account };
}

function getSessionToken(world: World, call: Call, caller: Caller, input: Parameters): Xml {
  const duration = readDuration(input, 43_200, 900, 129_600);
  const minimum = readTokenSize(input);
  const mfa = readMfa(input);
  if (caller.principal.type !== "user" || sessionOf(world, caller) !== undefined) {
    throw new AwsError("AccessDenied", 403, "Cannot call GetSessionToken with session credentials");
  }
  const packing = pack([], [], {}, minimum);
  const session = openSession(world, packing.tokenSize, {
    kind: "user",
    roleArn: "",
    roleId: "",
    account: caller.principal.account,
    userName: caller.principal.arn.slice(caller.principal.arn.lastIndexOf("/") + 1),
    sessionName: "",
    issuedAt: call.now,
    expiration: expirationOf(call.now, duration),
    sourceIdentity: undefined,
    tags: {},
    transitiveTagKeys: [],
    policies: [],
    scopedPolicies: 0,
    mfa,
    mfaAt: mfa ? call.now : undefined,
    chained: false,
    scopedDescription: undefined,
    identityStoreUserId: undefined,
    federatedProvider: undefined,
    origin: undefined,
  });
  return {
    Credentials: credentialsOf(session),
    SessionTokenUtilization: packing.tokenUtilization,
    SessionTokenSize: packing.tokenSize,
  };
}

function accessKeyInfo(world: World, input: Parameters): Xml {
  const id = input.required("AccessKeyId");
  const account = world.lookupKey(id)?.caller.principal.account;
  if (account === undefined) {
    throw new AwsError("InvalidClientTokenId", 403, "The security token included in the request is invalid.");
  }
  return { Account: account };
}

/** The sandbox sends no encoded messages, so none is valid. */
function decodeMessage(authorizer: WorldAuthorizer, call: Call, input: Parameters): Xml {
  input.required("EncodedMessage");
  authorizer.demand(call, "sts:DecodeAuthorizationMessage", "*");
  const text = "The message passed to DecodeAuthorizationMessage is invalid";
  throw new AwsError("InvalidAuthorizationMessageException", 400, text);
}
