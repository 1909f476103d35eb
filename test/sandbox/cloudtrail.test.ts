import { beforeEach, describe, expect, test } from "vitest";
import { addUser, addUserKey } from "../../src/sandbox/iam/entities.ts";
import { AwsError } from "../../src/sandbox/service.ts";
import { addAccount } from "../../src/sandbox/world.ts";
import {
  ACCOUNT,
  allow,
  ask,
  assume,
  callOf,
  type Fixture,
  fixture,
  policy,
  READER,
  START,
} from "./world-fixture.ts";

let fix: Fixture;
beforeEach(() => {
  fix = fixture();
});

interface Event {
  readonly EventId: string;
  readonly EventName: string;
  readonly Username?: string;
  readonly AccessKeyId?: string;
  readonly CloudTrailEvent: string;
  readonly Resources: readonly { readonly ResourceType: string; readonly ResourceName: string }[];
}

async function lookup(
  input: object,
  keyId = fix.ann,
): Promise<{ Events: readonly Event[]; NextToken?: string }> {
  const headers = { "x-amz-target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents" };
  const reply = await fix.trail.handle(
    callOf(fix.world.lookupKey(keyId)?.caller, JSON.stringify(input), { headers }),
  );
  return JSON.parse(String(reply.body));
}

const by = (AttributeKey: string, AttributeValue: string) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});
const later = (seconds: number) => new Date(START.getTime() + seconds * 1000);

describe("records", () => {
  test("AssumeRole as CloudTrail writes it, without any secret", async () => {
    const id = await assume(fix, fix.ann, {
      SourceIdentity: "ann",
      DurationSeconds: 900,
      "Tags.member.1.Key": "jit:request",
      "Tags.member.1.Value": "r1",
    });
    const { Events } = await lookup(by("EventName", "AssumeRole"));
    const session = fix.world.sessions.get(id);
    expect(Events.length).toBe(1);
    expect(Events[0]).toMatchObject({ Username: "ann", AccessKeyId: fix.ann });
    expect(JSON.parse(Events[0]?.CloudTrailEvent ?? "")).toMatchObject({
      userIdentity: { type: "IAMUser", accountId: ACCOUNT, userName: "ann", accessKeyId: fix.ann },
      eventTime: "2026-03-01T10:00:00Z",
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRole",
      awsRegion: "eu-central-1",
      sourceIPAddress: "127.0.0.1",
      requestParameters: {
        roleArn: READER,
        roleSessionName: "work",
        sourceIdentity: "ann",
        durationSeconds: 900,
        tags: [{ key: "jit:request", value: "r1" }],
      },
      responseElements: {
        credentials: { accessKeyId: id, expiration: "Mar 1, 2026, 10:15:00\u202fAM" },
        assumedRoleUser: { assumedRoleId: `${fix.reader.id}:work` },
        sourceIdentity: "ann",
      },
      resources: [{ accountId: ACCOUNT, type: "AWS::IAM::Role", ARN: READER }, {}],
      recipientAccountId: ACCOUNT,
    });
    expect(Events[0]?.CloudTrailEvent).not.toContain(session?.secretAccessKey);
    expect(Events[0]?.CloudTrailEvent).not.toContain(session?.sessionToken);
  });

  test("what a session did names its role and source identity", async () => {
    const id = await assume(fix, fix.ann, { SourceIdentity: "ann" });
    await ask(fix, "sts", id, "GetScopedCredentials", {
      DurationSeconds: 60,
      ScopedSessionDescription: "r1",
    });
    const [event] = (await lookup(by("EventName", "GetScopedCredentials"))).Events;
    expect(event?.Username).toBe("work");
    expect(JSON.parse(event?.CloudTrailEvent ?? "")).toMatchObject({
      userIdentity: {
        type: "AssumedRole",
        principalId: `${fix.reader.id}:work`,
        sessionContext: {
          sessionIssuer: { type: "Role", principalId: fix.reader.id, arn: READER, userName: "reader" },
          attributes: { creationDate: "2026-03-01T10:00:00Z", mfaAuthenticated: "false" },
          sourceIdentity: "ann",
        },
      },
      requestParameters: { durationSeconds: 60, scopedSessionDescription: "r1" },
    });
  });

  test("refused calls are there, with their error", async () => {
    await ask(fix, "sts", fix.ann, "AssumeRole", { RoleArn: `${READER}s`, RoleSessionName: "work" });
    const [event] = (await lookup(by("EventName", "AssumeRole"))).Events;
    expect(JSON.parse(event?.CloudTrailEvent ?? "")).toMatchObject({
      errorCode: "AccessDenied",
      responseElements: null,
    });
  });

  test("IAM writes are there, found by the role's name", async () => {
    const document = policy(allow("s3:*"));
    await ask(fix, "iam", fix.ann, "PutRolePolicy", {
      RoleName: "reader",
      PolicyName: "p",
      PolicyDocument: document,
    });
    const [event] = (await lookup(by("ResourceName", "reader"))).Events;
    expect(event?.EventName).toBe("PutRolePolicy");
    expect(JSON.parse(event?.CloudTrailEvent ?? "")).toMatchObject({
      requestParameters: { roleName: "reader", policyName: "p", policyDocument: document },
      readOnly: false,
    });
  });

  test("a role assumed from another account is in both accounts' trails", async () => {
    const other = addAccount(fix.world, "444455556666");
    const user = addUser(fix.world, other, { name: "cem", created: START.toISOString() });
    user.inline.set("some", policy(allow(["sts:AssumeRole", "cloudtrail:LookupEvents"])));
    const cem = addUserKey(fix.world, user, START.toISOString()).id;
    fix.reader.trust = policy({ Effect: "Allow", Principal: { AWS: user.arn }, Action: "sts:AssumeRole" });
    await assume(fix, cem);
    await assume(fix, fix.ann).catch(() => undefined);
    const [there] = (await lookup(by("Username", "cem"), cem)).Events.map(({ CloudTrailEvent }) =>
      JSON.parse(CloudTrailEvent),
    );
    const here = (await lookup(by("ResourceName", READER))).Events.map(({ CloudTrailEvent }) =>
      JSON.parse(CloudTrailEvent),
    ).find(({ userIdentity }) => userIdentity.type === "AWSAccount");
    // The role's account is told of the caller's id and account alone.
    expect(here.userIdentity).toEqual({ type: "AWSAccount", principalId: user.id, accountId: other.id });
    expect([here.recipientAccountId, there.recipientAccountId]).toEqual([ACCOUNT, other.id]);
    expect(here.sharedEventID).toBe(there.sharedEventID);
    expect(here.eventID).not.toBe(there.eventID);
    expect(here.responseElements).toEqual(there.responseElements);
    expect((await lookup(by("Username", "ann"), cem)).Events.length).toBe(0);
  });
});

