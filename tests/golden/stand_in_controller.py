"""Answers on a Unix socket as the controller does, with little in it: for transcripts of commands that ask it.

`sources.json` beside the socket says what it follows, [{"name", "repository", "revision", "path"}]; a plan answers with
what it was asked."""
import base64
import http.server
import json
import socketserver
import subprocess
import threading
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

PODS = [("web-1", "1/1", "Running"), ("web-2", "0/1", "Pending")]
SERVICES = [("web", "ClusterIP", "10.43.0.7")]
SOURCES = [("shop", "v1.4.2@sha1:" + "3f9a1c20b7de" * 3 + "3f9a", "False", "True", "commit 3f9a1c20b7de"),
           ("tools", "main", "False", "False", "repository \"ssh://git@git.example.org/tools.git\": the host key of git.example.org "
            "is not known: it shows ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU; nothing was sent")]
FINGERPRINT = "5b" * 32
TOKENS = [("3f9a1c20", "Valid", "2026-01-03T03:04:05Z", "0/1", "<any>", "2m"),
          ("77aa01bc", "Revoked", "2026-01-03T03:04:05Z", "0/1", "host-2", "3m")]
CERTIFICATES = [("host-1", "Valid", "2026-02-01T03:04:05Z", "1", "00069573450123456789abcdef012345"),
                ("host-2", "Revoked", "2026-02-01T03:04:05Z", "1", "00069573460123456789abcdef012345")]
AUTHORITIES = [("1", "Active", "2026-01-02T03:04:05Z", "2035-12-31T03:04:05Z", FINGERPRINT),
               ("2", "Next", "2026-01-02T03:04:06Z", "2035-12-31T03:04:06Z", "6c" * 32)]
TABLES = {"sources": (("Name", "Revision", "Suspended", "Ready", "Message"), SOURCES),
          "pods": (("Name", "Ready", "Status"), PODS), "services": (("Name", "Type", "Cluster-IP"), SERVICES),
          "jointokens": (("Id", "State", "Expires", "Uses", "Node", "Created"), TOKENS),
          "nodecertificates": (("Node", "State", "Expires", "Ca", "Serial"), CERTIFICATES),
          "authorities": (("Ca", "State", "Created", "Expires", "Fingerprint"), AUTHORITIES)}
STAGES = [("seen", 0), ("fetched", 21), ("parsed", 23), ("planned", 24), ("stored", 31), ("due", 31), ("assigned", 32),
          ("accepted", 38), ("sandbox", 151), ("attached", 166), ("image", 166), ("created", 205), ("started", 352), ("network", 352),
          ("ready", 353), ("reported", 391)]
PLAN = {"errors": [], "warnings": [], "pods": [], "workloads": [], "hosts": [],
        "changes": [{"kind": "ConfigMap", "namespace": "default", "name": "words", "change": "created", "fields": []}],
        "summary": {"create": 1}}
OPERATIONS = ("apply", "suspend", "resume", "rollback", "plan-newest")
ENROLLMENT = ("jointokens", "nodecertificates", "authorities")


def table(kind):
    columns, rows = TABLES.get(kind, ((), ()))
    return {"kind": "Table", "columnDefinitions": [{"name": name, "priority": 0} for name in columns],
            "rows": [{"cells": list(row), "object": {"metadata": {"namespace": "default"}}} for row in rows]}


