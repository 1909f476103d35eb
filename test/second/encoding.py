"""Hashes, base64url, canonical JSON and times, each in its one spelling."""
import base64
import hashlib
import json
import re
from datetime import datetime, timezone


class Bad(Exception):
    """Something is not what it must be; the argument is the code of the finding."""


def need(condition, code):
    if not condition:
        raise Bad(code)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def unbase64url(text, code):
    """Strict: the one spelling, without padding."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, code)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64url(data) == text, code)
    return data


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def units(text):
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def canonical(value):
    """RFC 8785, for strings, integers, booleans, lists and objects."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + canonical(v) for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def canonical_bytes(value):
    return canonical(value).encode("utf-8", "surrogatepass")


def strict_json(data, code):
    """No member twice, at most 32 levels, strict UTF-8."""
    def members(pairs):
        need(len({k for k, _ in pairs}) == len(pairs), code)
        return dict(pairs)

    def number(spelt):
        value = float(spelt)
        return int(value) if value.is_integer() else value

    def level(value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(level, inner), default=0)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_float=number, parse_constant=lambda _: need(False, code))
        need(level(value) <= 32, code)
        return value
    except (ValueError, RecursionError):
        raise Bad(code) from None


def seconds(text):
    """Unix seconds of a time of the format, or None."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text):
        return None
    # Python's calendar begins with the year 1; that of records with 0, whose days are those of 400.
    shift = 146097 * 86400 if text.startswith("0000") else 0
    try:
        moment = datetime.strptime(("0400" if shift else text[:4]) + text[4:], "%Y-%m-%dT%H:%M:%SZ")
        return int(moment.replace(tzinfo=timezone.utc).timestamp()) - shift
    except ValueError:
        return None
