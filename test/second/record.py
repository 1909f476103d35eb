"""A record: the forms of its members, and its envelope."""
import base64
import hashlib
import re

from encoding import Bad, canonical_bytes, need, seconds, sha256, strict_json, unbase64url, units
from keys import Key


ID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
USERID = r"[A-Za-z0-9]{12,128}(?::[A-Za-z0-9_+=,.@-]{1,64})?"
THUMBPRINT = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
TYPES = "enrol|request|approval|denial|issue|end|abort|revoke|review|notice"
NOT_TEXT = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)) + "]")


def form(pattern):
    return lambda v: isinstance(v, str) and re.fullmatch(pattern, v, re.ASCII) is not None


def text(least, most):
    return lambda v: isinstance(v, str) and least <= units(v) <= most and not NOT_TEXT.search(v)


def integer(least, most=2**53 - 1):
    return lambda v: type(v) is int and least <= v <= most


def one_of(words):
    return form(words)


def either(*forms):
    return lambda v: any(f(v) for f in forms)


def members(**forms):
    return lambda v: isinstance(v, dict) and v.keys() == forms.keys() and all(f(v[k]) for k, f in forms.items())


SKIPPED = {"constructor", "prototype", "__proto__"}


def table(most, name, value):
    return lambda v: isinstance(v, dict) and len(v) <= most and all(k in SKIPPED or name(k) and value(x) for k, x in v.items())


def listed(least, most, each):
    return lambda v: isinstance(v, list) and least <= len(v) <= most and all(map(each, v))


def sealed(most):
    return either(members(text=text(1, most)), members(salt=nonce, sha256=digest))


def coordinate(v):
    try:
        return len(unbase64url(v, "")) == 32
    except Bad:
        return False


def is_key(v):
    try:
        return bool(Key(v))
    except Bad:
        return False


