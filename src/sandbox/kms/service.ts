import { createHash } from "node:crypto";
import { accessDenied, type WorldAuthorizer } from "../authorize.ts";
import type { Trail } from "../cloudtrail.ts";
import { AwsError, type Call, type Reply, type Service } from "../service.ts";
import type { KmsKey, World } from "../world.ts";
import { ALGORITHMS, publicDer, signWith } from "./keys.ts";

/**
 * KMS as far as signing needs it: `Sign`, `GetPublicKey` and `DescribeKey` over JSON 1.1.
 * Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html and its neighbours
 */
export function createKms(world: World, authorizer: WorldAuthorizer, trail: Trail): Service {
  const actions: Readonly<Record<string, (call: Call, input: Input, asked: Asked) => unknown>> = {
    Sign: (call, input, asked) => signed(world, authorizer, call, input, asked),
    GetPublicKey(call, _, asked) {
      demand(authorizer, call, "kms:GetPublicKey", asked);
      return { ...shape(asked.key), PublicKey: base64(publicDer(asked.key)) };
    },
    DescribeKey(call, _, asked) {
      demand(authorizer, call, "kms:DescribeKey", asked);
      const { key } = asked;
      const metadata = {
        ...shape(key),
        AWSAccountId: key.arn.split(":")[4],
        Arn: key.arn,
        KeyId: key.id,
        CreationDate: Date.parse(key.created) / 1000,
        Enabled: key.enabled,
        KeyState: key.enabled ? "Enabled" : "Disabled",
        KeyManager: "CUSTOMER",
        Origin: "AWS_KMS",
        MultiRegion: false,
      };
      return { KeyMetadata: metadata };
    },
  };
  return {
    handle(call) {
      const target = call.headers.get("x-amz-target") ?? "";
      const name = target.startsWith("TrentService.") ? target.slice("TrentService.".length) : "";
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (action === undefined) throw new AwsError("UnknownOperationException", 400, "");
      const input = readInput(call);
      const event = (key: KmsKey | undefined) => ({
        call,
        source: "kms.amazonaws.com",
        name,
        parameters: {
          keyId: key?.arn ?? String(input["KeyId"]),
          ...(name === "Sign"
            ? {
                messageType: String(input["MessageType"] ?? "RAW"),
                signingAlgorithm: String(input["SigningAlgorithm"]),
              }
            : {}),
        },
        resources: key === undefined ? [] : [{ type: "AWS::KMS::Key", name: key.arn }],
        readOnly: true,
      });
      let asked: Asked | undefined;
      try {
        asked = findKey(world, call, input["KeyId"]);
        const reply = json(action(call, input, asked));
        trail.record(event(asked.key));
        return reply;
      } catch (error) {
        if (error instanceof AwsError) trail.record({ ...event(asked?.key), error });
        throw error;
      }
    },
  };
}

type Input = Readonly<Record<string, unknown>>;

interface Asked {
  readonly key: KmsKey;
  /** `alias/NAME`, where the caller named the key so. */
  readonly alias: string | undefined;
}

