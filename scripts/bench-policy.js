// Rates of the policy evaluator and of the session-policy compiler, in one process. Run by `npm run bench`.
import { parseCatalog } from "../src/access/catalog/parse.ts";
import { compileSessionPolicy } from "../src/access/policy/compile.ts";
import { findTargets } from "../src/access/target.ts";
import { sandboxCatalog } from "../src/cli/sandbox-catalog.ts";
import { evaluate } from "../src/policy/evaluate.ts";
import { parsePolicy } from "../src/policy/parse.ts";

const catalog = parseCatalog(new TextEncoder().encode(sandboxCatalog), "jit.yaml");
const notAfter = new Date("2030-01-01T00:00:00Z");
const one = findTargets(catalog, ["customers:read"]);
const three = findTargets(catalog, ["customers:read", "customers:lists", "customers:write"]);
const text = compileSessionPolicy({ targets: three, notAfter }).text;
const policy = parsePolicy(text, "session");
const request = {
  principal: {
    arn: "arn:aws:sts::111122223333:assumed-role/pii-customers/jit-X",
    roleArn: "arn:aws:iam::111122223333:role/pii-customers",
    account: "111122223333",
    type: "role",
  },
  action: "s3:GetObject",
  resource: "arn:aws:s3:::acme-customers/profiles/0007.json",
  resourceAccount: undefined,
  context: { "aws:CurrentTime": "2026-11-24T10:00:00Z", "aws:SourceIp": "203.0.113.7" },
};

rate("evaluate a request against identity, boundary and session policy", () => {
  evaluate(request, { identity: [policy], boundary: [policy], session: [[policy]] });
});
rate(`parse a policy of ${text.length} characters`, () => parsePolicy(text, "session"));
rate("compile a session policy of one target", () => compileSessionPolicy({ targets: one, notAfter }));
rate("compile a session policy of three targets", () => compileSessionPolicy({ targets: three, notAfter }));
const bytes = new TextEncoder().encode(sandboxCatalog);
rate(`parse a catalog of ${bytes.length} bytes`, () => parseCatalog(bytes, "jit.yaml"));

function rate(name, work) {
  const until = (ms) => {
    const end = performance.now() + ms;
    let count = 0;
    while (performance.now() < end) {
      for (let i = 0; i < 10; i += 1) work();
      count += 10;
    }
    return count;
  };
  until(200);
  const began = performance.now();
  const count = until(800);
  console.log(
    `  ${Math.round((count / (performance.now() - began)) * 1000).toLocaleString("en")}/s  ${name}`,
  );
}
