"""AWS's statement and other tokens; who holds a key."""
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from encoding import Bad, need, strict_json, unbase64url
from record import text


def token_claims(token, audience_is_right, at, issuers):
    """Claims of a JWT whose issuer the trust file names; raises Bad("UNTRUSTED") where it names none, else Bad("INVALID")."""
    parts = token.split(".")
    need(len(parts) == 3, "INVALID")
    head, body, signature = (unbase64url(part, "INVALID") for part in parts)
    header, claims = strict_json(head, "INVALID"), strict_json(body, "INVALID")
    need(isinstance(header, dict) and isinstance(claims, dict), "INVALID")
    need(isinstance(claims.get("iss"), str) and claims["iss"] in issuers, "UNTRUSTED")
    need("crit" not in header, "INVALID")
    jwk = next((k for k in issuers[claims["iss"]] if k.get("kid") == header.get("kid") and "kid" in k), None)
    need(jwk, "INVALID")
    message = f"{parts[0]}.{parts[1]}".encode()
    number = lambda m: int.from_bytes(unbase64url(jwk[m], "INVALID"), "big")
    try:
        if header.get("alg") == "RS256" and jwk["kty"] == "RSA":
            key = rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
            need(key.key_size >= 2048, "INVALID")
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            need(header.get("alg") == "ES384" and jwk.get("crv") == "P-384" and len(signature) == 96, "INVALID")
            key = ec.EllipticCurvePublicNumbers(number("x"), number("y"), ec.SECP384R1()).public_key()
            r, s = (int.from_bytes(half, "big") for half in (signature[:48], signature[48:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, KeyError, ValueError):
        raise Bad("INVALID") from None
    need(audience_is_right(claims.get("aud")), "INVALID")
    need(all(type(claims.get(m)) in (int, float) for m in ("iat", "exp")) and claims["iat"] - 300 <= at <= claims["exp"] + 300, "INVALID")
    return claims


def aws_claims(claims, by):
    aws = claims.get("https://sts.amazonaws.com/")
    need(isinstance(aws, dict) and aws.get("aws_account") == by["account"], "INVALID")
    arn, subject = by["arn"], aws.get("principal_id", claims.get("sub"))
    session = re.fullmatch(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/[^/]+", arn)
    need(isinstance(subject, str) and (re.fullmatch(rf"arn:{session[1]}:iam::{session[2]}:role/(?:.*/)?{re.escape(session[3])}", subject)
                                       if session else subject == arn), "INVALID")
    return aws


class Person:
    """What is known of who holds an enrolled key."""

    def __init__(self, enrol, trust):
        self.userid, arn, self.attested, aws, claims = enrol.userid, enrol.value["by"]["arn"], False, {}, {}
        self.finding = None
        if enrol.value["statement"] != "-":
            try:
                claims = token_claims(enrol.value["statement"], lambda aud: aud in (enrol.kid, [enrol.kid]), enrol.at, trust.issuers)
                aws, self.attested = aws_claims(claims, enrol.value["by"]), True
            except Bad as bad:
                self.finding = "STATEMENT_" + str(bad)
                aws, claims = {}, {}
        self.known = set()
        if not self.attested:
            return
        principal, center = aws.get("principal_id", claims.get("sub")), aws.get("identity_store_user_id")
        user = re.fullmatch(r".*:user/(?:.*/)?([^/]+)", principal)
        is_named = isinstance(center, str) and center or principal in trust.value["sessionNameRoles"]
        for kind, value in (("user", center), ("origin", aws.get("subject_mode") == "OriginIdentity" and claims.get("sub")),
                            ("name", aws.get("source_identity")), ("name", user and user[1]),
                            ("name", is_named and self.userid.partition(":")[2])):
            if isinstance(value, str) and value:
                self.known.add((kind, value.lower() if kind == "name" else value))

    def may_be(self, other):
        if self.known & other.known or self.userid == other.userid:
            return True
        mine, theirs = self.userid.split(":")[0], other.userid.split(":")[0]
        return mine == theirs and (not self.known or not other.known or not mine.startswith("AROA"))


is_value = text(1, 256)


def aws_members(aws):
    found = {"account": aws.get("aws_account"), "sourceIdentity": aws.get("source_identity"),
             "identityCenter.userId": aws.get("identity_store_user_id"), "federatedProvider": aws.get("federated_provider")}
    tags = aws.get("principal_tags") if isinstance(aws.get("principal_tags"), dict) else {}
    names = sorted(k for k, v in tags.items() if re.fullmatch(r"[A-Za-z0-9._:/-]{1,100}", k) and is_value(v))
    found |= {"tag." + k: tags[k] for k in names[:32]}
    return {k: v for k, v in found.items() if is_value(v)}


def ci_members(claims):
    need("https://sts.amazonaws.com/" not in claims, "INVALID")
    found = {"ci.provider": "GitHub Actions", "ci.issuer": claims.get("iss"), "ci.repository": claims.get("repository"),
             "ci.ref": claims.get("ref"), "ci.environment": claims.get("environment"), "ci.workflow": claims.get("job_workflow_ref"),
             "ci.run": claims.get("run_id")}
    return {k: v for k, v in found.items() if is_value(v)}