function signed(
  world: World,
  authorizer: WorldAuthorizer,
  call: Call,
  input: Input,
  asked: Asked,
): Record<string, unknown> {
  const { key } = asked;
  const type = input["MessageType"] ?? "RAW";
  const algorithm = input["SigningAlgorithm"];
  if ((type !== "RAW" && type !== "DIGEST") || typeof algorithm !== "string") {
    throw invalid("MessageType must be RAW or DIGEST, and SigningAlgorithm must be given");
  }
  const message = Buffer.from(typeof input["Message"] === "string" ? input["Message"] : "", "base64");
  if (message.length < 1 || message.length > 4096) {
    throw invalid("1 validation error detected: 'message' must have a length between 1 and 4096");
  }
  demand(authorizer, call, "kms:Sign", asked, {
    "kms:SigningAlgorithm": algorithm,
    "kms:MessageType": type,
  });
  if (!key.enabled) throw new AwsError("DisabledException", 400, `${key.arn} is disabled.`);
  const allowed: readonly string[] = ALGORITHMS[key.spec];
  if (!allowed.includes(algorithm)) {
    const text = `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`;
    throw new AwsError("InvalidKeyUsageException", 400, text);
  }
  if (algorithm === "ED25519_PH_SHA_512") {
    throw new AwsError(
      "UnsupportedOperationException",
      400,
      "The sandbox does not sign digests with Ed25519",
    );
  }
  if (algorithm === "ED25519_SHA_512" && type !== "RAW") {
    throw invalid(`Algorithm ${algorithm} takes a message of type RAW.`);
  }
  if (type === "DIGEST" && message.length !== 32) {
    throw invalid(`Digest is invalid length for algorithm ${algorithm}.`);
  }
  const isRawP256 = key.spec === "ECC_NIST_P256" && type === "RAW";
  const bytes = isRawP256 ? createHash("sha256").update(message).digest() : message;
  return {
    KeyId: key.arn,
    Signature: base64(signWith(key, bytes, world.random)),
    SigningAlgorithm: algorithm,
  };
}

/** The key policy must allow it in any case; where it names the account, the caller's own policies decide. */
function demand(
  authorizer: WorldAuthorizer,
  call: Call,
  action: string,
  { key, alias }: Asked,
  context: Readonly<Record<string, string>> = {},
): void {
  const { caller } = call;
  const evaluation = authorizer.authorize(call, action, key.arn, {
    resourceAccount: key.arn.split(":")[4] ?? "",
    resourcePolicies: [key.policy],
    context: {
      "kms:CallerAccount": caller?.principal.account ?? "",
      "kms:KeyOrigin": "AWS_KMS",
      "kms:KeySpec": key.spec,
      "kms:KeyUsage": "SIGN_VERIFY",
      "kms:MultiRegion": "false",
      ...(alias === undefined ? {} : { "kms:RequestAlias": alias }),
      ...context,
    },
  });
  if (evaluation.verdict === "allow") return;
  const text = caller === undefined ? "" : accessDenied(caller, action, key.arn, evaluation).message;
  throw new AwsError("AccessDeniedException", 400, text);
}

/** By key id or alias of the caller's account, or by the ARN of either. */
function findKey(world: World, call: Call, wanted: unknown): Asked {
  if (typeof wanted !== "string" || wanted === "") throw invalid("KeyId must be given");
  const arn = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):((?:key|alias)\/.+)$/.exec(wanted);
  const [, region = call.region, owner = call.caller?.principal.account ?? "", rest = wanted] = arn ?? [];
  if (region !== call.region) throw new AwsError("NotFoundException", 400, `Invalid arn ${region}`);
  const keys = [...(world.accounts.get(owner)?.kmsKeys.values() ?? [])].filter(
    (key) => key.region === region,
  );
  const alias = rest.startsWith("alias/") ? rest : undefined;
  const id = rest.replace(/^key\//, "");
  const key = keys.find((one) => (alias === undefined ? one.id === id : `alias/${one.alias}` === alias));
  if (key !== undefined) return { key, alias };
  const name = arn === null ? `arn:aws:kms:${region}:${owner}:${alias ?? `key/${id}`}` : wanted;
  const text = alias === undefined ? `Key '${name}' does not exist` : `Alias ${name} is not found.`;
  throw new AwsError("NotFoundException", 400, text);
}

function shape({ arn, spec }: KmsKey): Record<string, unknown> {
  return {
    KeyId: arn,
    CustomerMasterKeySpec: spec,
    KeySpec: spec,
    KeyUsage: "SIGN_VERIFY",
    SigningAlgorithms: ALGORITHMS[spec],
  };
}

function readInput(call: Call): Input {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(call.body) || "{}");
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Falls through to AWS's own error for a body that does not parse.
  }
  throw new AwsError("SerializationException", 400, "");
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", 400, message);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function json(body: unknown): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(body),
  };
}