none, sha, time = one_of("-"), r"[0-9a-f]{64}", lambda v: seconds(v) is not None
digest, nonce, an_id = form(sha), form(r"[A-Za-z0-9_-]{21}[AQgw]"), form(ID)
role = lambda v: form(r"arn:[a-z0-9-]{1,32}:iam::[0-9]{12}:role/[!-~]+")(v) and len(v) <= 2048
session_name, access_key = form(r"[A-Za-z0-9_+=,.@-]{2,64}"), form(r"[A-Za-z0-9_]{16,128}")
code, target = form(r"[A-Z][A-Z0-9_]{0,63}"), form(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}:[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
root = lambda v: form(r"[A-Za-z0-9+/]{43}=")(v) and base64.b64encode(base64.b64decode(v)).decode() == v
said = table(64, form(r"[A-Za-z][A-Za-z0-9._:/-]{0,127}"), text(0, 2048))
B64 = r"[A-Za-z0-9_-]"

HEAD = dict(
    v=lambda v: type(v) is int and v == 1, log=either(digest, one_of("unsigned")), type=one_of(TYPES), id=an_id, nonce=nonce,
    request=either(an_id, none), n=integer(0), prev=either(digest, none), at=time,
    by=members(account=form(r"[0-9]{12}"), userid=form(USERID),
               arn=lambda v: form(r"arn:[a-z0-9-]{1,32}:(iam|sts)::[0-9]{12}:[!-~]+")(v) and len(v) <= 2048),
    client=form(r"[a-z][a-z0-9._-]{0,63}/[0-9A-Za-z.+-]{1,64}"), catalog=digest,
    seen=either(none, members(root=root, size=integer(0))))
DURATION = integer(1, 31622400)
BODIES = dict(
    enrol=dict(key=is_key, statement=either(none, lambda v: form(rf"{B64}+\.{B64}+\.{B64}+")(v) and len(v) <= 24576)),
    request=dict(targets=lambda v: listed(1, 64, target)(v) and v == sorted(set(v)), role=role,
                 issuer=one_of("requester|approver|broker"), duration=DURATION, purpose=text(1, 1024),
                 reason=sealed(8192), ticket=either(none, sealed(1024)), attested=said, claimed=said,
                 sealTo=either(none, members(crv=one_of("X25519"), kty=one_of("OKP"), x=coordinate),
                               members(crv=one_of("P-256"), kty=one_of("EC"), x=coordinate, y=coordinate))),
    approval=dict(requestHash=digest, comment=either(none, sealed(8192))),
    issue=dict(requestHash=digest, decisions=listed(0, 64, digest), renews=either(none, digest), role=role, sessionName=session_name,
               sourceIdentity=either(none, session_name), tags=table(50, text(1, 128), text(0, 256)),
               accessKeyId=access_key, assumedRoleId=form(USERID), durationSeconds=DURATION, expiration=time, notAfter=time,
               policy=text(1, 2048), policySha256=digest, packed=integer(-1, 1000),
               sealed=either(none, lambda v: form(rf"{B64}+(\.{B64}*){{4}}")(v) and len(v) <= 24576)),
    end=dict(requestHash=digest, issueHash=digest, outcome=one_of("completed|forgotten"), exitCode=integer(-1, 4294967295),
             seconds=integer(-1), command=either(none, digest)),
    abort=dict(requestHash=digest, code=code, step=form(r"[a-z][A-Za-z]{0,31}"), accessKeyId=either(none, access_key)),
    revoke=dict(requestHash=digest, role=role, sessionName=session_name, reason=text(1, 1024)),
    review=dict(requestHash=digest, verdict=one_of("justified|unjustified"), comment=sealed(8192)),
    notice=dict(requestHash=digest, event=one_of("pending|approved|denied|issued|breakGlass|revoked"), to=text(1, 255), code=code))
BODIES["denial"] = BODIES["approval"]
NAME = re.compile(rf"v1/rec/([0-9]{{8}}T[0-9]{{2}})/({ID}|-)/({USERID})/({THUMBPRINT})\.(0|[1-9][0-9]{{0,15}})\.({TYPES})\.jws", re.ASCII)


class Record:
    """A record that is well formed: envelope and payload, but neither its signature nor its place looked at."""

    def __init__(self, data):
        need(len(data) <= 48 * 1024, "ENVELOPE_TOO_LARGE")
        envelope = strict_json(data, "ENVELOPE_SHAPE")
        letters = form(f"{B64}+")
        need(members(payload=letters, protected=letters, signature=letters)(envelope), "ENVELOPE_SHAPE")
        need(canonical_bytes(envelope) == data, "ENVELOPE_SHAPE")
        payload, protected, self.signature = (
            unbase64url(envelope[member], "ENVELOPE_ENCODING") for member in ("payload", "protected", "signature"))
        header = re.fullmatch(rf'\{{"alg":"(Ed25519|ES256)","kid":"({THUMBPRINT})","typ":"jit-record\+jws"\}}'.encode(), protected)
        need(header, "ENVELOPE_HEADER")
        self.alg, self.kid = (part.decode() for part in header.groups())
        need(len(self.signature) == 64, "ENVELOPE_ENCODING")
        need(len(payload) <= 32768, "PAYLOAD_TOO_LARGE")
        self.value = value = strict_json(payload, "PAYLOAD_NOT_JSON")
        kind = value.get("type") if isinstance(value, dict) else None
        need(isinstance(kind, str) and kind in BODIES and members(**HEAD, **BODIES[kind])(value), "RECORD_INVALID")
        skipped = any(SKIPPED & value.get(member, {}).keys() for member in ("attested", "claimed", "tags"))
        need(canonical_bytes(value) == payload and not skipped, "PAYLOAD_NOT_CANONICAL")
        self.message = f"{envelope['protected']}.{envelope['payload']}".encode()
        self.sha256 = sha256(data)
        self.at, self.type, self.userid = seconds(value["at"]), kind, value["by"]["userid"]
        self.request, self.n = value["request"], value["n"]
        self.agree()

    def agree(self):
        value, by = self.value, self.value["by"]
        number = 0
        for letter in value["id"]:
            number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
        need((number >> 80) // 1000 == self.at, "RECORD_ID_TIME")
        digest_ = hashlib.sha256((self.kid + value["nonce"]).encode()).digest()
        need(number & (2**80 - 1) == int.from_bytes(digest_[:10], "big"), "RECORD_ID_HASH")
        need(len({self.type == "enrol", self.n == 0, value["prev"] == "-", self.request == "-"}) == 1, "RECORD_HEAD")
        need(self.type != "request" or value["id"] == self.request, "RECORD_HEAD")
        _, _, service, _, account, rest = by["arn"].split(":", 5)
        session = self.userid.partition(":")[2]
        need(account == by["account"], "RECORD_HEAD")
        if service == "iam":
            need(":" not in self.userid, "RECORD_HEAD")
        else:
            parts = re.fullmatch(r"(?:assumed-role/[^/]+|federated-user)/([^/]+)", rest)
            need(parts and parts[1] == session, "RECORD_HEAD")
        if self.type == "enrol":
            need(Key(value["key"]).thumbprint == self.kid, "RECORD_BODY")
        if self.type == "request":
            need((value["sealTo"] == "-") == (value["issuer"] == "requester"), "RECORD_BODY")
        if self.type == "issue":
            need(value["assumedRoleId"].endswith(":" + value["sessionName"]), "RECORD_BODY")
            need(sha256(value["policy"].encode()) == value["policySha256"], "RECORD_BODY")
            need(len(set(value["decisions"])) == len(value["decisions"]), "RECORD_BODY")

    def tells_of_session(self):
        return self.type == "issue" or self.type == "abort" and self.value["accessKeyId"] != "-"


def str_(v):
    return isinstance(v, str)
