import { AwsError } from "./service.ts";

/** Why a signature is refused, in the code, status and words of the service that was asked. */
export type Refusal =
  | "twoMechanisms"
  | "mechanism"
  | "headerMalformed"
  | "queryMalformed"
  | "noDate"
  | "skew"
  | "notYet"
  | "requestExpired"
  | "unknownKey"
  | "badToken"
  | "expired"
  | "signature"
  | "unsignedHeaders"
  | "noContentHash"
  | "contentHash";

type Answer = readonly [code: string, status: number, message: string];

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const S3: Readonly<Record<Refusal, Answer>> = {
  twoMechanisms: [
    "InvalidArgument",
    400,
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
  ],
  mechanism: [
    "InvalidRequest",
    400,
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
  ],
  headerMalformed: ["AuthorizationHeaderMalformed", 400, "The authorization header you provided is invalid."],
  queryMalformed: [
    "AuthorizationQueryParametersError",
    400,
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
  ],
  noDate: ["AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"],
  skew: [
    "RequestTimeTooSkewed",
    403,
    "The difference between the request time and the current time is too large.",
  ],
  notYet: ["AccessDenied", 403, "Request is not valid yet"],
  requestExpired: ["AccessDenied", 403, "Request has expired"],
  unknownKey: [
    "InvalidAccessKeyId",
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
  ],
  badToken: ["InvalidToken", 400, "The provided token is malformed or otherwise invalid."],
  expired: ["ExpiredToken", 400, "The provided token has expired."],
  signature: [
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  unsignedHeaders: ["AccessDenied", 403, "There were headers present in the request which were not signed"],
  noContentHash: ["InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"],
  contentHash: [
    "XAmzContentSHA256Mismatch",
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
};

const SKEWED: Answer = [
  "SignatureDoesNotMatch",
  403,
  "Signature expired: the request's time is out of range",
];
const INCOMPLETE: Answer = [
  "IncompleteSignature",
  400,
  "The request signature does not conform to AWS standards.",
];

/** The query protocol of STS and IAM. Source: their "Common Errors" pages. */
const QUERY: Readonly<Record<Refusal, Answer>> = {
  ...S3,
  twoMechanisms: INCOMPLETE,
  mechanism: INCOMPLETE,
  headerMalformed: INCOMPLETE,
  queryMalformed: INCOMPLETE,
  noDate: INCOMPLETE,
  skew: SKEWED,
  notYet: SKEWED,
  requestExpired: SKEWED,
  unknownKey: ["InvalidClientTokenId", 403, "The security token included in the request is invalid."],
  badToken: ["InvalidClientTokenId", 403, "The security token included in the request is invalid."],
  expired: ["ExpiredToken", 403, "The security token included in the request is expired"],
};

const INVALID_SIGNATURE = (message: string): Answer => ["InvalidSignatureException", 400, message];

/** JSON 1.1 services. */
const JSON_SERVICES: Readonly<Record<Refusal, Answer>> = {
  ...QUERY,
  skew: INVALID_SIGNATURE(SKEWED[2]),
  notYet: INVALID_SIGNATURE(SKEWED[2]),
  requestExpired: INVALID_SIGNATURE(SKEWED[2]),
  signature: INVALID_SIGNATURE(S3.signature[2]),
  unknownKey: ["UnrecognizedClientException", 400, "The security token included in the request is invalid."],
  badToken: ["UnrecognizedClientException", 400, "The security token included in the request is invalid."],
  expired: ["ExpiredTokenException", 400, "The security token included in the request is expired"],
};

/** The error for a refusal. `detail` is shown by S3 alone, as AWS does. */
export function refusal(
  reason: Refusal,
  service = "s3",
  detail: Readonly<Record<string, string>> = {},
): AwsError {
  if (service === "s3") return new AwsError(...S3[reason], detail);
  const table = service === "sts" || service === "iam" ? QUERY : JSON_SERVICES;
  const [code, status, message] = table[reason];
  // The SDKs read the server's clock from the Date header; the words here are for people.
  const times = reason === "skew" ? ` (${detail["RequestTime"]} against ${detail["ServerTime"]})` : "";
  return new AwsError(code, status, `${message}${times}`);
}
