"""What administrators have acknowledged."""
import re
from collections import defaultdict

from encoding import Bad, canonical_bytes, need, seconds, sha256, strict_json
from record import THUMBPRINT, digest, integer, members, sha, str_, text
from trust import count_signatures, signed


NEVER = re.compile(r"CHECKPOINT_|BATCH_|TILE_INVALID|TREE_FORKED|COSIGNATURE_MISSING|SEALED_|OBJECT_UNREADABLE|ACKNOWLEDGEMENT_")


SAID = members(about=str_, code=str_, evidence=digest, log=str_, object=str_, reason=text(1, 1024), severity=str_, v=integer(1, 1))


class AcknowledgementRules:
    def judge_acknowledgements(self):
        said, by_hash = defaultdict(list), {}
        for finding in self.found:
            by_hash[self.hash(finding)] = finding
        for key in self.mirror.under("v1/acknowledged/"):
            name, version = re.fullmatch(rf"v1/acknowledged/({sha})/({THUMBPRINT})\.jws", key), self.mirror.first(key)
            try:
                need(name and version and version.size <= 16384, "ACKNOWLEDGEMENT_INVALID")
                payload, signatures = signed(version.bytes(), "jit-acknowledgement+jws", "ACKNOWLEDGEMENT_INVALID")
                value = strict_json(payload, "ACKNOWLEDGEMENT_INVALID")
                need(SAID(value) and canonical_bytes(value) == payload and value["log"] == self.log, "ACKNOWLEDGEMENT_INVALID")
                need([kid for kid, *_ in signatures] == [name[2]] and not NEVER.match(value["code"]), "ACKNOWLEDGEMENT_INVALID")
                of = {m: value[m] for m in ("about", "code", "evidence", "object", "severity")}
                need(sha256(canonical_bytes(of)) == name[1], "ACKNOWLEDGEMENT_INVALID")
                trust = self.trust_at(version.time)
                need(trust and name[2] in trust.keys, "ACKNOWLEDGEMENT_STRANGER")
                need(count_signatures(signatures, trust.keys, "ACKNOWLEDGEMENT_INVALID") == 1, "ACKNOWLEDGEMENT_INVALID")
                entry = self.trust.revoked.get(name[2])
                need(not entry or version.time < seconds(entry["at"]), "ACKNOWLEDGEMENT_STRANGER")
                said[name[1]].append((version.time, key, name[2], trust))
            except Bad as bad:
                self.find(str(bad), "notice", key)
        for hash_, ones in said.items():
            if not any(len({k for t, _, k, _ in ones if t <= at and k in trust.keys}) >= trust.threshold for at, _, _, trust in ones):
                self.find("ACKNOWLEDGEMENT_MISSING", "notice", ones[0][1])
            elif hash_ not in by_hash:
                self.find("ACKNOWLEDGEMENT_UNUSED", "notice", ones[0][1])
            else:
                by_hash[hash_]["acknowledged"] = True

    def hash(self, finding):
        versions = self.mirror.objects.get(finding["object"], [])
        counts = self.mirror.first(finding["object"])
        data = counts.bytes() if counts and counts.size <= 48 * 1024 else None
        evidence = sha256(canonical_bytes({"sha256": sha256(data) if data is not None else "-", "versions": [v.id for v in versions]}))
        return sha256(canonical_bytes({"about": finding["about"], "code": finding["code"], "evidence": evidence,
                                       "object": finding["object"], "severity": finding["severity"]}))
