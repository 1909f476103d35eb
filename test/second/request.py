"""What the records of one request must have to do with each other."""
from collections import defaultdict

from encoding import Bad, canonical_bytes, seconds
from persons import aws_claims, aws_members, ci_members, token_claims


class RequestRules:
    def judge_requests(self):
        stories = defaultdict(list)
        for item in self.valid:
            if item.record.type != "enrol":
                stories[item.record.request].append(item)
        for items in stories.values():
            items.sort(key=lambda i: (i.record.at, i.key))
        requests = {r: [i for i in items if i.record.type == "request"] for r, items in stories.items()}
        told = {}
        for request, items in sorted(stories.items()):
            tells = any(i.record.tells_of_session() for i in items)
            asked = requests[request]
            for item in asked[1:]:
                self.find("REQUEST_REPEATED", "invalid", item.key)
            if asked:
                self.judge_request(asked[0], items, requests, tells)
            else:
                for item in items:
                    if not self.is_excused(item, "request", request):
                        self.find("REQUEST_MISSING", "invalid" if item.record.tells_of_session() else "noise", item.key)
        for item in self.valid:
            if item.record.type == "issue" and told.setdefault(item.record.value["accessKeyId"], item) is not item:
                self.find("ACCESS_KEY_REPEATED", "invalid", item.key)

    def is_excused(self, item, kind, request, any_writer=False):
        """A bad object that is not noise, by the same userid, may be what is referred to."""
        return any(not bad.is_noise and bad.type == kind and bad.request == request
                   and (any_writer or bad.userid == item.userid) for bad in self.bad)

    def judge_request(self, asked, items, requests, tells):
        record, value = asked.record, asked.record.value
        weak = "invalid" if tells else "noise"
        self.judge_attested(asked)
        extends = value["claimed"].get("extends")
        if extends is not None:
            other = requests.get(extends, [])
            if not other:
                if not self.is_excused(asked, "request", extends):
                    self.find("EXTENDS_UNKNOWN", weak, asked.key)
            elif not any(o.userid == asked.userid and o is not asked and o.record.value["targets"] == value["targets"] for o in other):
                self.find("EXTENDS_DIFFERS", weak, asked.key)
        opens = seconds(value["claimed"]["notBefore"]) if "notBefore" in value["claimed"] else None
        latest = record.at + 30 * 86400 + 60
        if "notBefore" in value["claimed"] and (opens is None or not record.at - 60 <= opens <= latest):
            self.find("WINDOW_INVALID", weak, asked.key)
            opens = None
        requester, alone = self.person(asked), value["issuer"] == "requester"
        by_type = defaultdict(list)
        for item in items:
            if item is asked or item.record.type == "request":
                continue
            other, kind = item.record, item.record.type
            own = item.userid == asked.userid
            if kind == "end" and not own or alone and (kind == "abort" and not own or kind == "issue" and item.chain != asked.chain):
                self.find("WRITER_DIFFERS", "invalid" if other.tells_of_session() else "noise", item.key)
                if kind == "issue":
                    by_type[kind].append(item)
                continue
            if other.value["requestHash"] != record.sha256:
                self.find("REQUEST_HASH", "invalid", item.key)
            if kind in ("issue", "approval", "denial") and other.value["catalog"] != value["catalog"]:
                self.find("CATALOG_DIFFERS", "invalid", item.key)
            by_type[kind].append(item)
        approvals = {i.record.sha256: i for i in by_type["approval"]}
        for item in by_type["approval"]:
            if self.person(item).may_be(requester):
                self.find("DECISION_OWN", "invalid", item.key)
        for item in by_type["review"]:
            if self.person(item).may_be(requester):
                self.find("REVIEW_OWN", "invalid", item.key)
        self.judge_issues(asked, by_type, approvals, opens)
        issues = {i.record.sha256 for i in by_type["issue"]}
        for item in by_type["end"]:
            if item.record.value["issueHash"] not in issues and not self.is_excused(asked, "issue", record.request, not alone):
                self.find("ISSUE_HASH", "invalid", item.key)

    def person(self, item):
        return self.people[item.chain]

    def judge_issues(self, asked, by_type, approvals, opens):
        record, value, issuer = asked.record, asked.record.value, asked.record.value["issuer"]
        firsts = [i for i in by_type["issue"] if i.record.value["renews"] == "-"]
        first = (firsts or by_type["issue"] or [None])[0]
        issues = {i.record.sha256 for i in by_type["issue"]}
        for item in by_type["issue"]:
            issue, at = item.record.value, item.record.at
            check = lambda fault, code_: fault and self.find(code_, "invalid", item.key)
            check(issue["role"] != value["role"], "ISSUE_ROLE")
            check(issue["sessionName"] != "jit-" + record.request, "ISSUE_SESSION_NAME")
            check(any(d not in approvals for d in issue["decisions"])
                  and not self.is_excused(item, "approval", record.request, any_writer=True), "DECISION_UNKNOWN")
            if issuer == "approver":
                own = [d for d in issue["decisions"] if d in approvals and approvals[d].chain == item.chain]
                check(not own, "WRITER_DIFFERS")
                claim = self.mirror.first("v1/claim/" + record.request)
                check(own and (not claim or claim.bytes() not in [canonical_bytes({
                    "approval": d, "request": record.request, "requestHash": record.sha256, "v": 1}) for d in own]), "ISSUE_UNCLAIMED")
            if issuer != "broker":
                tags = issue["tags"]
                check(tags.get("jit:request") != record.request or tags.get("jit:access") != " ".join(value["targets"]), "ISSUE_TAGS")
            check((issue["sealed"] == "-") != (issuer == "requester"), "ISSUE_SEALED")
            check(item in firsts[1:], "ISSUE_REPEATED")
            check(issue["renews"] != "-" and (issue["renews"] not in issues or issue["renews"] == item.record.sha256)
                  and not self.is_excused(item, "issue", record.request), "RENEWAL_UNKNOWN")
            not_after, duration = seconds(issue["notAfter"]), value["duration"]
            check(opens is not None and (at < opens - 60 or item.version.time < opens - 60), "ISSUE_EARLY")
            check(opens is not None and not_after > opens + duration or item is first and not_after - at > duration + 60,
                  "NOT_AFTER_LATE")
            check(item is not first and issue["notAfter"] != first.record.value["notAfter"], "NOT_AFTER_DIFFERS")
            check(at >= not_after + 60, "ISSUE_LATE")
            check(seconds(issue["expiration"]) - at > issue["durationSeconds"] + 60, "EXPIRATION_LATE")
        if firsts and any(first.record.at > i.record.at for i in by_type["abort"]):
            self.find("ISSUE_ABORTED", "notice", first.key)

    def judge_attested(self, asked):
        record, attested = asked.record, asked.record.value["attested"]
        if not attested:
            return
        expected, proofs, state = {}, False, None
        for kind in ("aws", "ci"):
            token = "".join(attested.get(f"proof.{kind}.{i}", "") for i in range(1, 9))
            if not token:
                continue
            proofs = True
            expected |= {f"proof.{kind}.{i // 2048 + 1}": token[i:i + 2048] for i in range(0, len(token), 2048)}
            try:
                claims = token_claims(token, lambda aud: aud == record.kid or isinstance(aud, list) and record.kid in aud,
                                      record.at, self.trust.issuers)
                expected |= aws_members(aws_claims(claims, record.value["by"])) if kind == "aws" else ci_members(claims)
            except Bad as bad:
                state = state or str(bad)
        if not proofs or state == "UNTRUSTED":
            self.find("ATTESTED_UNPROVEN", "notice", asked.key)
        elif state == "INVALID" or expected != attested:
            self.find("ATTESTED_INVALID", "invalid", asked.key)
