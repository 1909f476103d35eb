"""Trust files, catalogs, and whatever else administrators sign."""
import base64
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from encoding import Bad, canonical_bytes, need, sha256, strict_json, unbase64url
from keys import Key
from record import THUMBPRINT, digest, either, form, integer, is_key, listed, members, none, role, str_, text, time


def signed(data, typ, code_):
    """Payload and signatures of a general JWS in its one spelling: [(kid, alg, signature, message)]."""
    need(data is not None and len(data) <= 4 * 1024 * 1024, code_)
    jws = strict_json(data, code_)
    need(members(payload=str_, signatures=lambda v: isinstance(v, list) and 1 <= len(v) <= 64)(jws), code_)
    payload, found = unbase64url(jws["payload"], code_), []
    for one in jws["signatures"]:
        need(members(protected=str_, signature=str_)(one), code_)
        head = rf'\{{"alg":"(Ed25519|ES256)","kid":"({THUMBPRINT})","typ":"{re.escape(typ)}"\}}'
        header = re.fullmatch(head.encode(), unbase64url(one["protected"], code_))
        signature = unbase64url(one["signature"], code_)
        need(header and len(signature) == 64, code_)
        found.append((header[2].decode(), header[1].decode(), signature, f"{one['protected']}.{jws['payload']}".encode()))
    kids = [kid for kid, *_ in found]
    need(kids == sorted(set(kids)) and canonical_bytes(jws) == data, code_)
    return payload, found


def count_signatures(signatures, keys, code_):
    """How many of these keys signed; a wrong signature by one of them refuses all."""
    count = 0
    for kid, alg, signature, message in signatures:
        if kid in keys:
            try:
                keys[kid].verify(alg, signature, message)
            except Bad:
                raise Bad(code_) from None
            count += 1
    return count


TRUST = dict(
    v=lambda v: type(v) is int and v == 1, organization=form(r"[a-z][a-z0-9-]{0,62}"), version=integer(1), previous=either(digest, none),
    threshold=integer(1, 64),
    administrators=lambda v: isinstance(v, list) and 1 <= len(v) <= 64 and all(map(members(key=is_key, name=text(1, 200)), v)),
    logKeys=listed(0, 64, str_), witnesses=listed(0, 64, str_),
    tokenIssuers=lambda v: isinstance(v, list) and all(map(members(issuer=str_, keys=lambda k: isinstance(k, list)), v)),
    sessionNameRoles=listed(0, 1000, role), refusePathOnly=lambda v: isinstance(v, bool))
REVOKED = either(members(at=time, thumbprint=form(THUMBPRINT)), members(at=time, thumbprint=form(THUMBPRINT), size=integer(0)))


class TrustFile:
    def __init__(self, data, before, fingerprint):
        payload, self.signatures = signed(data, "jit-trust+jws", "TRUST_INVALID")
        need(before or sha256(payload) == fingerprint, "TRUST_FINGERPRINT")
        self.value = value = strict_json(payload, "TRUST_INVALID")
        need(isinstance(value, dict) and members(**TRUST)({k: v for k, v in value.items() if k != "revokedKeys"}), "TRUST_INVALID")
        self.revoked = value.get("revokedKeys", [])
        need(isinstance(self.revoked, list) and all(map(REVOKED, self.revoked)), "TRUST_INVALID")
        names = [one["thumbprint"] for one in self.revoked]
        need(names == sorted(set(names)) and (names or "revokedKeys" not in value), "TRUST_INVALID")
        self.revoked = {r["thumbprint"]: r for r in self.revoked}
        need(canonical_bytes(value) == payload, "TRUST_INVALID")
        self.sha256, self.version, self.threshold = sha256(payload), value["version"], value["threshold"]
        self.keys = {key.thumbprint: key for key in (Key(a["key"]) for a in value["administrators"])}
        need(len(self.keys) == len(value["administrators"]) == len({a["name"] for a in value["administrators"]}), "TRUST_INVALID")
        need(self.threshold <= len(self.keys), "TRUST_INVALID")
        if before is None:
            need(self.version == 1 and value["previous"] == "-", "TRUST_INVALID")
        else:
            need(self.version == before.version + 1 and value["previous"] == before.sha256, "TRUST_INVALID")
            need(value["organization"] == before.value["organization"] and before.revoked.keys() <= self.revoked.keys(), "TRUST_INVALID")
        for signer in filter(None, (self, before)):
            need(count_signatures(self.signatures, signer.keys, "TRUST_INVALID") >= signer.threshold, "TRUST_INVALID")
        self.issuers = {i["issuer"]: i["keys"] for i in value["tokenIssuers"]}

    def signed_catalog(self, signatures):
        try:
            return count_signatures(signatures, self.keys, "") >= self.threshold
        except Bad:
            return False

    def vkeys(self, member, kind):
        """{key id in hex: (name, key)} of C2SP verifier keys."""
        found = {}
        for line in self.value[member]:
            name, key_id, data = line.split("+", 2)
            data = base64.b64decode(data)
            need(data[0] == kind and sha256(name.encode() + b"\n" + data)[:8] == key_id, "TRUST_INVALID")
            found[key_id] = (name, Ed25519PublicKey.from_public_bytes(data[1:]))
        return found


class TrustRules:
    """What is believed before all else."""

    def read_trust(self, fingerprint):
        self.trust_files, self.catalogs = [], {}
        while True:
            version = self.mirror.first(f"v1/trust/{len(self.trust_files) + 1}.json")
            if not version:
                break
            file = TrustFile(version.bytes(), self.trust_files[-1] if self.trust_files else None, fingerprint)
            file.time = version.time
            self.trust_files.append(file)
        need(self.trust_files, "TRUST_MISSING")
        self.trust = self.trust_files[-1]
        for key in self.mirror.under("v1/catalog/"):
            version = self.mirror.newest(key) if key.endswith("/current.jws") else self.mirror.first(key)
            try:
                payload, signatures = signed(version and version.bytes(), "jit-catalog+jws", "CATALOG_INVALID")
            except Bad:
                need(not key.endswith("/current.jws"), "CATALOG_INVALID")
                continue
            digest_ = sha256(payload)
            if key.endswith("/current.jws"):
                need(self.trust.signed_catalog(signatures), "CATALOG_SIGNATURE_INVALID")
            elif key != f"v1/catalog/{digest_}.jws":
                continue
            if any(file and file.signed_catalog(signatures) for file in (self.trust, self.trust_at(version.time))):
                self.catalogs[digest_] = payload

    def trust_at(self, time_):
        return next((file for file in reversed(self.trust_files) if file.time <= time_), None)
