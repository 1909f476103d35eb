/** What `jit` alone prints: every command once, by who uses it; `jit help COMMAND` has the rest. */

interface Part {
  readonly title: string;
  /** Commands that share a line, and what they are for. */
  readonly lines: readonly (readonly [commands: string, purpose: string])[];
}

const parts: readonly Part[] = [
  {
    title: "Everyday",
    lines: [
      ["stores, explain", "the stores; what would be opened, and who decides"],
      ["request, watch", "ask for a session: jit request STORE:ACCESS; await it"],
      ["exec", "run a command: jit exec STORE:ACCESS -- COMMAND"],
      ["env, credentials", "print it for a shell, for AWS SDKs"],
      ["status, extend, forget", "what is open, with the time left; longer; end it"],
    ],
  },
  {
    title: "Approve and revoke",
    lines: [
      ["pending, approve, deny", "requests that wait for an answer; give it"],
      ["revoke, sweep", "end live sessions for everybody; tidy up, for cron"],
      ["review-debt", "emergencies (--break-glass) that nobody has reviewed"],
    ],
  },
  {
    title: "Audit",
    lines: [
      ["audit", "log, show, report, query, verify, reconcile, seal"],
      ["reasons", "erase reasons and tickets that are kept apart"],
    ],
  },
  {
    title: "Set up",
    lines: [
      ["use, config", "pin an organization; a person's own settings"],
      ["doctor, sandbox", "find out what is wrong; try jit without AWS"],
      ["catalog, rules", "check, test, sign and publish who may have what"],
      ["trust, keys, notify", "who may sign what; keys of records; who is told"],
    ],
  },
];

const nameColumns = Math.max(...parts.flatMap(({ lines }) => lines.map(([commands]) => commands.length)));

export const overview = `Usage: jit COMMAND [options]

Short-lived AWS credentials for one store of personal data, after you say why.

${parts
  .map(({ title, lines }) =>
    [
      `${title}:`,
      ...lines.map(([commands, purpose]) => `  ${commands.padEnd(nameColumns)}  ${purpose}`),
    ].join("\n"),
  )
  .join("\n")}

jit help COMMAND explains one (jit help audit verify); jit help exit-codes lists
how jit ends; jit --version says which this is.
`;
