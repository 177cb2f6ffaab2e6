#!/usr/bin/env python3
"""Three disasters that others had in public, replayed: a fetch that lost files, a directory that was emptied, an API that answered
nothing for a second. Not one container stops in any of them, and the plan says beforehand what would be lost."""
import json
import re
import socket
import threading
import time
import unittest

from harness import HostTest, eventually, replication_controller
from hosts.testing import deployment

MANIFESTS = {"apps/web.yaml": replication_controller("web", 2), "apps/api.yaml": deployment("api", 2), "apps/db.yaml": deployment("db", 1)}


class LyingProxy:
    """Between the agent and its engine. While it lies, there are no containers: every list of them is empty."""

    def __init__(self, path, engine):
        self.engine, self.lies, self.told = str(engine), False, 0
        self.pairs = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.engine)
            self.pairs.append((client, server))
            threading.Thread(target=self.copy, args=(server, client), daemon=True).start()
            threading.Thread(target=self.requests, args=(client, server), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        LyingProxy.end(source, sink)

    @staticmethod
    def end(*ends):
        for one in ends:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def requests(self, client, server):
        """One request after the other; no client here sends the next before it has its answer."""
        waiting = b""
        try:
            while data := client.recv(65536):
                waiting += data
                while b"\r\n\r\n" in waiting:
                    head, _, rest = waiting.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    size = int(length.group(1)) if length else 0
                    if len(rest) < size:
                        break
                    waiting = rest[size:]
                    if self.lies and re.match(rb"GET (/v[\d.]+)?/containers/json", head):
                        self.told += 1
                        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n")
                    else:
                        server.sendall(head + b"\r\n\r\n" + rest[:size])
        except OSError:
            pass
        self.end(client, server)

    def cut(self):
        """Every connection breaks: who has one looks anew."""
        for pair in self.pairs:
            self.end(*pair)

    def close(self):
        self.listener.close()
        self.cut()
        for pair in self.pairs:
            for one in pair:
                one.close()


class DisastersTest(HostTest):

    def settled(self):
        first = self.host.commit(MANIFESTS, "Begin")
        self.host.start_reconcile()
        self.host.converge()
        before = self.host.containers()
        self.assertEqual(len(before), 5)
        return first, before

    def source_status(self):
        return self.host.status()["sources"][0].get("status", {})

    def started_at(self):
        ids = [i for found in self.host.containers().values() for i in found]
        return sorted((info["Id"], info["State"]["StartedAt"]) for info in json.loads(self.host.docker(["inspect"] + ids).stdout))

    def test_a_fetch_that_lost_files(self):
        first, before = self.settled()
        moments = self.started_at()
        # The newest commit names a file that is not there: lost on the way, or on a disk.
        self.host.write("apps/web.yaml", replication_controller("web", 3))
        self.host.git(["add", "-A"])
        tree = self.host.git(["write-tree"]).stdout.strip()
        lost = self.host.git(["rev-parse", f"{tree}:apps/web.yaml"]).stdout.strip()
        newest = self.host.git(["commit-tree", tree, "-p", "HEAD", "-m", "Three"]).stdout.strip()
        (self.host.repository / ".git/objects" / lost[:2] / lost[2:]).unlink()
        self.host.git(["update-ref", "refs/heads/main", newest])
        plan = self.host.cli(["--dry-run", "--rev", "HEAD"], check=False)
        self.assertGreaterEqual(plan.returncode, 2, "an error is never shown as no change: " + plan.stdout)

        eventually("status says what is lost", lambda: lost in "\n".join(self.host.status()["unconverged"]))
        self.assertEqual(self.source_status()["appliedCommit"], first)
        self.assertEqual(self.host.containers(), before)
        self.assertEqual(self.started_at(), moments)

    def test_a_directory_that_was_emptied(self):
        first, before = self.settled()
        moments = self.started_at()
        self.host.git(["rm", "-q", "-r", "apps"])
        plan = self.host.cli(["--dry-run", self.host.repository], check=False)
        self.assertEqual(plan.returncode, 1, plan.stdout + plan.stderr)
        self.assertIn("3 to delete", plan.stdout)
        self.assertIn("held:", plan.stdout)
        self.host.commit(message="Tidy up")
        eventually("held", lambda: self.source_status().get("held"))
        self.assertEqual(self.source_status()["appliedCommit"], first)
        self.assertEqual(self.host.containers(), before)
        self.assertEqual(self.started_at(), moments)

    def test_an_api_that_answered_nothing_for_a_second(self):
        engine = self.host.docker_socket
        path = self.host.folder / "proxy.sock"
        proxy = LyingProxy(path, engine)
        self.addCleanup(proxy.close)
        self.host.docker_socket = path
        first, before = self.settled()
        self.host.docker_socket = engine
        moments = self.started_at()
        proxy.lies = True
        proxy.cut()
        eventually("the agent was told that nothing runs", lambda: proxy.told > 0)
        told_until = time.monotonic() + 1
        eventually("a second", lambda: time.monotonic() > told_until)
        proxy.lies = False
        proxy.cut()
        self.host.converge()
        self.assertEqual(self.host.containers(all_states=True), before, "none stopped, none doubled")
        self.assertEqual(self.started_at(), moments)
        self.assertEqual(self.source_status()["appliedCommit"], first)


if __name__ == "__main__":
    unittest.main()
