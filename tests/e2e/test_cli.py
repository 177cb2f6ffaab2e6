#!/usr/bin/env python3
"""The commands on top of the API, on a real engine: logs, describe, wait, tree, doctor, get and what shells complete."""
import json
import os
import pty
import subprocess
import unittest

from harness import RECONCILE, HostTest, eventually, replication_controller

SHOUT = "echo begin; i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done"


class Following:
    """A command that goes on, and what it has printed so far."""

    def __init__(self, host, command):
        self.path = host.folder / f"following-{os.urandom(3).hex()}"
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([RECONCILE, "--socket", host.socket] + command, stdout=out,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def text(self):
        return self.path.read_text(errors="replace")

    def end(self):
        self.process.kill()
        self.process.wait()


class CliTest(HostTest):

    def follow(self, *command):
        following = Following(self.host, list(command))
        self.addCleanup(following.end)
        return following

    def on_terminal(self, command):
        """What the command writes to a terminal."""
        ours, its = pty.openpty()
        process = subprocess.Popen([RECONCILE, "--socket", self.host.socket] + command, stdout=its, stderr=its,
                                   stdin=subprocess.DEVNULL)
        os.close(its)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        os.close(ours)
        process.wait()
        return seen

    def code(self, *command):
        return self.host.cli(list(command), check=False)

    def names(self):
        return sorted(pod["metadata"]["name"] for pod in self.host.ready_pods())

    def test_logs_of_an_owners_pods_as_they_come_and_go(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 2, command=SHOUT)})
        host.start_reconcile()
        host.converge()
        first = self.names()

        both = host.cli(["logs", "rc/web", "--grep", "^begin$"]).stdout
        self.assertEqual(sorted(both.splitlines()), [f"{name} | begin" for name in first])
        self.assertEqual(host.cli(["logs", "-l", "app=web", "--grep", "^begin$", "--prefix", "never"]).stdout,
                         "begin\nbegin\n")
        self.assertEqual(host.cli(["logs", first[0], "--limit-bytes", "5"]).stdout, "begin")

        following = self.follow("logs", "-f", "rc/web")
        eventually("both are followed", lambda: all(f"{name} | line" in following.text() for name in first))
        host.commit({"web.yaml": replication_controller("web", 3, command=SHOUT)})
        host.converge()
        new = [name for name in self.names() if name not in first]
        eventually("the new one has joined", lambda: f"{new[0]} | begin" in following.text())
        self.assertEqual(following.text().count(" | begin"), 3, "each line comes once")
        host.commit({"web.yaml": replication_controller("web", 1, command=SHOUT)})
        host.converge()
        self.assertIsNone(following.process.poll(), following.text())
        following.end()

        left = self.names()[0]

        def young():
            text = host.cli(["logs", left, "--since", "2s"]).stdout
            self.assertNotIn("begin", text)
            return "line " in text

        eventually("what is older than two seconds is left out", young)
        refused = self.code("logs", "-f", "rc/web", "--max-log-requests", "0")
        self.assertEqual(refused.returncode, 2)
        self.assertEqual(self.code("logs", "-l", "app=none").returncode, 4)
        self.assertEqual(self.code("logs", "rc/none").returncode, 4)
        self.assertEqual(self.code("logs", "rc/web", "--grep", "(").returncode, 2)

    # FAULTS 22.
    def test_a_terminal_gets_escape_codes_of_logs_escaped(self):
        host = self.host
        host.commit({"evil.yaml": replication_controller("evil", 1, command=r'printf "\033[2J\007red\n"; sleep 100000')})
        host.start_reconcile()
        host.converge()
        pod = self.names()[0]
        eventually("it has printed", lambda: host.cli(["logs", pod]).stdout == "\x1b[2J\x07red\n")
        self.assertEqual(self.on_terminal(["logs", pod]), b"\\x1b[2J\\x07red\r\n")
        coloured = self.on_terminal(["logs", "rc/evil"])
        self.assertIn(b"\\x1b[2J\\x07red\r\n", coloured)
        self.assertEqual(coloured.count(b"\x1b["), 2, coloured)

    def test_describe_wait_tree_and_get(self):
        host = self.host
        crash = replication_controller("crash", 1, command="echo sorry; exit 3")
        host.commit({"web.yaml": replication_controller("web", 2), "crash.yaml": crash})
        host.start_reconcile()
        host.cli(["wait", "rc/web", "--for", "create", "--timeout", "60s"])  # its commit may not have been read yet
        done = host.cli(["wait", "rc/web", "--for", "rollout", "--timeout", "60s"])
        self.assertEqual(done.stdout, "replicationcontroller/web rolled out\n")
        pods = host.cli(["get", "pods", "-l", "app=web", "-o", "name"]).stdout.split()
        self.assertEqual(len(pods), 2)
        self.assertEqual(host.cli(["wait", "pods", "-l", "app=web", "--for", "condition=Ready"]).stdout.split("\n")[:-1],
                         [f"{pod} condition met" for pod in pods])
        crashed = host.cli(["get", "pods", "-l", "app=crash", "-o", "jsonpath={.items[0].metadata.name}"]).stdout
        late = self.code("wait", f"pod/{crashed}", "--for", "condition=Done", "--timeout", "2s")
        self.assertEqual(late.returncode, 1, late.stderr)
        self.assertIn("timed out", late.stderr)
        self.assertEqual(self.code("wait", "pod/none", "--for", "condition=Ready").returncode, 4)

        eventually("it has crashed twice", lambda: int(host.cli(
            ["get", "pod", crashed, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"]).stdout) >= 2)

        def described():
            said = host.cli(["describe", "pod", crashed]).stdout
            for words in ("Why it is not ready:", "exit code 3", "CrashLoopBackOff", "ReplicationController/crash", "Events:",
                          "BackOff", "test/busybox:1"):
                self.assertIn(words, said)
            return True

        eventually("the pod is described", described)
        node = host.cli(["describe", "node", "host-1"]).stdout
        self.assertIn(f"default/{crashed}", node)
        self.assertIn("Ready", node)
        for kind in ("rc/web", "source/main", "namespaces", "nodes"):
            self.assertIn("Name:", host.cli(["describe", kind]).stdout)


        def shown():
            tree = self.code("tree")
            self.assertEqual(tree.returncode, 1, "something is not healthy")
            self.assertIn("replicationcontroller/web in default  healthy", tree.stdout)
            self.assertIn(f"pod/{crashed} on host-1  not healthy: ", tree.stdout)
            self.assertIn("exit code 3", tree.stdout)
            return True

        eventually("the tree is shown", shown)
        web = self.code("tree", "rc/web")
        self.assertEqual((web.returncode, web.stdout.count("pod/")), (0, 2), web.stdout)
        eventually("status says how it ended", lambda: "exit code 3" in "\n".join(host.status()["unconverged"]))

        watch = self.follow("get", "pods", "-l", "app=web", "-w")
        eventually("it lists", lambda: watch.text().count("Running") == 2)
        gone = pods[0].split("/")[1]
        wait = self.follow("wait", "rc/web", "--for", "delete", "--timeout", "60s")
        host.commit({"web.yaml": None})
        self.assertEqual(wait.process.wait(60), 0, wait.text())
        eventually("it shows the end", lambda: watch.text().count(gone) > 1)
        self.assertEqual(self.code("get", "pods", "--field-selector", "status.phase=Nothing", "-o", "name").stdout, "")
        self.assertEqual(self.code("get", "pods", "-o", "jsonpath={.items[").returncode, 2)

    def test_status_says_what_a_probe_said_and_does_not_wait_in_vain(self):
        host = self.host
        web = replication_controller("web", 1)
        first = host.commit({"web.yaml": web})
        host.start_reconcile()
        host.converge()
        unready = web.replace("        command:", "        readinessProbe: {exec: {command: [sh, -c, echo not today; exit 1]}, periodSeconds: 1}\n"
                              "        command:").replace("name: web}", "name: slow}").replace("app: web", "app: slow")
        host.commit({"slow.yaml": unready})
        eventually("status says what the probe said",
                   lambda: any("is not ready: Readiness probe failed: not today" in line for line in host.status()["unconverged"]))

        host.commit({"slow.yaml": "kind: Nothing\n"})
        vain = self.code("status", "--wait", "--timeout", "6000")
        self.assertEqual(vain.returncode, 1)
        self.assertIn("Waiting ends: the newest commit of source main has errors", vain.stdout)

        back = host.cli(["rollback", "--to", "HEAD~2"]).stdout
        self.assertIn(first[:12], back)
        refused = self.code("rollback", "--to", "HEAD~20")
        self.assertEqual(refused.returncode, 2, refused.stderr)

    def test_what_shells_complete(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        pod = self.names()[0]
        self.assertEqual(host.cli(["complete", "--", "get", "pods", ""]).stdout, pod + "\n")
        self.assertEqual(host.cli(["complete", "--", "logs", "we"]).stdout, pod + "\n")
        self.assertEqual(host.cli(["complete", "--", "logs", "rc/"]).stdout, "rc/web\n")
        self.assertEqual(host.cli(["complete", "--", "drain", ""]).stdout, "host-1\n")
        self.assertEqual(host.cli(["complete", "--", "get", "pods", "-n", "def"]).stdout, "default\n")
        script = (f'source <("{RECONCILE}" completion bash); COMP_WORDS=("{RECONCILE}" --socket "{host.socket}" describe pod we); '
                  'COMP_CWORD=5; _reconcile; printf "%s\\n" "${COMPREPLY[@]}"')
        self.assertEqual(subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout, pod + "\n")
        host.kill_reconcile()
        silent = self.code("complete", "--", "get", "pods", "")
        self.assertEqual((silent.returncode, silent.stdout, silent.stderr), (0, "", ""))

    def test_doctor_says_what_this_host_lacks_without_a_controller(self):
        host = self.host
        command = [RECONCILE, "--socket", host.socket, "doctor", "--docker", host.docker_socket, "--data", host.folder / "data",
                   "-o", "json"]
        done = host.netns([str(word) for word in command], check=False)
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
        for name in ("engine", "live-restore", "nftables", "vxlan devices", "veth devices", "bridge devices", "uplink", "nft"):
            self.assertEqual(checks[name]["verdict"], "good", checks[name])
        self.assertEqual(checks["versions"]["verdict"], "skipped")
        self.assertEqual(done.returncode, 1 if any(check["verdict"] == "failed" for check in checks.values()) else 0)
        command[command.index(host.docker_socket)] = host.folder / "none.sock"
        broken = host.netns([str(word) for word in command[:-2]], check=False)
        self.assertEqual(broken.returncode, 1)
        self.assertIn("failed   engine", broken.stdout)
        self.assertIn("apt-get install docker.io", broken.stdout)


if __name__ == "__main__":
    unittest.main()