def history(source):
    """Four commits of shop: one that waits, one in force and timed, one that failed, one that was replaced before this controller began."""
    if source == "nothing":
        return {"message": "no source is named 'nothing'"}, 404
    ago = lambda **since: (datetime.utcnow() - timedelta(seconds=5, **since)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stages, before = [], 0
    for name, at in STAGES:
        stages.append({"name": name, "atMs": at, "tookMs": at - before, "sharePercent": round((at - before) * 100 / 391, 1)})
        if name not in ("seen", "fetched", "parsed", "planned", "stored"):
            stages[-1]["medianMs"] = (at - before) * 3 // 4
        before = at
    timing = {"stages": stages, "totalMs": 391, "pod": "default/web-x7k2p", "node": "host-2", "pods": 3, "podsReady": 3, "ended": True,
              "note": ""}
    common = {"source": "shop", "author": "Ada <ada@example.com>", "committedAt": "2026-01-02T03:04:05Z", "message": "", "inForce": False}
    return {"items": [
        dict(common, revision="88bc02cd66ff" * 3 + "88bc", subject="Five of them", result="Waiting", at="2026-01-02T03:04:09Z"),
        dict(common, revision="3f9a1c20b7de" * 3 + "3f9a", subject="Three of them", result="Applied", inForce=True, at=ago(hours=3),
             changes={"created": 1, "changed": 2, "deleted": 0}, timing=timing,
             outcome={"result": "Converged", "tookMs": 391, "podsStarted": 3, "podsStopped": 1}),
        dict(common, revision="77aa01bc55ee" * 3 + "77aa", subject="Four of them", result="Failed", at="2026-01-02T03:04:07Z",
             message="web.yaml:7:3: replicas: \"four\" is not an integer; web.yaml:9:3: replica: unknown field"),
        dict(common, revision="77ab01bc55ee" * 3 + "77ab", subject="Begin\x1b[2J", result="Applied", at=ago(hours=5),
             changes={"created": 4, "changed": 0, "deleted": 0}, outcome={"result": "Replaced"})]}, 200


def objects(kind):
    _, rows = TABLES.get(kind, ((), ()))
    return {"kind": "List", "items": [{"kind": kind, "metadata": {"name": row[0]}} for row in rows]}


def plan(source, body):
    """No changes; its warnings say what it was sent. It has no file, and asks for each."""
    lacking = [file["blobId"] for file in body["files"] if "contentBase64" not in file]
    if lacking:
        return {"need": lacking}
    warnings = [{"file": "", "line": 0, "column": 0, "message": f"planned as source {source} at {body['commit'][:12]}"}]
    for file in body["files"]:
        size = len(base64.b64decode(file["contentBase64"], validate=True))
        warnings.append({"file": file["path"], "line": 1, "column": 1, "message": f"{size} bytes"})
    return {"plan": {"errors": [], "warnings": warnings, "changes": [], "pods": [], "summary": {}}}


def operation(verb, query, body, repository):
    """What is told about a source: shop may be, tools is suspended by its configuration."""
    source = query.get("source", [""])[0]
    if source not in ("", "shop", "tools"):
        return {"message": f"no source is named '{source}'"}, 404
    if verb == "plan-newest":
        return {"commit": "88bc02cd66ff" * 3 + "88bc", "modelRevision": 42, "plan": PLAN}, 200
    if verb == "apply" and json.loads(body)["commit"].startswith("77ab"):
        return {"message": "commit: the plan is of 77ab01bc55ee, and the newest of source shop is 88bc02cd66ff now"}, 409
    if verb == "resume" and source == "tools":
        return {"message": "source tools is suspended by the controller's configuration: take `suspend` out of it there and start "
                           "the controller again"}, 400
    if verb == "resume" and query.get("reason") == ["still rolled back"]:
        return {"status": "Success", "rolledBackTo": "77ab01bc55ee" * 3 + "77ab"}, 200
    if verb == "rollback" and query.get("find") == ["true"]:
        log = subprocess.run(["git", "-C", repository, "log", "--format=%H"], check=False, capture_output=True, text=True).stdout.split()
        return {"commit": log[-1], "from": log[0], "repository": repository}, 200
    if verb == "rollback":
        return {"commit": "77ab01bc55ee" * 3 + "77ab", "from": "3f9a1c20b7de" * 3 + "3f9a"}, 200
    return {"status": "Success"}, 200


def enrollment(parts, query):
    """What a POST about tokens, certificates and the CA answers, and its code."""
    kind, rest = parts[3], parts[4:]
    if kind == "jointokens" and not rest:
        uses = int(query["uses"][0])
        if uses > 1000:
            return {"message": f"a join token can be used between 1 and 1000 times, not {uses}"}, 400
        expires = datetime(2026, 1, 2, 3, 4, 5) + timedelta(seconds=int(query["ttlSeconds"][0]))
        return {"kind": "JoinToken", "id": "3f9a1c20", "token": f"rc1.3f9a1c20.{'0f' * 16}.{FINGERPRINT}", "uses": uses,
                "address": "controller.example.com:7443", "expires": expires.isoformat() + "Z"}, 200
    if rest == ["finish"]:
        return {"message": "the rotation cannot be finished yet: these nodes would be cut off.\n  host-1: has not connected"}, 409
    if rest[:1] == ["missing"]:
        return {"message": f"no {kind[:-1]} has the name \"missing\""}, 404
    return {"kind": "Status", "status": "Success"}, 200


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, value, code=200):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def sources(self):
        return [{"metadata": {"name": source.pop("name")}, "status": source.pop("status", {}), "spec": source}
                for source in json.loads((self.server.folder / "sources.json").read_text())]

    def do_GET(self):
        parts = urlsplit(self.path).path.strip("/").split("/")
        as_table = "as=Table" in self.headers.get("Accept", "")
        if parts[-1] == "status":
            self.answer({"settled": True, "sources": self.sources()})
        elif parts[-1] == "sources" and not as_table:
            self.answer({"kind": "SourceList", "items": self.sources()})
        elif parts[-1] == "history":
            self.answer(*history(parse_qs(urlsplit(self.path).query).get("source", [""])[0]))
        elif parts[-1] == "log":
            self.answer({"message": f"pod {parts[3]}/{parts[5]} not found"}, 404)
        elif parts[-1] == "missing":
            self.answer({"message": "pods \"missing\" not found"}, 404)
        elif parts[-1] in ENROLLMENT:
            shown = table(parts[-1])
            if parts[-1] == "authorities":
                shown.update(clusterId="c1", rotating=True, waitingFor=["host-1: has no certificate of CA 2 yet"])
            self.answer(shown)
        else:
            self.answer((table if as_table else objects)(parts[-1]))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts, query = urlsplit(self.path).path.strip("/").split("/"), parse_qs(urlsplit(self.path).query)
        if parts[3] in ENROLLMENT:
            self.answer(*enrollment(parts, query))
        elif parts[-1] == "remove-node":
            revoked = query["node"] == ["host-2"]
            self.answer({"status": "Success"} if revoked else {"message": f"node {query['node'][0]} is not revoked"}, 200 if revoked else 409)
        elif parts[-1] in OPERATIONS:
            self.answer(*operation(parts[-1], query, body, str(self.server.folder / "manifests")))
        elif parts[-1] == "sync":
            self.answer({"kind": "Status", "status": "Success"})
        elif parts[-1] == "accept-host-key":
            known = query["source"] == ["tools"]
            self.answer({"status": "Success"} if known else {"message": f"no source is named '{query['source'][0]}'"}, 200 if known else 404)
        else:
            self.answer(plan(query["source"][0], json.loads(body)))


class Controller(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, folder):
        self.folder = folder
        super().__init__(str(folder / "controller.sock"), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        request, _ = super().get_request()
        return request, ("local", 0)

    def end(self):
        self.shutdown()
        self.server_close()
