/** What of a report speaks to which rule. References, not judgements: whether a rule is met, those who check decide. */

export const frameworks = ["gdpr", "hipaa", "pci", "soc2"] as const;
export type Framework = (typeof frameworks)[number];

export const parts = [
  "unverified",
  "persons",
  "stores",
  "purposes",
  "categories",
  "approvals",
  "denials",
  "breakGlass",
  "revoked",
  "unended",
  "lengths",
  "officeHours",
] as const;
export type PartName = (typeof parts)[number];

export interface Reference {
  readonly rule: string;
  /** What the rule is about. */
  readonly about: string;
  /** What the parts named say that bears on it. */
  readonly says: string;
  readonly parts: readonly PartName[];
}

export const frameworkNames: Readonly<Record<Framework, string>> = {
  gdpr: "GDPR (Regulation (EU) 2016/679)",
  hipaa: "HIPAA (45 CFR Part 164)",
  pci: "PCI DSS 4.0",
  soc2: "SOC 2 (Trust Services Criteria)",
};

export const references: Readonly<Record<Framework, readonly Reference[]>> = {
  gdpr: [
    {
      rule: "Art. 5(1)(c)",
      about: "data minimisation",
      says: "which stores and categories were opened, for how long against how long was asked, and which sessions have no recorded end",
      parts: ["stores", "categories", "lengths", "unended"],
    },
    {
      rule: "Art. 5(1)(f)",
      about: "integrity and confidentiality",
      says: "who was let in by whose word, who was not, and what was ended early",
      parts: ["approvals", "denials", "breakGlass", "revoked"],
    },
    {
      rule: "Art. 15",
      about: "right of access by the data subject",
      says: "who may have read which categories and for which purpose; not whose data was read, which the stores' own logs tell",
      parts: ["persons", "purposes", "categories"],
    },
    {
      rule: "Art. 30",
      about: "records of processing activities",
      says: "the purposes, stores and categories that access was asked for",
      parts: ["purposes", "stores", "categories"],
    },
    {
      rule: "Art. 32",
      about: "security of processing",
      says: "access by a second person's approval, its end, and whether the records can be relied on",
      parts: ["unverified", "approvals", "revoked", "officeHours"],
    },
    {
      rule: "Art. 33",
      about: "notification of a personal data breach",
      says: "what to look at first where a breach is suspected: records that do not verify, emergencies, sessions that were ended, unusual hours",
      parts: ["unverified", "breakGlass", "revoked", "officeHours"],
    },
  ],
  hipaa: [
    {
      rule: "164.308(a)(4)",
      about: "information access management",
      says: "who was given access to which stores, and who agreed",
      parts: ["persons", "stores", "approvals", "denials"],
    },
    {
      rule: "164.312(a)",
      about: "access control, with the emergency access procedure",
      says: "to whom access was granted and for how long, emergencies, and what was ended",
      parts: ["persons", "lengths", "breakGlass", "revoked"],
    },
    {
      rule: "164.312(b)",
      about: "audit controls",
      says: "that each access has a signed record, and which of them do not verify",
      parts: ["unverified", "persons", "officeHours"],
    },
    {
      rule: "164.502(b)",
      about: "minimum necessary",
      says: "the purposes named, the categories opened, and how much of the granted time was used",
      parts: ["purposes", "categories", "lengths", "unended"],
    },
  ],
  pci: [
    {
      rule: "7.2",
      about: "access is defined and assigned",
      says: "who had which access, by whose approval, and who was refused it",
      parts: ["persons", "stores", "approvals", "denials"],
    },
    {
      rule: "8.6",
      about: "application and system accounts",
      says: "what pipelines and other roles asked for, among the requesters, and sessions without a recorded end",
      parts: ["persons", "unended"],
    },
    {
      rule: "10.2",
      about: "audit logs",
      says: "each access with who, what, when and why; emergencies; and which records do not verify",
      parts: ["unverified", "persons", "purposes", "breakGlass", "officeHours"],
    },
  ],
  soc2: [
    {
      rule: "CC6.1",
      about: "logical access security",
      says: "that access is by request, to one store and for a time, and whether the records verify",
      parts: ["unverified", "stores", "lengths"],
    },
    {
      rule: "CC6.2",
      about: "authorization before access",
      says: "approvals and denials before a session was issued",
      parts: ["approvals", "denials", "breakGlass"],
    },
    {
      rule: "CC6.3",
      about: "access by role and least privilege, and its removal",
      says: "accesses by person and store, their lengths, and sessions that were ended",
      parts: ["persons", "stores", "lengths", "revoked", "unended"],
    },
    {
      rule: "CC7.2",
      about: "monitoring for anomalies",
      says: "records that do not verify, emergencies, and requests at unusual hours",
      parts: ["unverified", "breakGlass", "officeHours"],
    },
  ],
};

/** The rules that a part speaks to. */
export function rulesOf(framework: Framework, part: PartName): readonly string[] {
  return references[framework].filter(({ parts: named }) => named.includes(part)).map(({ rule }) => rule);
}
