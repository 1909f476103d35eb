import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { isJitError, JitError } from "../error.ts";
import type { RolePolicies } from "../session/revoke/ports.ts";
import { type Aws, patience } from "./clients.ts";
import { type AwsFailure, commonError, failureOf, noAnswer, wordsOf } from "./error.ts";
import { nextPage } from "./paging.ts";

export interface RolePoliciesOptions {
  readonly aws: Pick<Aws, "common" | "equip" | "sts">;
  /** The caller's account: IAM knows roles by name alone, and takes the caller's own. */
  readonly account: string;
  /** Tries of one call, the first included. All calls may be repeated. */
  readonly attempts?: number;
}

/** Inline policies of roles, on IAM. */
export function rolePolicies({ aws, account, attempts = 5 }: RolePoliciesOptions): RolePolicies {
  const iam = new IAMClient({
    ...aws.common,
    region: aws.sts.config.region,
    maxAttempts: attempts,
    retryMode: "standard",
  });
  aws.equip(iam);

  async function ask<T>(role: string, what: string, call: (name: string) => Promise<T>): Promise<T> {
    const [, owner, name] = /^arn:[a-z0-9-]+:iam::([0-9]{12}):role\/(?:.*\/)?([^/]+)$/.exec(role) ?? [];
    if (name === undefined || owner !== account) {
      throw new JitError("IAM_OTHER_ACCOUNT", `${role} is not a role of your account ${account}`, {
        hint: "revoke with an identity of the role's own account (--profile)",
      });
    }
    try {
      return await call(name);
    } catch (error) {
      throw isJitError(error) ? error : explain(failureOf(error), role, what);
    }
  }

  return {
    list: (role) =>
      ask(role, "list the policies of", async (RoleName) => {
        const names: string[] = [];
        let Marker: string | undefined;
        do {
          const page = await iam.send(
            new ListRolePoliciesCommand({ RoleName, ...(Marker === undefined ? {} : { Marker }) }),
            patience(),
          );
          names.push(...(page.PolicyNames ?? []));
          Marker = nextPage(page.IsTruncated === true ? page.Marker : undefined, Marker);
        } while (Marker !== undefined);
        return names;
      }),
    get: (role, PolicyName) =>
      ask(role, "read a policy of", async (RoleName) => {
        try {
          const reply = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }), patience());
          return reply.PolicyDocument === undefined ? undefined : decodeURIComponent(reply.PolicyDocument);
        } catch (error) {
          if (isMissingPolicy(failureOf(error))) return undefined;
          throw error;
        }
      }),
    put: (role, PolicyName, PolicyDocument) =>
      ask(role, "write a policy of", async (RoleName) => {
        await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }), patience());
      }),
    remove: (role, PolicyName) =>
      ask(role, "remove a policy of", async (RoleName) => {
        try {
          await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }), patience());
        } catch (error) {
          if (!isMissingPolicy(failureOf(error))) throw error;
        }
      }),
  };
}

/** IAM says NoSuchEntity of a missing role, too. */
function isMissingPolicy({ name, message }: AwsFailure): boolean {
  return /^NoSuchEntity/.test(name) && !/^The role with name/i.test(message);
}

function explain(failure: AwsFailure, role: string, what: string): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  const { name, status } = failure;
  if (status === 403) {
    return new JitError("IAM_DENIED", `AWS does not let you ${what} ${role}: ${wordsOf(failure)}`, {
      hint: "who may revoke needs iam:ListRolePolicies, GetRolePolicy, PutRolePolicy and DeleteRolePolicy on it (docs/aws.md)",
    });
  }
  if (/^NoSuchEntity/.test(name)) {
    return new JitError("IAM_ROLE_MISSING", `there is no role ${role}`, {
      hint: "the catalog names a role that was deleted: its sessions have no permissions",
    });
  }
  if (/^LimitExceeded/.test(name)) {
    return new JitError("IAM_LIMIT", `the policies of ${role} are full: ${wordsOf(failure)}`, {
      hint: "jit revoke --sweep removes what has ended",
    });
  }
  if (noAnswer(failure) || (status ?? 0) >= 500) {
    return new JitError("IAM_UNREACHABLE", `IAM does not answer (${name})`, {
      hint: "check the network and try again: nothing that was asked for is certain",
    });
  }
  return new JitError("IAM_REFUSED", `IAM refuses to ${what} ${role}: ${name}: ${wordsOf(failure)}`, {
    hint: "docs/aws.md says what the role and your identity need",
  });
}