describe("LookupEvents", () => {
  test("finds by each attribute and by time, newest first", async () => {
    const id = await assume(fix, fix.ann);
    await ask(fix, "sts", id, "GetCallerIdentity", {}, later(60));
    await ask(fix, "sts", fix.ann, "GetCallerIdentity", {}, later(120));
    const names = async (input: object) => (await lookup(input)).Events.map((event) => event.EventName);
    expect(await names({})).toEqual(["GetCallerIdentity", "GetCallerIdentity", "AssumeRole"]);
    expect(await names(by("AccessKeyId", id))).toEqual(["GetCallerIdentity"]);
    expect(await names(by("ResourceName", READER))).toEqual(["AssumeRole"]);
    expect(await names(by("ResourceName", id))).toEqual(["AssumeRole"]);
    expect(await names(by("Username", "work"))).toEqual(["GetCallerIdentity"]);
    expect(await names(by("EventSource", "iam.amazonaws.com"))).toEqual([]);
    const at = (seconds: number) => later(seconds).getTime() / 1000;
    expect(await names({ StartTime: at(60), EndTime: at(119) })).toEqual(["GetCallerIdentity"]);
  });

  test("pages do not shift when events arrive", async () => {
    for (let index = 0; index < 5; index++)
      await ask(fix, "sts", fix.ann, "GetCallerIdentity", {}, later(index));
    const first = await lookup({ MaxResults: 2 });
    await ask(fix, "sts", fix.ann, "GetCallerIdentity", {}, later(9));
    const second = await lookup({ MaxResults: 2, NextToken: first.NextToken });
    const third = await lookup({ MaxResults: 2, NextToken: second.NextToken });
    const ids = [first, second, third].flatMap((page) => page.Events.map((event) => event.EventId));
    expect(new Set(ids).size).toBe(5);
    expect(third.NextToken).toBeUndefined();
  });

  test.each<[string, object, string]>([
    ["two attributes", { LookupAttributes: [{}, {}] }, "InvalidLookupAttributesException"],
    ["an unknown attribute", by("Colour", "red"), "InvalidLookupAttributesException"],
    ["an end before the start", { StartTime: 2, EndTime: 1 }, "InvalidTimeRangeException"],
    ["51 results", { MaxResults: 51 }, "InvalidMaxResultsException"],
    ["a token that nobody gave", { NextToken: "x" }, "InvalidNextTokenException"],
  ])("refuses %s", async (_name, input, code) => {
    await expect(lookup(input)).rejects.toMatchObject({ code, status: 400 });
  });

  test("tells of one region", async () => {
    await assume(fix, fix.ann);
    const headers = { "x-amz-target": "X.CloudTrail_20131101.LookupEvents" };
    const call = callOf(fix.world.lookupKey(fix.ann)?.caller, "{}", { headers });
    const events = async (region: string) => {
      const reply = await fix.trail.handle({ ...call, region });
      return JSON.parse(String(reply.body)).Events.length;
    };
    expect([await events("eu-central-1"), await events("us-east-1")]).toEqual([1, 0]);
  });

  test("needs its permission; other operations are unknown", async () => {
    const id = await assume(fix, fix.ann);
    await expect(lookup({}, id)).rejects.toMatchObject({ code: "AccessDeniedException", status: 400 });
    const call = callOf(fix.world.lookupKey(fix.ann)?.caller, "{}", {
      headers: { "x-amz-target": "X.CreateTrail" },
    });
    await expect(async () => fix.trail.handle(call)).rejects.toBeInstanceOf(AwsError);
  });
});
