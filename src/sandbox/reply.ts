import { AwsError, type Reply } from "./service.ts";
import { elements, XML_HEAD, xmlDocument } from "./xml.ts";

/** Errors as each of AWS's protocols writes them. */

export type Protocol = "s3" | "query" | "json";

const NAMESPACES: Readonly<Record<string, string>> = {
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
};

/** The error of any failure: AWS's own, or S3's and the others' name for a bug in the sandbox. */
export function awsErrorOf(failure: unknown, protocol: Protocol): AwsError {
  if (failure instanceof AwsError) return failure;
  const code = protocol === "s3" ? "InternalError" : "InternalFailure";
  return new AwsError(code, 500, `the sandbox failed: ${failure instanceof Error ? failure.stack : failure}`);
}

export interface RequestIds {
  readonly requestId: string;
  /** S3's second id. */
  readonly hostId: string;
}

/**
 * Serializes an error. Names of `detail` that begin in lower case become headers, the others elements of S3's
 * XML.
 */
export function errorReply(error: AwsError, protocol: Protocol, service: string, ids: RequestIds): Reply {
  const details = Object.entries(error.detail);
  const headers = Object.fromEntries(details.filter(([name]) => /^[a-z]/.test(name)));
  const shown = Object.fromEntries(details.filter(([name]) => !/^[a-z]/.test(name)));
  const { code, status, message } = error;
  if (protocol === "json") {
    const body = JSON.stringify({ __type: code, message });
    return { status, headers: { "content-type": "application/x-amz-json-1.1", ...headers }, body };
  }
  if (protocol === "query") {
    const type = status < 500 ? "Sender" : "Receiver";
    const content = { Error: { Type: type, Code: code, Message: message }, RequestId: ids.requestId };
    const body = xmlDocument("ErrorResponse", content, NAMESPACES[service]);
    return { status, headers: { "content-type": "text/xml", ...headers }, body };
  }
  const content = { Code: code, Message: message, ...shown, RequestId: ids.requestId, HostId: ids.hostId };
  return {
    status,
    headers: { "content-type": "application/xml", ...headers },
    body: `${XML_HEAD}<Error>${elements(content)}</Error>`,
  };
}
