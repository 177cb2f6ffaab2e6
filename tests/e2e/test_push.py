#!/usr/bin/env python3
"""Three hosts join by the printed line; a push to a Git server over ssh, and to one over https, is running containers.

The Git server (Debian's sshd; nginx with git-http-backend) is a host of its own. Prints the median time from a push to
running containers on all three hosts, by webhook and by poll; nothing depends on it."""
import os
import statistics
import time
import unittest

from hosts.cluster import PORT
from hosts.git_host import GitHost
from hosts.system import eventually
from hosts.testing import ClusterTest, deployment

PUSHES = int(os.environ.get("RECONCILE_PUSHES", "3"))

# A Git server's own hook: tells the controller that there is something new, signed as Gitea does it.
HOOK = r"""#!/bin/sh
read -r before after ref
body="{{\"ref\": \"$ref\", \"before\": \"$before\", \"after\": \"$after\"}}"
signature=$(printf '%s' "$body" | openssl dgst -sha256 -hmac '{secret}' -r | cut -d' ' -f1)
curl -sk -m 10 -X POST -H "X-Gitea-Signature: $signature" -H 'X-Gitea-Event: push' \
  -H "X-Gitea-Delivery: $(cat /proc/sys/kernel/random/uuid)" \
  -H 'Content-Type: application/json' --data-binary "$body" 'https://{controller}/hooks/{source}' >>{log} 2>&1
"""


class PushTest(ClusterTest):

    @classmethod
    def make_sources(cls):
        cls.git = GitHost(cls.cluster.add("git", 9)).start()
        cls.clones = {name: cls.git.make_repository(name) for name in ("over-ssh", "over-https")}
        for name, clone in cls.clones.items():
            clone.commit({"README": "The first push comes when every host is there.\n"}, "Begin")
            cls.git.push(clone)
        secret = cls.cluster.controller.disk / "webhook-secret"
        secret.write_text("s3cret-of-this-test\n", encoding="utf-8")
        secret.chmod(0o600)
        webhook = f"  webhook: {{provider: gitea, secretFile: {secret}}}\n"
        return ("deletionBreaker: {maxPercent: 100}\nsources:\n" + cls.git.source("over-ssh", "ssh", webhook) +
                cls.git.source("over-https", "https", webhook))

    def hook(self, name, on):
        path = self.git.repositories / f"{name}.git/hooks/post-receive"
        path.unlink(missing_ok=True)
        if on:
            address = f"{self.cluster.controller.address}:{PORT}"
            path.write_text(HOOK.format(secret="s3cret-of-this-test", controller=address, source=name,
                                        log=self.git.folder / "hook.log"), encoding="utf-8")
            path.chmod(0o755)

    def running(self, name, word):
        """On every host a container of `name` whose command says `word`, and none that says another."""
        hosts = 0
        for host in self.cluster.hosts:
            ids = host.docker(["ps", "-q", "--no-trunc", "--filter", "label=dev.reconcile.container=main"]).stdout.split()
            commands = host.docker(["inspect", "-f", "{{index .Config.Labels \"dev.reconcile.pod\"}} {{.Config.Cmd}} {{.Path}} {{.Args}}"]
                                   + ids, check=False).stdout.splitlines() if ids else []
            ours = [line for line in commands if line.startswith(name + "-")]
            if any(f"echo {word};" in line for line in ours):
                hosts += 1
        return hosts == len(self.cluster.hosts)

    def push(self, name, number):
        """Commits, pushes, and waits: seconds until every host runs what was pushed."""
        clone = self.clones[name]
        commit = clone.commit({"app.yaml": deployment(name, 3, command=f"echo {number}; sleep 100000")}, f"Number {number}")
        began = time.monotonic()
        self.git.push(clone)
        pushed = time.monotonic() - began
        eventually(f"{name}: number {number} runs on every host", lambda: self.running(name, number), 120)
        seconds = time.monotonic() - began
        self.cluster.converge({name: commit})
        return seconds, pushed

    def test_a_push_is_running_containers_on_all_three_hosts(self):
        self.cluster.converge({name: clone.head() for name, clone in self.clones.items()})
        for name in self.clones:
            self.push(name, 0)
        listed = self.cluster.cli(["source", "list"]).stdout
        for words in ("NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE", "over-ssh", "over-https"):
            self.assertIn(words, listed)
        number = 0
        for how in ("webhook", "poll"):
            for name in self.clones:
                self.hook(name, how == "webhook")
                times = []
                for _ in range(PUSHES):
                    number += 1
                    times.append(self.push(name, number))
                print(f"{name} by {how}: median {statistics.median(total for total, _ in times):.2f} s from push to running on 3 "
                      f"hosts (of which git push {statistics.median(push for _, push in times):.2f} s), of {PUSHES}")

    def test_line_13_a_changed_host_key_is_refused_until_a_person_accepts_it(self):
        before = self.cluster.containers()
        self.git.make_key("host_key")
        self.git.machine.kill("sshd")
        self.git.machine.spawn("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", self.git.folder / "sshd_config"])
        eventually("sshd is back", lambda: self.git.listens(22))
        self.cluster.cli(["sync"], check=False)  # 5: not every newest commit is in force

        def refused():
            text = self.cluster.cli(["source", "list"]).stdout
            self.assertRegex(text, r"over-ssh .*(?i:host key)")
            return True

        eventually("the source says why it is not read", refused, 60)
        self.assertEqual(self.cluster.containers(), before)
        self.git.write_known_hosts()  # a person's word
        clone = self.clones["over-ssh"]
        commit = clone.commit(message="After the key was accepted")
        self.git.push(clone)
        self.cluster.converge({"over-ssh": commit})


if __name__ == "__main__":
    unittest.main(verbosity=2)
