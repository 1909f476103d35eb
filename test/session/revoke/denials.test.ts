import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../src/policy/evaluate.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import {
  covers,
  type Denials,
  denialOf,
  isPersonName,
  liftPerson,
  mergeDenials,
  nothingDenied,
  parseDenials,
  printDenials,
  pruneDenials,
} from "../../../src/session/revoke/denials.ts";
import { after as later, start } from "../sessions.ts";

const base32 = [..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"];
const id = fc
  .tuple(
    fc.constantFrom(..."01234567"),
    fc.array(fc.constantFrom(...base32), { minLength: 25, maxLength: 25 }),
  )
  .map(([first, rest]) => first + rest.join(""));
/** Ends within the longest session that STS makes. */
const lapse = fc.integer({ min: 1, max: 12 * 3600 }).map(later);
const session = fc.tuple(id, lapse).map(([one, until]) => denialOf(`jit-${one}`, until));
const person = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9_+=,.@-]{2,64}$/),
  until: fc.integer({ min: 1, max: 99 * 3600 }).map(later),
});
const denials: fc.Arbitrary<Denials> = fc
  .record({ sessions: fc.array(session, { maxLength: 20 }), people: fc.array(person, { maxLength: 4 }) })
  .map((one) => mergeDenials(nothingDenied, one));

const role = "arn:aws:iam::111122223333:role/pii-customers";
const everything = parsePolicy(
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } }),
  "identity",
);

/** What IAM decides for a session of the role that could do everything. */
function verdict(
  text: string,
  request: string,
  more: Readonly<Record<string, string>> = {},
  now = start,
): string {
  const sessionName = `jit-${request}`;
  return evaluate(
    {
      principal: {
        arn: `arn:aws:sts::111122223333:assumed-role/pii-customers/${sessionName}`,
        roleArn: role,
        account: "111122223333",
        type: "role",
      },
      action: "s3:GetObject",
      resource: "arn:aws:s3:::acme-customers/profiles/0007.json",
      resourceAccount: undefined,
      context: {
        "aws:userid": `AROAEXAMPLEEXAMPLE00:${sessionName}`,
        "aws:SourceIdentity": "alice",
        "aws:CurrentTime": now.toISOString(),
        ...more,
      },
    },
    { identity: [everything, parsePolicy(text, "identity")] },
  ).verdict;
}

describe("the policy", () => {
  test("denies the sessions that are meant and no others, whatever ids there are", () => {
    fc.assert(
      fc.property(
        fc.array(id, { minLength: 1, maxLength: 30 }),
        fc.array(id, { maxLength: 30 }),
        (meant, others) => {
          const text = printDenials({
            sessions: meant.map((one) => denialOf(`jit-${one}`, later(1800))),
            people: [],
          });
          const endings = new Set(meant.map((one) => one.slice(-13)));
          for (const one of [...meant, ...others]) {
            expect(verdict(text, one)).toBe(endings.has(one.slice(-13)) ? "explicitDeny" : "allow");
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("holds 500 sessions however their ends lie within STS's longest session", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(session, { minLength: 500, maxLength: 500, selector: (one) => one.ending }),
        (all) => {
          expect(printDenials({ sessions: all, people: [] }).length).toBeLessThanOrEqual(10_240);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("denies a person by source identity or by jit's tag, until its time and no longer", () => {
    const text = printDenials({ sessions: [], people: [{ name: "eve", until: later(3600) }] });
    const one = "01KAV7Q3Z00123456789ABCDEF";
    expect(verdict(text, one, { "aws:SourceIdentity": "eve" })).toBe("explicitDeny");
    expect(verdict(text, one, { "aws:PrincipalTag/jit:requester": "eve" })).toBe("explicitDeny");
    expect(verdict(text, one, { "aws:SourceIdentity": "eve" }, later(3599))).toBe("explicitDeny");
    expect(verdict(text, one, { "aws:SourceIdentity": "eve" }, later(3600))).toBe("allow");
    expect(verdict(text, one, { "aws:SourceIdentity": "evelyn" })).toBe("allow");
    expect(verdict(text, one)).toBe("allow");
  });

  test("reads back as what was written", () => {
    fc.assert(
      fc.property(denials, (one) => {
        const text = printDenials(one);
        const read = parseDenials(text);
        expect(read).toBeDefined();
        expect(printDenials(read ?? nothingDenied)).toBe(text);
        expect(covers(read ?? nothingDenied, one)).toBe(true);
      }),
    );
  });

  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    [
      "somebody's own",
      JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Deny", Action: "*", Resource: "*" } }),
    ],
    ["another action", changed('"Action":"*"', '"Action":"s3:*"')],
    ["another effect", changed('"Effect":"Deny"', '"Effect":"Allow"')],
    ["a wider pattern", changed('"*0123456789ABC"', '"*"')],
    ["an hour that is none", changed("Until20261124T09", "Until20261124T25")],
    [
      "a statement more",
      changed('"Statement":[', '"Statement":[{"Sid":"Mine","Effect":"Deny","Action":"*","Resource":"*"},'),
    ],
  ])("of %s is not taken for jit's own", (_what, text) => {
    expect(parseDenials(text)).toBeUndefined();
  });
});

function changed(from: string, to: string): string {
  const text = printDenials({
    sessions: [denialOf("jit-01KAV7Q3Z00000123456789ABC", later(1800))],
    people: [],
  });
  expect(text).toContain(from);
  return text.replace(from, to);
}

describe("denials as values", () => {
  test("merging loses nothing, whichever comes first, and changes nothing the second time", () => {
    fc.assert(
      fc.property(denials, denials, (a, b) => {
        const both = mergeDenials(a, b);
        expect(covers(both, a) && covers(both, b)).toBe(true);
        expect(printDenials(both)).toBe(printDenials(mergeDenials(b, a)));
        expect(printDenials(mergeDenials(both, a))).toBe(printDenials(both));
      }),
    );
  });

  test("pruning takes what has ended, and nothing before the credentials lapse", () => {
    fc.assert(
      fc.property(id, lapse, fc.integer({ min: 0, max: 14 * 3600 }), (one, lapses, seconds) => {
        const left = pruneDenials({ sessions: [denialOf(`jit-${one}`, lapses)], people: [] }, later(seconds));
        if (later(seconds) < lapses) expect(left.sessions).toHaveLength(1);
        if (later(seconds).getTime() >= lapses.getTime() + 3_600_000) expect(left.sessions).toEqual([]);
      }),
    );
  });

  test("lifting takes that person alone", () => {
    const until = later(3600);
    const both = {
      sessions: [],
      people: [
        { name: "eve", until },
        { name: "evelyn", until },
      ],
    };
    expect(liftPerson(both, "eve").people).toEqual([{ name: "evelyn", until }]);
  });

  test.each([
    "*",
    "a",
    "e?e",
    `\${aws:username}`,
    "",
    "x".repeat(65),
    "a b",
  ])("%j is no person's name", (name) => {
    expect(isPersonName(name)).toBe(false);
  });
});
