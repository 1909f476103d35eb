import type { PartName } from "../../../audit/report/frameworks.ts";

/** A report as every format has it. All text is plain and not escaped: much of it comes from records. */
export interface ReportDocument {
  readonly title: string;
  /** What the report is of, as name and value. */
  readonly facts: readonly (readonly [string, string])[];
  /** What must be known before anything below is believed. */
  readonly caveats: readonly string[];
  readonly headlines: readonly Headline[];
  readonly sections: readonly Section[];
}

export interface Headline {
  readonly label: string;
  readonly value: string;
  readonly tone: "plain" | "good" | "bad";
}

export interface Section {
  readonly id: PartName | "overview" | "references";
  readonly title: string;
  readonly about: string;
  /** The rules that it speaks to. */
  readonly rules: readonly string[];
  readonly chart?: Chart;
  readonly tables: readonly Table[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** Said where there are no rows. */
  readonly none: string;
}

export type Chart =
  /** `part` is a share of `value`, drawn darker. */
  | {
      readonly kind: "bars";
      readonly label: string;
      readonly bars: readonly { readonly name: string; readonly value: number; readonly part: number }[];
      readonly partName: string;
    }
  | {
      readonly kind: "days";
      readonly label: string;
      readonly days: readonly { readonly day: string; readonly granted: number; readonly others: number }[];
    }
  | {
      readonly kind: "hours";
      readonly label: string;
      /** By weekday from Monday, by hour. */
      readonly rows: readonly (readonly number[])[];
      /** Hours in which the office is open. */
      readonly opens: number;
      readonly closes: number;
    }
  | { readonly kind: "tenths"; readonly label: string; readonly values: readonly number[] };
