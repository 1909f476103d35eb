"""Keys that sign records and files: RFC 7638, RFC 8032, RFC 7518."""
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from encoding import Bad, base64url, canonical_bytes, need, unbase64url


P25519 = 2**255 - 19
D25519 = -121665 * pow(121666, -1, P25519) % P25519
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SMALL_ORDER = {0, 1, P25519 - 1, *(int.from_bytes(bytes.fromhex(y), "little") for y in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))}


def is_good_ed25519(point):
    encoded = int.from_bytes(point, "little")
    y = encoded & (2**255 - 1)
    square = (y * y - 1) * pow(D25519 * y * y + 1, -1, P25519) % P25519
    return y < P25519 and y not in SMALL_ORDER and pow(square, (P25519 - 1) // 2, P25519) == 1


class Key:
    """A public JWK that signs records, or raises Bad."""
    ALGORITHMS = {"Ed25519": ("OKP", "Ed25519", ["crv", "kty", "x"]), "P-256": ("EC", "ES256", ["crv", "kty", "x", "y"])}

    def __init__(self, jwk):
        crv = jwk.get("crv") if isinstance(jwk, dict) else None
        need(crv in ("Ed25519", "P-256"), "RECORD_INVALID")
        kty, self.alg, members = self.ALGORITHMS[crv]
        need(sorted(jwk) == members and jwk["kty"] == kty, "RECORD_INVALID")
        coordinates = [unbase64url(jwk[m], "RECORD_INVALID") for m in members[2:]]
        need(all(len(c) == 32 for c in coordinates), "RECORD_INVALID")
        self.thumbprint = base64url(hashlib.sha256(canonical_bytes(jwk)).digest())
        if crv == "Ed25519":
            need(is_good_ed25519(coordinates[0]), "RECORD_INVALID")
            self.public = Ed25519PublicKey.from_public_bytes(coordinates[0])
        else:
            self.public = p256(*coordinates)

    def verify(self, alg, signature, message):
        need(alg == self.alg, "KEY_ALGORITHM")
        try:
            if alg == "Ed25519":
                self.public.verify(signature, message)
            else:
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                need(s <= P256_ORDER // 2, "SIGNATURE_HIGH_S")
                self.public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Bad("SIGNATURE_INVALID") from None


def p256(x, y):
    try:
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()).public_key()
    except ValueError:
        raise Bad("RECORD_INVALID") from None
