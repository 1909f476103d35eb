"""Objects under v1/rec/: their names, places, keys, signatures and chains."""
import re
from collections import defaultdict

from encoding import Bad, need, seconds, sha256
from keys import Key
from persons import Person
from record import NAME, Record


class Item:
    """An object under v1/rec/ whose name fits the grammar."""

    def __init__(self, key, version, name, is_suspect):
        self.key, self.version, self.is_suspect = key, version, is_suspect
        self.hour, self.request, self.userid, self.thumbprint, self.n, self.type = *name.groups()[:4], int(name[5]), name[6]
        self.chain, self.record, self.codes, self.is_noise = (self.userid, self.thumbprint), None, [], False

    def misplaced(self, log):
        """What the name tells wrong of the record."""
        r = self.record
        checks = {"LOG_DIFFERS": r.value["log"] != log, "KID_DIFFERS": r.kid != self.thumbprint, "USERID_DIFFERS": r.userid != self.userid,
                  "NAME_DIFFERS": (r.request, r.n, r.type) != (self.request, self.n, self.type),
                  "HOUR_DIFFERS": re.sub(r"[-:]", "", r.value["at"])[:11] != self.hour}
        return [code_ for code_, wrong in checks.items() if wrong]


def is_hour(hour):
    return seconds(f"{hour[:4]}-{hour[4:6]}-{hour[6:8]}T{hour[9:]}:00:00Z") is not None


