import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distinctPersons, mayBeSame, type Person, personOf } from "../../src/audit/person.ts";
import type { StatementClaims } from "../../src/audit/statement.ts";

const account = "111111111111";
const userRole = `arn:aws:iam::${account}:role/team/Developer`;

function userOf(name: string, id = `AIDA${name.toUpperCase()}`, claims = true): Person {
  const arn = `arn:aws:iam::${account}:user/${name}`;
  const said: StatementClaims = {
    principal: arn,
    sourceIdentity: undefined,
    identityStoreUserId: undefined,
    originSubject: undefined,
  };
  return personOf({ arn, userid: id, account }, claims ? said : undefined, []);
}

function sessionOf(
  session: string,
  claims: Partial<StatementClaims> | undefined,
  roles: string[] = [],
): Person {
  const by = {
    arn: `arn:aws:sts::${account}:assumed-role/Developer/${session}`,
    userid: `AROADEVELOPER:${session}`,
    account,
  };
  const base = { principal: userRole, sourceIdentity: undefined, identityStoreUserId: undefined };
  const said = claims === undefined ? undefined : { ...base, originSubject: undefined, ...claims };
  return personOf(by, said, roles);
}

const center = (id: string) => ({ identityStoreUserId: id });
const source = (name: string) => ({ sourceIdentity: name });

describe("two may be one person", () => {
  test.each<[string, Person, Person, boolean]>([
    ["two users", userOf("alice"), userOf("bob"), false],
    ["a user with two keys", userOf("alice"), userOf("alice"), true],
    ["a user with and without AWS's word", userOf("alice"), userOf("alice", "AIDAALICE", false), true],
    ["a user whom another claims to be", userOf("bob"), userOf("bob", "AIDADAVE", false), false],
    [
      "a user, and a session with the name as source identity",
      userOf("alice"),
      sessionOf("x", source("alice")),
      true,
    ],
    ["the same name in capitals", userOf("Alice"), sessionOf("x", source("alice")), true],
    [
      "two source identities of one role",
      sessionOf("x", source("alice")),
      sessionOf("y", source("bob")),
      false,
    ],
    [
      "one source identity, two session names",
      sessionOf("x", source("alice")),
      sessionOf("y", source("alice")),
      true,
    ],
    ["two sessions of one role, nothing said", sessionOf("alice", {}), sessionOf("bob", {}), true],
    [
      "a session that AWS did not sign, and one it did",
      sessionOf("a", undefined),
      sessionOf("b", center("1")),
      true,
    ],
    ["two users of Identity Center", sessionOf("alice", center("1")), sessionOf("bob", center("2")), false],
    [
      "one user of Identity Center under two names",
      sessionOf("a", center("1")),
      sessionOf("b", center("1")),
      true,
    ],
    [
      "the user and the Identity Center user of one name",
      userOf("alice"),
      sessionOf("alice", center("1")),
      true,
    ],
    ["a session that only calls itself so", userOf("alice"), sessionOf("alice", {}), false],
    [
      "names that the provider sets",
      sessionOf("alice", {}, [userRole]),
      sessionOf("bob", {}, [userRole]),
      false,
    ],
    ["the same name that the provider sets", userOf("bob"), sessionOf("bob", {}, [userRole]), true],
    ["two origins", sessionOf("x", { originSubject: "1" }), sessionOf("y", { originSubject: "2" }), false],
  ])("%s", (_, a, b, same) => {
    expect([mayBeSame(a, b), mayBeSame(b, a)]).toEqual([same, same]);
  });
});

test("a role that only looks like the trusted one by its session's ARN sets no names", () => {
  expect(sessionOf("bob", { principal: `arn:aws:iam::${account}:role/Developer` }, [userRole]).ids).toEqual(
    [],
  );
});

describe("distinct persons", () => {
  const person = fc.record({
    ids: fc.uniqueArray(fc.constantFrom("name:a", "name:b", "center:1", "center:2"), { maxLength: 2 }),
    principal: fc.constantFrom("AIDA1", "AIDA2", "AROA1", "AROA2"),
  });

  test("are never more than there are, and no two of them may be the same", () => {
    fc.assert(
      fc.property(fc.array(person, { maxLength: 8 }), (people) => {
        const all = people.map((one) => ({ person: one }));
        const found = distinctPersons(all);
        expect(found.length).toBeLessThanOrEqual(all.length);
        for (const a of found)
          for (const b of found) if (a !== b) expect(mayBeSame(a.person, b.person)).toBe(false);
        expect(found.length > 0).toBe(all.length > 0);
      }),
    );
  });

  test("one more never makes fewer of the rest than it joins", () => {
    const a = { person: { ids: ["name:a"], principal: "AROA1" } };
    const b = { person: { ids: ["center:1"], principal: "AROA1" } };
    const both = { person: { ids: ["name:a", "center:1"], principal: "AROA1" } };
    expect(distinctPersons([a, b])).toHaveLength(2);
    expect(distinctPersons([a, b, both])).toHaveLength(1);
  });
});
