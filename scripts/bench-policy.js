// Rates of the policy evaluator and of the session-policy compiler, in one process. Run by `npm run bench`.
import { parseCatalog } from "../src/access/catalog/parse.ts";
import { compileSessionPolicy } from "../src/access/policy/compile.ts";
import { checkRules } from "../src/access/rules/check.ts";
import { cedarRules } from "../src/access/rules/decide.ts";
import { findTargets } from "../src/access/target.ts";
import { sandboxCatalog } from "../src/cli/sandbox-catalog.ts";
import { openCedar } from "../src/local/cedar.ts";
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

// Rules: 200 policies over a catalog of 1,000 stores, decided as `request` and `autoApprove`.
const many = sandboxCatalog.replace(/\n {2}orders:[\s\S]*?(?=\n {2}\w|$)/, (orders) =>
  Array.from({ length: 998 }, (_, n) => orders.replace("orders:", `orders-${n}:`).trimEnd()).join(""),
);
const policies = Array.from(
  { length: 100 },
  (_, n) => `  @id("ask-${n}")
  permit(principal in Group::"support", action == Action::"request", resource in Store::"orders-${n}") when { context.duration <= ${3600 + n} };
  @id("night-${n}")
  forbid(principal, action, resource in Store::"orders-${n}") when { context.hour < 6 };`,
).join("\n");
const big = parseCatalog(
  new TextEncoder().encode(
    `${many}groups:\n  support:\n    principals: ["arn:aws:iam::111122223333:user/alice"]\nrules: |\n${policies}\n`,
  ),
  "jit.yaml",
);
let began = performance.now();
const engine = await openCedar();
console.log(`  ${ms(began)} load Cedar`);
began = performance.now();
const checked = checkRules(engine, big, "jit.yaml");
console.log(`  ${ms(began)} check ${policies.split("@id").length - 1} rules, the first time`);
began = performance.now();
checkRules(engine, big, "jit.yaml");
console.log(`  ${ms(began)} and once more`);
const rules = cedarRules(async () => engine, "jit.yaml", new Map([[big.digest, checked]]));
const question = {
  identity: { arn: "arn:aws:iam::111122223333:user/alice", userid: "AIDAALICE", account: "111122223333" },
  targets: findTargets(big, ["orders-50:read"]),
  justification: { purpose: "support", reason: "Measuring", ticket: undefined },
  circumstances: { attested: {}, claimed: {} },
  duration: 1800,
  now: new Date("2026-11-24T10:00:00Z"),
};
began = performance.now();
await rules.decide(question, big);
console.log(`  ${ms(began)} the first decision by them where they were checked before`);
began = performance.now();
for (let i = 0; i < 200; i += 1) await rules.decide(question, big);
console.log(
  `  ${((performance.now() - began) / 200).toFixed(2)} ms  a decision by them over ${big.stores.size} stores, goal 20`,
);

function ms(from) {
  return `${Math.round(performance.now() - from)} ms `;
}

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
