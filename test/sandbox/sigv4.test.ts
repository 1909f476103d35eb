import { describe, expect, test } from "vitest";
import { decodeChunks } from "../../src/sandbox/s3/chunked.ts";
import { type AccessKey, AwsError, type KeyLookup } from "../../src/sandbox/service.ts";
import {
  canonicalRequest,
  readCredential,
  type SignedRequest,
  sha256Hex,
  signingKey,
  stringToSign,
  verifySignature,
} from "../../src/sandbox/sigv4.ts";

/**
 * AWS's published examples:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */

const EMPTY = sha256Hex("");
const AT = new Date("2013-05-24T00:00:00Z");
const S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

function keysWith(more: Partial<AccessKey> = {}): KeyLookup {
  const key: AccessKey = {
    secretAccessKey: S3_SECRET,
    sessionToken: undefined,
    expiration: undefined,
    caller: {
      principal: {
        arn: "arn:aws:iam::111111111111:user/a",
        roleArn: undefined,
        account: "111111111111",
        type: "user",
      },
      userid: "AIDAA",
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      session: undefined,
    },
    ...more,
  };
  return { lookupKey: (id) => (id === "AKIAIOSFODNN7EXAMPLE" || id === "AKIDEXAMPLE" ? key : undefined) };
}

function request(line: string, headers: Record<string, string>, body = ""): SignedRequest {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: new Map(Object.entries(headers)),
    body: Buffer.from(body),
  };
}

