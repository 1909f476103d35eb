import { AwsError } from "../service.ts";
import type { OidcProvider } from "../world.ts";
import { policyDetail, roleDetail, userDetail } from "./describe.ts";
import { noSuchEntity } from "./entities.ts";
import type { Xml } from "./query.ts";
import { byName } from "./roles.ts";
import { type Actions, page, reads, writes } from "./scope.ts";

type Detail = { readonly list: "UserDetailList" | "RoleDetailList" | "Policies"; readonly value: Xml };

/** What concerns the whole account: the report of everything, token issuing, identity providers. */
export const ACCOUNT_ACTIONS: Actions = {
  GetAccountAuthorizationDetails: reads((scope) => {
    const { account, input } = scope;
    scope.demand("iam:GetAccountAuthorizationDetails", "*");
    const filter = new Set(input.list("Filter"));
    const wanted = (kind: string): boolean => filter.size === 0 || filter.has(kind);
    const details: Detail[] = [
      ...(wanted("User") ? byName([...account.users.values()]) : []).map(
        (user): Detail => ({ list: "UserDetailList", value: userDetail(user) }),
      ),
      ...(wanted("Role") ? byName([...account.roles.values()]) : []).map(
        (role): Detail => ({ list: "RoleDetailList", value: roleDetail(role) }),
      ),
      ...(wanted("LocalManagedPolicy") ? byName([...account.policies.values()]) : []).map(
        (policy): Detail => ({ list: "Policies", value: policyDetail(account, policy) }),
      ),
    ];
    const { items, end } = page(input, details);
    const of = (list: Detail["list"]): Xml =>
      items.filter((item) => item.list === list).map((item) => item.value);
    return {
      UserDetailList: of("UserDetailList"),
      GroupDetailList: [],
      RoleDetailList: of("RoleDetailList"),
      Policies: of("Policies"),
      ...end,
    };
  }),

  ListAccountAliases: reads((scope) => {
    scope.demand("iam:ListAccountAliases", "*");
    return { AccountAliases: [], IsTruncated: false };
  }),

  EnableOutboundWebIdentityFederation: writes((scope) => {
    scope.demand("iam:EnableOutboundWebIdentityFederation", "*");
    if (scope.account.outboundFederation) {
      const text = "The outbound web identity federation feature is already enabled";
      throw new AwsError("FeatureEnabled", 409, text);
    }
    scope.account.outboundFederation = true;
    return { IssuerIdentifier: scope.call.origin };
  }),

  DisableOutboundWebIdentityFederation: writes((scope) => {
    scope.demand("iam:DisableOutboundWebIdentityFederation", "*");
    if (!scope.account.outboundFederation) {
      const text = "The outbound web identity federation feature is already disabled";
      throw new AwsError("FeatureDisabled", 404, text);
    }
    scope.account.outboundFederation = false;
    return undefined;
  }),

  GetOutboundWebIdentityFederationInfo: reads((scope) => {
    scope.demand("iam:GetOutboundWebIdentityFederationInfo", "*");
    if (!scope.account.outboundFederation) {
      const text = "The outbound web identity federation feature is disabled";
      throw new AwsError("FeatureDisabled", 404, text);
    }
    return { IssuerIdentifier: scope.call.origin, JwtVendingEnabled: true };
  }),

  ListOpenIDConnectProviders: reads((scope) => {
    scope.demand("iam:ListOpenIDConnectProviders", `arn:aws:iam::${scope.account.id}:oidc-provider/*`);
    const providers = [...scope.account.oidcProviders.values()];
    return { OpenIDConnectProviderList: providers.map(({ arn }) => ({ Arn: arn })) };
  }),

  GetOpenIDConnectProvider: reads((scope) => {
    const arn = scope.input.required("OpenIDConnectProviderArn");
    scope.demand("iam:GetOpenIDConnectProvider", arn);
    const provider = [...scope.account.oidcProviders.values()].find(
      (candidate: OidcProvider) => candidate.arn === arn,
    );
    if (provider === undefined) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
    return { Url: provider.issuer.slice("https://".length), ClientIDList: provider.clientIds };
  }),
};
