"""Answers on a Unix socket as the controller does, with little in it: for transcripts of commands that ask it.

`sources.json` beside the socket says what it follows, [{"name", "repository", "revision", "path"}]; a plan answers with
what it was asked."""
import base64
import http.server
import json
import socketserver
import threading
from urllib.parse import parse_qs, urlsplit

PODS = [("web-1", "1/1", "Running"), ("web-2", "0/1", "Pending")]
SERVICES = [("web", "ClusterIP", "10.43.0.7")]
TABLES = {"pods": (("Name", "Ready", "Status"), PODS), "services": (("Name", "Type", "Cluster-IP"), SERVICES)}


def table(kind):
    columns, rows = TABLES.get(kind, ((), ()))
    return {"kind": "Table", "columnDefinitions": [{"name": name, "priority": 0} for name in columns],
            "rows": [{"cells": list(row), "object": {"metadata": {"namespace": "default"}}} for row in rows]}


def objects(kind):
    _, rows = TABLES.get(kind, ((), ()))
    return {"kind": "List", "items": [{"kind": kind, "metadata": {"name": row[0]}} for row in rows]}


def plan(source, body):
    lines = [f"planned as source {source} at {body['commit'][:12]}:"]
    for file in body["files"]:
        lines.append(f"  {file['path']} {len(base64.b64decode(file['contentBase64'], validate=True))} bytes")
    warning = {"file": "a.yaml", "line": 1, "column": 1, "message": "the controller's own"}
    return {"plan": {"errors": [], "warnings": [warning]}, "text": "\n".join(lines) + "\n", "noChange": True}


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

    def do_GET(self):
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[-1] == "status":
            sources = json.loads((self.server.folder / "sources.json").read_text())
            self.answer({"settled": True, "sources": [
                {"metadata": {"name": source.pop("name")}, "spec": source, "status": {}} for source in sources]})
        elif parts[-1] == "missing":
            self.answer({"message": "pods \"missing\" not found"}, 404)
        else:
            as_table = "as=Table" in self.headers.get("Accept", "")
            self.answer((table if as_table else objects)(parts[-1]))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(plan(parse_qs(urlsplit(self.path).query)["source"][0], body))


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
