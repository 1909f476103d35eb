/** What a rule may ask of Cedar; every catalog has the same. Docs and `jit rules check --schema` print it. */
const circumstances = `  "breakGlass": Bool,
  "access": String,
  "classification": String,
  "dataCategories": Set<String>,
  "duration": Long,
  "maximumDuration": Long,
  "time": datetime,
  "hour": Long,
  "minute": Long,
  "weekday": String,
  "attested": Attested,
  "claimed": Claimed`;

/** The Cedar schema of rules, in Cedar's own syntax. Durations are seconds. */
export const ruleSchema = `entity Group;
entity Person in [Group] = {
  "arn": String,
  "account": String,
  "userid": String,
  "user"?: String,
  "role"?: String,
};
entity Store = {
  "classification": String,
  "dataCategories": Set<String>,
  "owner"?: String,
};
entity Access in [Store] = {
  "name": String,
  "store": Store,
};
type Pipeline = {
  "provider": String,
  "repository"?: String,
  "ref"?: String,
  "environment"?: String,
};
type Attested = {
  "mfa"?: Bool,
  "network"?: ipaddr,
  "vpcEndpoint"?: String,
  "ci"?: Pipeline,
};
type Claimed = {
  "purpose": String,
  "ticket"?: String,
  "host"?: String,
  "mfa"?: Bool,
  "network"?: ipaddr,
  "ci"?: Pipeline,
};
action "request", "autoApprove", "breakGlass" appliesTo {
  principal: [Person],
  resource: [Access],
  context: {
${circumstances}
  },
};
action "approve" appliesTo {
  principal: [Person],
  resource: [Access],
  context: {
  "requester": Person,
${circumstances}
  },
};
`;

/** May this person ask; need nobody agree; may this other person agree; may this person have it in an emergency, alone. */
export type RuleAction = "request" | "autoApprove" | "approve" | "breakGlass";

export const ruleActions: readonly RuleAction[] = ["request", "autoApprove", "approve", "breakGlass"];