function s3Request(
  line: string,
  signed: string,
  signature: string,
  headers: Record<string, string>,
  body = "",
) {
  return request(
    line,
    {
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-content-sha256": sha256Hex(body),
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${signature}`,
    },
    body,
  );
}

function verify(sent: SignedRequest, keys = keysWith(), now = AT) {
  const credential = readCredential(sent);
  if (credential === undefined) throw new Error("unsigned");
  return verifySignature(sent, credential, keys, now);
}

/** Code, status and detail of what it refuses with; `undefined` where it accepts. */
function refusalOf(action: () => unknown): AwsError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

const HASHED = "host;x-amz-content-sha256;x-amz-date";
const EXAMPLES = {
  "GET with a range": s3Request(
    "GET /test.txt",
    "host;range;x-amz-content-sha256;x-amz-date",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    { range: "bytes=0-9" },
  ),
  "PUT of a key with a dollar sign": s3Request(
    "PUT /test$file.text",
    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    "Welcome to Amazon S3.",
  ),
  "GET of a sub-resource": s3Request(
    "GET /?lifecycle",
    HASHED,
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    {},
  ),
  "GET of a list": s3Request(
    "GET /?max-keys=2&prefix=J",
    HASHED,
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    {},
  ),
};

const PRESIGNED = request(
  "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  { host: "examplebucket.s3.amazonaws.com" },
);

describe("AWS's examples", () => {
  for (const [name, example] of Object.entries(EXAMPLES)) {
    test(name, () => {
      expect(verify(example).key.caller.userid).toBe("AIDAA");
    });
    test(`${name}: with one thing changed`, () => {
      const headers = new Map(example.headers);
      for (const changed of [
        { ...example, path: `${example.path}x` },
        { ...example, method: "DELETE" },
        { ...example, query: new URLSearchParams("a=b") },
        { ...example, headers: new Map([...headers, ["host", "other"]]) },
        { ...example, headers: new Map([...headers, ["x-amz-content-sha256", sha256Hex("x")]]) },
      ]) {
        expect(refusalOf(() => verify(changed))).toMatchObject({
          code: "SignatureDoesNotMatch",
          status: 403,
        });
      }
    });
  }

  test("a presigned URL", () => {
    expect(verify(PRESIGNED).credential.presigned).toBe(true);
  });

  test("IAM's ListUsers, step by step", () => {
    const sent = request("GET /?Action=ListUsers&Version=2010-05-08", {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      host: "iam.amazonaws.com",
      "x-amz-date": "20150830T123600Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    });
    const canonical = canonicalRequest(sent, "iam", ["content-type", "host", "x-amz-date"], EMPTY);
    expect(sha256Hex(canonical)).toBe("f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    expect(stringToSign("20150830T123600Z", "scope", canonical).split("\n")[3]).toBe(sha256Hex(canonical));
    const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    expect(signingKey(secret, "20150830", "us-east-1", "iam").toString("hex")).toBe(
      "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
    );
    const keys = keysWith({ secretAccessKey: secret });
    expect(verify(sent, keys, new Date("2015-08-30T12:40:00Z")).credential.service).toBe("iam");
  });
});

describe("chunked bodies", () => {
  const chunk = (size: number, signature: string) =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${"a".repeat(size)}\r\n`;
  const streamed = {
    host: "s3.amazonaws.com",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
  };
  const signedPart = `${[
    chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
  ].join("")}`;
  const kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  const example = s3Request(
    "PUT /examplebucket/chunkObject.txt",
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    { ...streamed, "content-length": "66824", "x-amz-content-sha256": kind },
  );

  test("signed chunks", () => {
    const verified = verify(example);
    const { body } = decodeChunks(Buffer.from(signedPart), kind, example.headers, verified);
    expect(body.length).toBe(66560);
    const changed = Buffer.from(signedPart.replace("\r\na", "\r\nb"));
    expect(refusalOf(() => decodeChunks(changed, kind, example.headers, verified))?.code).toBe(
      "SignatureDoesNotMatch",
    );
    const short = Buffer.from(signedPart.slice(0, 70_000 - 5_000));
    expect(refusalOf(() => decodeChunks(short, kind, example.headers, verified))?.code).toBe(
      "IncompleteBody",
    );
  });

  test("signed chunks with a signed trailer", () => {
    const trailing = `${kind}-TRAILER`;
    const sent = s3Request(
      "PUT /examplebucket/chunkObject.txt",
      "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
      "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
      { ...streamed, "x-amz-content-sha256": trailing, "x-amz-trailer": "x-amz-checksum-crc32c" },
    );
    const body = (crc: string) =>
      Buffer.from(
        [
          chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
          chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
          "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n",
          `x-amz-checksum-crc32c:${crc}\r\n`,
          "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
        ].join(""),
      );
    const verified = verify(sent);
    const decoded = decodeChunks(body("sOO8/Q=="), trailing, sent.headers, verified);
    expect(decoded.trailers).toEqual(new Map([["x-amz-checksum-crc32c", "sOO8/Q=="]]));
    expect(refusalOf(() => decodeChunks(body("AAAAAA=="), trailing, sent.headers, verified))?.code).toBe(
      "SignatureDoesNotMatch",
    );
  });

  test("unsigned chunks: a trailer that was announced must come", () => {
    const headers = new Map([
      ["x-amz-decoded-content-length", "2"],
      ["x-amz-trailer", "x-amz-checksum-crc32"],
    ]);
    const decode = (text: string) =>
      decodeChunks(Buffer.from(text), "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers, undefined);
    expect(decode("2\r\nhi\r\n0\r\nx-amz-checksum-crc32:2AAA\r\n\r\n").trailers.size).toBe(1);
    expect(refusalOf(() => decode("2\r\nhi\r\n0\r\n\r\n"))?.code).toBe("MalformedTrailerError");
    expect(refusalOf(() => decode("2\r\nhi\r\n0\r\nother:1\r\n\r\n"))?.code).toBe("MalformedTrailerError");
    expect(refusalOf(() => decode("1\r\nh\r\n0\r\nx-amz-checksum-crc32:2AAA\r\n\r\n"))?.code).toBe(
      "IncompleteBody",
    );
    expect(refusalOf(() => decode("zz\r\n"))?.code).toBe("IncompleteBody");
  });
});

describe("time", () => {
  const list = EXAMPLES["GET of a list"];
  const later = (seconds: number) => new Date(AT.getTime() + seconds * 1000);

  test("fifteen minutes either way, not a second more", () => {
    for (const seconds of [-900, 900])
      expect(refusalOf(() => verify(list, keysWith(), later(seconds)))).toBeUndefined();
    for (const seconds of [-901, 901]) {
      const refused = refusalOf(() => verify(list, keysWith(), later(seconds)));
      expect(refused).toMatchObject({ code: "RequestTimeTooSkewed", status: 403 });
      expect(refused?.detail["ServerTime"]).toBe(later(seconds).toISOString().replace(".000", ""));
    }
  });

  test("a presigned URL ends when it says", () => {
    expect(refusalOf(() => verify(PRESIGNED, keysWith(), later(86_400)))).toBeUndefined();
    expect(refusalOf(() => verify(PRESIGNED, keysWith(), later(86_401)))).toMatchObject({
      code: "AccessDenied",
      status: 403,
    });
    expect(refusalOf(() => verify(PRESIGNED, keysWith(), later(-901)))?.code).toBe("AccessDenied");
  });
});

describe("credentials", () => {
  const list = EXAMPLES["GET of a list"];

  test("unknown key, unsigned header, missing hash", () => {
    const other = { lookupKey: () => undefined };
    expect(refusalOf(() => verify(list, other))).toMatchObject({ code: "InvalidAccessKeyId", status: 403 });
    const acl = { ...list, headers: new Map([...list.headers, ["x-amz-acl", "private"]]) };
    expect(refusalOf(() => verify(acl))?.detail).toEqual({ HeadersNotSigned: "x-amz-acl" });
    const headers = new Map(list.headers);
    headers.delete("x-amz-content-sha256");
    expect(refusalOf(() => verify({ ...list, headers }))?.code).toBe("InvalidRequest");
  });

  test("a temporary key without its token is unknown; an unasked token is invalid", () => {
    const temporary = keysWith({ sessionToken: "token", expiration: new Date("2013-05-24T01:00:00Z") });
    expect(refusalOf(() => verify(list, temporary))?.code).toBe("InvalidAccessKeyId");
  });

  test("forms that are no signature", () => {
    const header = (authorization: string) => request("GET /", { authorization });
    expect(refusalOf(() => readCredential(header("AWS AKIA:sig")))).toMatchObject({ code: "InvalidRequest" });
    expect(refusalOf(() => readCredential(header("AWS4-HMAC-SHA256 Credential=a")))).toMatchObject({
      code: "AuthorizationHeaderMalformed",
      status: 400,
    });
    const expires = request("GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=604801", {});
    expect(refusalOf(() => readCredential(expires))?.code).toBe("AuthorizationQueryParametersError");
    const both = { ...PRESIGNED, headers: list.headers };
    expect(refusalOf(() => readCredential(both))?.code).toBe("InvalidArgument");
    expect(readCredential(request("GET /", {}))).toBeUndefined();
  });
});
