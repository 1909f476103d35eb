import { JitError } from "../error.ts";

/** A key of AWS KMS, by its own ARN or that of an alias. */
export interface KmsArn {
  readonly text: string;
  readonly region: string;
  readonly account: string;
}

const grammar =
  /^arn:aws[a-z-]{0,20}:kms:([a-z]{2,}(?:-[a-z]+)+-[0-9]+):([0-9]{12}):(?:key\/[A-Za-z0-9-]{1,128}|alias\/[A-Za-z0-9/_-]{1,250})$/;

/** Whether a text names a key of AWS rather than a file. */
export function isArn(text: string): boolean {
  return text.startsWith("arn:");
}

/** @throws JitError `KMS_ARN_INVALID` */
export function parseKmsArn(text: string): KmsArn {
  const [, region, account] = grammar.exec(text) ?? [];
  if (region === undefined || account === undefined) {
    throw new JitError("KMS_ARN_INVALID", "that is no ARN of a KMS key", {
      hint: "write it in full: arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME",
    });
  }
  return { text, region, account };
}