class ChainRules:
    def read_records(self):
        """Sorts objects into well-formed ones and bad ones."""
        self.bad, self.good = [], []
        for key in self.mirror.under("v1/rec/"):
            versions = self.mirror.objects[key]
            oldest = self.mirror.first(key)
            whole = [v.bytes() for v in versions if not v.is_marker]
            name = NAME.fullmatch(key)
            if not name or int(name[5]) >= 2**53 or not is_hour(name[1]):
                self.find("NAME_INVALID", "noise", key)
                continue
            deleted, replaced = any(v.is_marker for v in versions), False
            if deleted:
                self.find("OBJECT_DELETED", "invalid", key)
            for data in whole[:-1]:
                same = data is not None and data == whole[-1]
                replaced = replaced or not same
                self.find(*("OBJECT_REPEATED", "notice") if same else ("OBJECT_REPLACED", "invalid"), key)
            if not oldest:
                continue
            item = Item(key, oldest, name, deleted or replaced)
            try:
                need(oldest.size <= 48 * 1024, "ENVELOPE_TOO_LARGE")
                need(whole[-1] is not None, "OBJECT_UNREADABLE")
                item.record = Record(whole[-1])
            except Bad as bad:
                item.codes = [str(bad)]
                item.is_suspect = item.is_suspect or str(bad) == "OBJECT_UNREADABLE"
                self.bad.append(item)
                continue
            self.good.append(item)

    def judge_keys(self):
        """Sorts well-formed records into valid ones, in chains, and bad ones."""
        self.people, self.chains, self.keys, stray = {}, defaultdict(lambda: defaultdict(list)), {}, defaultdict(list)
        for item in sorted(self.good, key=lambda item: (item.record.type != "enrol", item.key)):
            record, chain, item.codes = item.record, item.chain, item.misplaced(self.log)
            key = Key(record.value["key"]) if record.type == "enrol" else self.keys.get(chain)
            try:
                if key:
                    key.verify(record.alg, record.signature, record.message)
            except Bad as bad:
                item.codes.append(str(bad))
            if not item.codes and not key:
                stray[chain].append(item)
                continue
            if not item.codes and self.is_revoked(item):
                item.codes = ["KEY_REVOKED"]
            elif record.value["catalog"] not in self.catalogs:
                item.is_suspect = item.is_suspect or not item.codes
                item.codes.append("CATALOG_UNKNOWN")
            if item.codes:
                self.bad.append(item)
            else:
                self.chains[chain][record.n].append(item)
                self.keys[chain] = key
                if record.type == "enrol" and chain not in self.people:
                    self.people[chain] = Person(record, self.trust)
        for chain, items in stray.items():
            tells = any(item.record.tells_of_session() for item in items)
            for item in items:
                item.is_noise = not item.is_suspect and not tells
            keys = sorted(item.key for item in items)
            enrol = [bad.key for bad in self.bad if bad.chain == chain and bad.type == "enrol"]
            about = sha256("\n".join(keys).encode())
            self.find("KEY_NOT_ENROLLED", "invalid" if tells else "noise", (enrol or keys)[0], about)
        for item in self.bad:
            if item.codes == ["KEY_REVOKED"] and not item.is_suspect:
                item.is_noise = not item.record.tells_of_session()
            else:
                item.is_noise = self.is_noise(item, stray)
            for code_ in item.codes:
                self.find(code_, "noise" if item.is_noise else "invalid", item.key)
        self.bad += [item for items in stray.values() for item in items]

    def is_revoked(self, item):
        entry = self.trust.revoked.get(item.record.kid)
        index = self.indexes.get((item.key, item.version.id), len(self.leaves))
        return entry and (item.version.time >= seconds(entry["at"]) or index >= entry.get("size", 2**60))

    def is_noise(self, item, stray):
        """Whether nothing is missing without it."""
        told, record = item.chain, item.record
        if item.is_suspect or told in self.keys and not self.chains[told].get(item.n):
            return False
        own = (record.userid, record.kid) if record else None
        if own in self.keys and not self.chains[own].get(record.n) and self.has_signed(own, record):
            return False
        return not (told not in self.keys and any(i.record.tells_of_session() for i in stray.get(told, [])))

    def has_signed(self, chain, record):
        try:
            self.keys[chain].verify(record.alg, record.signature, record.message)
            return True
        except Bad:
            return False

    def judge_chains(self):
        self.valid = []
        numbers = defaultdict(set)
        for item in self.bad:
            numbers[item.chain].add(item.n)
        for chain, by_number in self.chains.items():
            before, enrol = -1, by_number[0][0].record
            for n in sorted(by_number):
                items = by_number[n]
                if n - before - 1 > sum(before < m < n for m in numbers[chain]):
                    self.find("CHAIN_GAP", "invalid", items[0].key, f"{before + 1}-{n - 1}")
                for item in items[1:]:
                    self.find("CHAIN_FORK", "invalid", item.key)
                for item in items:
                    self.valid.append(item)
                    self.judge_alone(item, enrol, item is by_number[0][0])
                record, earlier = items[0].record, by_number[n - 1][0].record if n - 1 in by_number else None
                if earlier and record.value["prev"] != earlier.sha256:
                    self.find("CHAIN_PREV", "invalid", items[0].key)
                if earlier and record.at < earlier.at - 300:
                    self.find("CHAIN_TIME", "notice", items[0].key)
                before = n
        self.valid.sort(key=lambda item: item.key)

    def judge_alone(self, item, enrol, is_enrolment):
        record, by = item.record, item.record.value["by"]
        if item.version.time - record.at > 900:
            self.find("LATE_ARRIVAL", "notice", item.key)
        if record.at - item.version.time > 900:
            self.find("TIME_AHEAD", "notice", item.key)
        if is_enrolment:
            person = self.person(item)
            if person.finding:
                self.find(person.finding, "notice" if person.finding == "STATEMENT_UNTRUSTED" else "invalid", item.key)
            if not person.attested and self.trust.value["refusePathOnly"]:
                self.find("KEY_PATH_ONLY", "invalid", item.key)
        first = enrol.value["by"]
        is_user = all(re.match(r"arn:[^:]+:iam::\d+:user/", b["arn"]) for b in (by, first))
        if by["account"] != first["account"] or by["arn"] != first["arn"] and not is_user:
            self.find("BY_DIFFERS", "invalid", item.key)
