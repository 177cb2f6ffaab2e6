#!/usr/bin/env python3
"""Sessions with pods by stock kubectl and by `reconcile`: exec, attach, cp and port-forward on a real engine."""
import concurrent.futures
import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import unittest

from harness import RECONCILE, HostTest
from hosts.system import eventually
from kubectl.client import Kubectl, skip_or_fail, versions

MANIFESTS = {
    "web.yaml": """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: test/busybox:1
    ports: [{name: http, containerPort: 8080}]
    command: [sh, -c, 'mkdir -p /www && echo hello from web > /www/index.html && head -c 3000000 /dev/zero > /www/large && exec httpd -f -p 8080 -h /www']
  - {name: side, image: 'test/busybox:1', command: [sh, -c, 'while true; do echo tick; sleep 0.2; done']}
""",
    "reads.yaml": """apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: 'test/busybox:1', stdin: true, tty: true, command: [sh]}]
---
apiVersion: v1
kind: Pod
metadata: {name: reads}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: 'test/busybox:1', stdin: true, command: [cat]}]
""",
    "service.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: app, image: 'test/busybox:1', command: [sh, -c, 'mkdir /www; echo hello from shop > /www/index.html; exec httpd -f -p 8080 -h /www']}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
""",
}
SIZE = 100 << 20


SPEAKS_WEBSOCKETS = (1, 30)


def kubectls():
    """(version, environment) of each kubectl that can speak to WebSockets; 1.30 when it is told to."""
    told = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "true"}
    return [(version, told if version.number == SPEAKS_WEBSOCKETS else {})
            for version in versions() if version.number >= SPEAKS_WEBSOCKETS]


class KubectlExecTest(HostTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        skip_or_fail(cls)

    def setUp(self):
        super().setUp()
        self.kubectl = Kubectl.on(self.host)
        self.host.commit(MANIFESTS)
        self.host.start_reconcile()
        self.host.converge()

    # ---- commands ----
    def inside(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.host.name}", *[str(word) for word in words]]

    def environment(self, more=None):
        return self.kubectl.environment(**(more or {}))

    def own(self, *words):
        return self.inside(RECONCILE, "--socket", self.host.socket, *words)

    def run_words(self, words, code=0, more=None, **options):
        options.setdefault("timeout", 120)
        done = subprocess.run(words, capture_output=True, check=False, env=self.environment(more), **options)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def every_kubectl(self):
        self.assertTrue(kubectls(), "no kubectl 1.30 or newer on this machine")
        return kubectls()

    # ---- on a terminal ----
    def on_terminal(self, words, typed, wanted, more=None):
        """Runs on a terminal of 33 rows and 101 columns, types, and returns (exit code, what was shown)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(self.environment(more))
            subprocess.run(["stty", "rows", "33", "cols", "101"], check=True)
            os.execvp(words[0], words)
        shown = b""
        try:
            while True:
                ready, _, _ = select.select([terminal], [], [], 60)
                self.assertTrue(ready, f"{words}: nothing more was shown after {shown}")
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
                if typed and wanted in shown:
                    os.write(terminal, typed)
                    typed = None
        finally:
            os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")

    def check_terminal(self, words, more=None):
        code, shown = self.on_terminal(words, b"stty size; tty; exit 7\n", b"# ", more)
        self.assertIn("33 101", shown)
        self.assertIn("/dev/", shown)
        self.assertEqual(code, 7, shown)

    # ---- what is tested ----
    def test_a_command_runs_with_its_input_output_and_exit_code(self):
        for version, more in self.every_kubectl():
            def run(*words, code=0, version=version, more=more, **options):
                return self.run_words(self.kubectl.command(version, "exec", *words), code, more, **options)
            done = run("web", "-c", "app", "--", "sh", "-c", "echo out; echo bad >&2; exit 42", code=42)
            self.assertEqual(done.stdout, b"out\n")
            self.assertTrue(done.stderr.startswith(b"bad\n"), done.stderr)
            self.assertEqual(run("web", "-c", "side", "--", "echo", "a b", "", "a b").stdout, b"a b  a b\n")
            self.assertEqual(run("-i", "web", "-c", "app", "--", "wc", "-c", input=b"\0\xff" * 500).stdout.strip(), b"1000")
            missing = self.run_any(self.kubectl.command(version, "exec", "web", "-c", "app", "--", "/no/such"), more)
            self.assertNotEqual(missing.returncode, 0)
            self.assertIn(b"no such", (missing.stdout + missing.stderr).lower())
            self.assertIn(b"container nothing", run("web", "-c", "nothing", "--", "ls", code=1).stderr)
            self.check_terminal(self.kubectl.command(version, "exec", "-it", "web", "-c", "app", "--", "sh"), more)

    def run_any(self, words, more=None):
        return subprocess.run(words, capture_output=True, check=False, env=self.environment(more), timeout=120)

    def test_reconcile_exec_does_the_same(self):
        done = self.run_words(self.own("exec", "web", "-c", "app", "--", "sh", "-c", "echo out; echo bad >&2; exit 42"), 42)
        self.assertEqual((done.stdout, done.stderr), (b"out\n", b"bad\n"))
        done = self.run_words(self.own("exec", "-i", "web", "-c", "app", "--", "sha256sum"), input=os.urandom(1000) * 3000)
        self.assertEqual(len(done.stdout.split()[0]), 64)
        self.check_terminal(self.own("exec", "-it", "web", "-c", "app", "--", "sh"))
        refused = self.run_words(self.own("exec", "none", "--", "ls"), 4)
        self.assertIn(b'pods "none" not found', refused.stderr)

    def test_a_command_ends_with_its_client_though_its_input_waits(self):
        with open("/dev/zero", "rb") as endless:
            lost = subprocess.Popen(self.own("exec", "-i", "web", "-c", "app", "--", "sleep", "4321"), stdin=endless,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lost.wait)
        self.addCleanup(lost.kill)

        def runs():
            return b"sleep 4321" in self.run_any(self.own("exec", "web", "-c", "app", "--", "ps")).stdout

        def read_so_far():
            with open(f"/proc/{lost.pid}/io", encoding="utf-8") as counters:
                return counters.readline()

        def is_held_back():
            before = read_so_far()
            return runs() and read_so_far() == before
        eventually("its input is held back", is_held_back)
        lost.kill()
        eventually("the command has ended", lambda: not runs(), 20)

    def test_a_hundred_megabytes_come_through_both_ways_while_heartbeats_stay_on_time(self):
        source = self.host.folder / "large"
        with open(source, "wb") as out:
            block = os.urandom(1 << 20)
            for i in range(SIZE >> 20):
                out.write(hashlib.sha256(bytes([i])).digest() + block[32:])
        wanted = hashlib.sha256(source.read_bytes()).hexdigest()
        commands = [("reconcile", self.own("exec", "-i", "web", "-c", "app", "--", "cat"), None)]
        commands += [(str(version), self.kubectl.command(version, "exec", "-i", "web", "-c", "app", "--", "cat"), more)
                     for version, more in kubectls()[-1:]]
        for name, words, more in commands:
            with self.subTest(name=name), open(source, "rb") as given:
                process = subprocess.Popen(words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                           env=self.environment(more))
                digest, size = hashlib.sha256(), 0
                while piece := process.stdout.read(1 << 16):
                    digest.update(piece)
                    size += len(piece)
                _, errors = process.communicate(timeout=60)
                self.assertEqual((process.returncode, size, digest.hexdigest()), (0, SIZE, wanted), errors)
        # A heartbeat that was late would have made the node NotReady, which is an Event.
        events = json.loads(self.host.cli(["get", "events", "-A", "-o", "json"]).stdout)
        self.assertNotIn("NodeNotReady", json.dumps(events))

    def test_files_are_copied_both_ways(self):
        source = self.host.folder / "copied"
        source.write_bytes(os.urandom(3_000_000))
        for version, more in self.every_kubectl():
            back = self.host.folder / f"back-{version}"
            self.run_words(self.kubectl.command(version, "cp", source, "default/web:/tmp/copied", "-c", "app"), 0, more)
            self.run_words(self.kubectl.command(version, "cp", "default/web:/tmp/copied", back, "-c", "app"), 0, more)
            self.assertEqual(back.read_bytes(), source.read_bytes())

    def test_what_runs_is_attached_to_until_its_pod_is_killed(self):
        version, more = kubectls()[-1]
        attached = subprocess.Popen(self.kubectl.command(version, "attach", "web", "-c", "side"), stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, env=self.environment(more))
        self.addCleanup(attached.kill)
        self.assertEqual(attached.stdout.readline(), b"tick\n")
        command = subprocess.Popen(self.kubectl.command(version, "exec", "web", "-c", "app", "--", "sleep", "1000"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(more))
        self.addCleanup(command.kill)
        eventually("the command runs", lambda: b"sleep 1000" in self.run_any(
            self.own("exec", "web", "-c", "app", "--", "ps")).stdout)
        ids = [ids[0] for key, ids in self.host.containers().items() if key.startswith("default/web/")]
        self.host.docker(["kill"] + ids)
        attached.communicate(timeout=60)
        _, errors = command.communicate(timeout=60)
        self.assertNotEqual(command.returncode, 0, errors)

    def test_what_is_typed_reaches_the_program_that_was_made_to_read_it(self):
        for version, more in self.every_kubectl():
            self.run_words(self.kubectl.command(version, "wait", "--for=condition=Ready", "pod/shell", "--timeout=90s"), 0, more)
            # kubectl tells another size before the right one, so that what is shown is drawn anew.
            code, shown = self.on_terminal(self.kubectl.command(version, "attach", "-it", "shell"),
                                           b"\nuntil [ \"$(stty size)\" = '33 101' ]; do :; done; echo typed-$((40+2)); exit\n", b"prompt", more)
            self.assertEqual(code, 0, shown)
            self.assertIn("typed-42", shown)
            for line in (b"one\n", b"two\n"):  # whoever leaves leaves the program to the next
                attached = subprocess.Popen(self.kubectl.command(version, "attach", "-i", "reads"), stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(more))
                self.addCleanup(attached.kill)
                attached.stdin.write(line)
                attached.stdin.flush()
                self.assertEqual(attached.stdout.readline(), line)
                _, errors = attached.communicate(timeout=60)
                self.assertEqual(attached.returncode, 0, errors)
            refused = self.run_words(self.kubectl.command(version, "attach", "-i", "web", "-c", "app"), 1, more)
            self.assertIn(b"reads no standard input: its manifest does not say `stdin: true`", refused.stderr)
        pods = json.loads(self.host.cli(["get", "pods", "-o", "json"]).stdout)["items"]
        restarts = {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}
        self.assertEqual(restarts["reads"], 0)

    def forward(self, words, more=None):
        """Begins a forward; its local port."""
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(more))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", line)
        self.assertTrue(found, line)
        return process, int(found.group(1))

    def fetch_many(self, port, page=b"hello from web\n"):
        def fetch(path):
            return subprocess.run(self.inside("curl", "-s", "-m", "60", f"http://127.0.0.1:{port}{path}"), capture_output=True,
                                  check=False).stdout
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(fetch, ["/"] * 24))
        self.assertEqual(pages, [page] * 24)
        return fetch

    def test_ports_are_forwarded_for_many_connections_at_once(self):
        for version, more in self.every_kubectl():
            process, port = self.forward(self.kubectl.command(version, "port-forward", "--address", "127.0.0.1", "pod/web", ":8080"), more)
            fetch = self.fetch_many(port)
            self.assertEqual(fetch("/large"), bytes(3_000_000))
            process.send_signal(signal.SIGINT)
            process.wait(30)
            for target, remote in (("service/shop", "80"), ("deployment/shop", "8080")):
                process, port = self.forward(self.kubectl.command(version, "port-forward", target, f":{remote}"), more)
                self.fetch_many(port, b"hello from shop\n")
                process.send_signal(signal.SIGINT)
                process.wait(30)

    def test_reconcile_forwards_ports_of_pods_services_and_deployments(self):
        _, port = self.forward(self.own("port-forward", "web", ":http"))
        fetch = self.fetch_many(port)
        self.assertEqual(fetch("/large"), bytes(3_000_000))
        for target, remote in (("service/shop", "80"), ("deployment/shop", "8080")):
            _, port = self.forward(self.own("port-forward", target, f":{remote}"))
            self.fetch_many(port, b"hello from shop\n")

    def test_older_clients_are_told_what_to_use(self):
        older = [version for version in versions() if version.number < SPEAKS_WEBSOCKETS]
        self.assertTrue(older, "no kubectl before 1.30 on this machine")
        for version in older:
            with self.subTest(version=str(version)):
                for words in (["exec", "web", "-c", "app", "--", "ls"], ["attach", "web", "-c", "app"], ["cp", "-c", "app", "web:/bin/sh", "sh"]):
                    done = self.run_words(self.kubectl.command(version, *words), 1, cwd=self.host.folder)
                    self.assertIn(b"use kubectl 1.31 or newer", done.stderr)
                done = self.run_words(self.kubectl.command(version, "port-forward", "web", ":8080"), 1)
                self.assertIn(b"KUBECTL_PORT_FORWARD_WEBSOCKETS=true", done.stderr)

    def test_who_may_only_look_runs_nothing_and_a_revoked_user_is_cut_off(self):
        version, more = kubectls()[-1]
        viewer = self.host.folder / "viewer"
        viewer.write_text(self.host.cli(["kubeconfig", "--user", "anna", "--role", "view"]).stdout, encoding="utf-8")
        words = Kubectl.on(self.host, viewer).command(version, "exec", "web", "-c", "app", "--", "ls")
        self.assertIn(b"forbidden", self.run_words(words, 1, more).stderr)
        operator = self.host.folder / "operator"
        operator.write_text(self.host.cli(["kubeconfig", "--user", "bert", "--role", "operate"]).stdout, encoding="utf-8")
        words = Kubectl.on(self.host, operator).command(version, "exec", "web", "-c", "app", "--", "sh", "-c",
                                                        "echo begun; sleep 1000")
        running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(more))
        self.addCleanup(running.kill)
        self.assertEqual(running.stdout.readline(), b"begun\n")
        log = self.host.logs[-1].read_text(errors="replace")
        self.assertRegex(log, r'audit.*event="?exec"?.*user="?bert"?.*pod="?default/web"?.*container="?app"?.*command="sh -c echo begun; sleep 1000"')
        self.host.cli(["kubeconfig", "--user", "bert", "--revoke"])
        running.communicate(timeout=60)
        self.assertNotEqual(running.returncode, 0)


if __name__ == "__main__":
    unittest.main()
