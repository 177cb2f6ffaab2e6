#!/usr/bin/env python3
"""FAULTS lines on a real engine, a real repository and the real program. Each test names its line."""
import base64
import json
import os
import random
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import RECONCILE, HostTest, eventually, replication_controller, run
from hosts.testing import deployment

MOMENTS = int(os.environ.get("RECONCILE_RANDOM_MOMENTS", "20"))


class FaultsTest(HostTest):

    def pid_of(self, container):
        return int(self.host.docker(["inspect", "-f", "{{.State.Pid}}", container]).stdout)

    def test_line_12_broken_and_emptying_commits_delete_nothing(self):
        host = self.host
        first = host.commit({"web.yaml": replication_controller("web", 2), "api.yaml": deployment("api", 1),
                             "deep/more.yaml": replication_controller("more", 1)})
        host.start_reconcile()
        host.converge()
        before = host.containers()

        broken = host.commit({"web.yaml": "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web\n"}, "Broken")

        def refused():
            source = host.status()["sources"][0].get("status", {})
            self.assertEqual(source.get("seenCommit"), broken)
            self.assertEqual(source.get("appliedCommit"), first)
            self.assertIn("web.yaml:", "\n".join(host.status()["unconverged"]))
            return True

        eventually("the broken commit is named and not applied", refused)
        self.assertEqual(host.containers(), before)

        host.git(["rm", "-q", "-r", "."])
        emptied = host.commit(message="Remove everything")

        def held():
            source = host.status()["sources"][0].get("status", {})
            self.assertEqual(source.get("seenCommit"), emptied)
            return source.get("held")

        hold = eventually("the emptying commit is held", held)
        self.assertEqual(host.containers(), before)
        self.assertIn(hold["planHash"], "\n".join(host.status()["unconverged"]))
        self.assertIn(f"reconcile confirm {hold['planHash']}", "\n".join(host.status()["unconverged"]))

        self.assertNotEqual(host.cli(["confirm", "000000000000"], check=False).returncode, 0)
        self.assertEqual(host.containers(), before)
        host.cli(["confirm", hold["planHash"]])
        eventually("everything is gone after a person's word", lambda: not host.containers(all_states=True))
        host.converge(emptied)

    def test_line_12_an_emptying_commit_goes_ahead_by_its_trailer(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        host.git(["rm", "-q", "web.yaml"])
        host.commit(message="Remove everything")
        hold = eventually("held", lambda: host.status()["sources"][0].get("status", {}).get("held"))
        host.commit(message=f"Remove everything, really\n\nReconcile-Confirm: prune={hold['planHash']}")
        eventually("everything is gone", lambda: not host.containers(all_states=True))

    def test_line_28_a_damaged_database_is_refused_with_the_commands_that_rebuild_it(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 2)})
        host.start_reconcile()
        host.converge()
        before = host.containers()
        host.kill_reconcile(signal.SIGTERM)  # so that all is in the database and nothing in its log
        data = host.folder / "data"
        database = bytearray((data / "cluster.db").read_bytes())
        place = database.index(b"test/busybox:1")
        database[place] ^= 1
        (data / "cluster.db").write_bytes(database)

        refused = host.netns(["timeout", "60", RECONCILE, "--socket", host.socket, "up", host.repository, "--data", data,
                              "--docker", host.docker_socket, "--node-name", "host-1"], check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("is damaged", refused.stderr)
        self.assertEqual(host.containers(), before, "a refusal stops nothing")

        # As the message says, word for word.
        commands = (f"mv {data}/cluster.db {data}/cluster.db.damaged", f"rm -f {data}/cluster.db-wal {data}/cluster.db-shm")
        self.assertIn(f"`{commands[0]}`, `{commands[1]}`, and start again", refused.stderr)
        for command in commands:
            subprocess.run(command.split(), check=True)
        host.start_reconcile()
        host.converge()
        self.assertEqual(host.containers(), before, "no container noticed")
        host.commit({"web.yaml": replication_controller("web", 3)})
        eventually("a commit applies", lambda: len(host.containers()) == 3)

    def test_line_32_kills_at_random_moments_lose_and_double_nothing(self):
        host = self.host
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        chance = random.Random(seed)
        # So many commits within an hour that the deletion breaker would have its say.
        (host.folder / "config.yaml").write_text("deletionBreaker: {maxPercent: 100}\n", encoding="utf-8")
        host.flags = ["--config", host.folder / "config.yaml"]
        host.commit({"web.yaml": replication_controller("web", 4), "api.yaml": deployment("api", 2)})
        host.start_reconcile()
        host.converge()
        kinds = ("remove", "process", "dockerd", "reconcile")
        for moment in range(MOMENTS):
            kind = kinds[moment % len(kinds)]
            before = host.all_containers()
            key = chance.choice(sorted(before))
            replicas = chance.randint(3, 6)
            if chance.random() < 0.5:  # in the middle of work, not only at rest
                host.commit({"web.yaml": replication_controller("web", replicas)}, f"{replicas} replicas")
                time.sleep(chance.random() * 0.8)  # the random moment
            touched = set()
            if kind == "remove":
                host.docker(["rm", "-f", before[key][0]], check=False)
                touched.add(key)
            elif kind == "process":
                pid = host.docker(["inspect", "-f", "{{.State.Pid}}", before[key][0]], check=False).stdout.strip()
                if pid and pid != "0":
                    os.kill(int(pid), signal.SIGKILL)
                touched.add(key)
            elif kind == "dockerd":
                host.kill_dockerd()
                host.start_dockerd()
            else:
                host.kill_reconcile(signal.SIGKILL)
                host.start_reconcile()
            host.converge()
            declared = int(host.repository.joinpath("web.yaml").read_text().split("replicas: ")[1].split("\n")[0])

            def whole():
                """A death is noticed a moment after it happened: what was killed is another, and every pod is whole."""
                now = host.all_containers()
                self.assertEqual(sum(len(ids) for ids in now.values()), declared + 2)
                pods = {name.rsplit("/", 1)[0] for name in now}
                self.assertEqual(sorted(now), sorted(pod + end for pod in pods for end in ("/main",)))
                for name in touched:
                    self.assertNotEqual(now.get(name), before[name], name)
                return now

            eventually(f"moment {moment} ({kind}): {declared + 2} pods are whole", whole)
            host.converge()
            after = host.all_containers()
            # A pod that was replaced under another name is one that was lost. At rest this means the same names.
            self.assertEqual(len(before.keys() & after.keys()), min(len(before), len(after)),
                             f"moment {moment} ({kind}): from {sorted(before)} to {sorted(after)}")
            for name, ids in after.items():
                self.assertEqual(len(ids), 1, f"moment {moment} ({kind}): {name} runs {len(ids)} times")
                if name in before and name not in touched:
                    self.assertEqual(ids, before[name], f"moment {moment} ({kind}): {name} was restarted needlessly")

    def test_line_39_containers_have_few_rights_and_namespaces_say_who_may_have_more(self):
        host = self.host

        def namespace(name, level):
            return json.dumps({"apiVersion": "v1", "kind": "Namespace",
                               "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level}}})

        def pod(name, space, of_container=None, **of_pod):
            container = dict({"name": "main", "image": "test/busybox:1", "command": ["sh", "-c", "sleep 100000"]}, **(of_container or {}))
            return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space},
                               "spec": dict({"terminationGracePeriodSeconds": 1, "containers": [container]}, **of_pod)})

        privileged = {"securityContext": {"privileged": True}}
        mount = {"volumeMounts": [{"name": "v", "mountPath": "/host", "readOnly": True}]}
        bold = {"privileged": (privileged, {}), "network": ({}, {"hostNetwork": True}), "processes": ({}, {"hostPID": True})}
        for name, path in (("root", "/"), ("etc", "/etc"), ("engine", str(host.docker_socket))):
            bold[name] = (mount, {"volumes": [{"name": "v", "hostPath": {"path": path}}]})
        files = {"guarded.yaml": namespace("guarded", "baseline"), "open.yaml": namespace("open", "privileged"),
                 "tame.yaml": pod("tame", "guarded"), "allowed.yaml": pod("allowed", "open", {"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}, hostNetwork=True)}
        for name, (of_container, of_pod) in bold.items():
            files[f"{name}.yaml"] = pod(name, "guarded", of_container, **of_pod)
        host.commit(files)
        host.start_reconcile()

        def told():
            said = {line.split()[1].rstrip(":"): line for line in host.status()["unconverged"] if line.startswith("pod ")}
            self.assertEqual(sorted(said), sorted(f"guarded/{name}" for name in bold))
            for line in said.values():
                self.assertIn('violates PodSecurity "baseline:latest"', line)
            return True

        eventually("each that the namespace forbids is told", told)
        eventually("the others run", lambda: sorted(host.containers()) == ["guarded/tame/main", "open/allowed/main"])
        (tame,) = host.containers()["guarded/tame/main"]
        pid = self.pid_of(tame)
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(int(status["CapBnd"], 16) & ~0xa80425fb, 0, "no more than Docker's own")
        self.assertEqual(self.pids_limit(pid), "4096")
        (allowed,) = host.containers()["open/allowed/main"]
        bounds = int(Path(f"/proc/{self.pid_of(allowed)}/status").read_text().split("CapBnd:\t")[1].split()[0], 16)
        self.assertTrue(bounds & 1 << 12, "NET_ADMIN")

    @staticmethod
    def pids_limit(pid):
        """As the kernel has it: cgroup v1 or v2."""
        groups = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
        path, root = next(((path, "/sys/fs/cgroup/pids") for _, what, path in groups if "pids" in what.split(",")),
                          (groups[-1][2], "/sys/fs/cgroup"))
        return Path(f"{root}{path}/pids.max").read_text().strip()

    def test_line_43_images_that_cannot_be_had_say_why_and_old_pods_serve(self):
        host = self.host
        registry = self.start_registry()
        host.docker(["tag", "test/busybox:1", f"{registry}/ok:1"])
        eventually("the registry takes an image",
                   lambda: host.docker(["push", f"{registry}/ok:1"], check=False).returncode == 0)
        host.docker(["image", "rm", f"{registry}/ok:1"])
        host.commit({"web.yaml": deployment("web", 2, image=f"{registry}/ok:1")})
        host.start_reconcile()
        host.converge()  # it was pulled from a real registry
        before = host.containers()
        locked = self.start_registry(5001, password=True)
        self.push_arm64_only(registry)
        cases = [
            (f"{registry}/no-such:1", "not found"),
            ("127.0.0.1:5999/down:1", "connection refused"),
            (f"{locked}/ok:1", "no basic auth credentials"),
            (f"{registry}/arm:1", "no matching manifest"),
        ]
        for image, words in cases:
            host.commit({"web.yaml": deployment("web", 2, image=image)}, image)

            def says_why():
                text = "\n".join(host.status()["unconverged"])
                self.assertRegex(text, "ErrImagePull|ImagePullBackOff")
                self.assertIn(words, text)
                return True

            eventually(f"{image}: {words}", says_why)
            for name, ids in before.items():
                self.assertEqual(host.containers().get(name), ids, f"{image}: {name} must go on serving")
        host.commit({"web.yaml": deployment("web", 2, image=f"{registry}/ok:1")}, "Back")
        host.converge()
        self.assertEqual(host.containers(), before)

    def test_line_43_a_registry_that_wants_a_login_gets_that_of_the_pods_secrets(self):
        host = self.host
        locked = self.start_registry(5001, password=True)
        host.docker(["tag", "test/busybox:1", f"{locked}/ok:1"])
        config = host.folder / "docker-config"
        config.mkdir()
        auth = base64.b64encode(b"someone:secret").decode()
        (config / "config.json").write_text(json.dumps({"auths": {locked: {"auth": auth}}}))
        eventually("the registry takes an image", lambda: run(
            ["docker", "--config", config, "-H", f"unix://{host.docker_socket}", "push", f"{locked}/ok:1"], check=False).returncode == 0)
        host.docker(["image", "rm", f"{locked}/ok:1"])

        def login(name, password):
            entry = {"auths": {locked: {"username": "someone", "password": password}}}
            return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
                               "stringData": {".dockerconfigjson": json.dumps(entry)}})

        def pod(name, secrets, policy="Always"):
            return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
                "imagePullSecrets": [{"name": secret} for secret in secrets], "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "main", "image": f"{locked}/ok:1", "imagePullPolicy": policy,
                                "command": ["sh", "-c", "sleep 100000"]}]}})

        host.commit({"wrong.yaml": login("wrong", "forgotten"), "gone.yaml": pod("gone", ["missing"]), "bad.yaml": pod("bad", ["wrong"])})
        host.start_reconcile()

        def say_why():
            text = "\n".join(host.status()["unconverged"])
            self.assertRegex(text, "gone.*(ErrImagePull|ImagePullBackOff)")
            self.assertRegex(text, "bad.*(ErrImagePull|ImagePullBackOff)")
            return True

        eventually("without the right login nothing is pulled", say_why)
        events = host.cli(["events"]).stdout
        self.assertIn("Unable to retrieve some image pull secrets (missing)", events)
        host.commit({"right.yaml": login("right", "secret"), "good.yaml": pod("good", ["wrong", "right"])})
        eventually("with it the pod runs", lambda: "default/good/main" in host.containers())
        self.assertNotIn("default/bad/main", host.containers(), "who pulls Always has to log in")
        # A ServiceAccount's Secrets are those of pods that name none.
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "puller"}, "imagePullSecrets": [{"name": "right"}]}
        by_account = json.loads(pod("by-account", []))
        by_account["spec"]["serviceAccountName"] = "puller"
        host.commit({"account.yaml": json.dumps(account), "by-account.yaml": json.dumps(by_account),
                     "here.yaml": pod("here", [], "IfNotPresent")})
        eventually("its pod runs", lambda: "default/by-account/main" in host.containers())
        eventually("what is there is used without a login", lambda: "default/here/main" in host.containers())
        said = host.cli(["events"]).stdout + "".join(log.read_text(errors="replace") for log in host.logs)
        for secret in ("forgotten", auth, base64.b64encode(b"someone:forgotten").decode()):
            self.assertNotIn(secret, said)

    # ---- a real registry on the host's loopback ----
    def start_registry(self, port=5000, password=False):
        folder = self.host.folder / f"registry-{port}"
        folder.mkdir()
        auth = ""
        if password:
            line = run(["htpasswd", "-Bbn", "someone", "secret"]).stdout
            (folder / "users").write_text(line.strip() + "\n")
            auth = f"auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}\n"
        (folder / "config.yml").write_text(
            f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n{auth}")
        process = self.host.spawn(["docker-registry", "serve", folder / "config.yml"], f"registry-{port}.log")
        self.addCleanup(self.host.end, process, signal.SIGTERM)
        eventually("the registry answers",
                   lambda: self.host.netns(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/v2/"], check=False).returncode == 0)
        return f"127.0.0.1:{port}"

    def push_arm64_only(self, registry):
        """A manifest list that holds one image for another architecture."""
        manifest_type = "application/vnd.docker.distribution.manifest.v2+json"
        list_type = "application/vnd.docker.distribution.manifest.list.v2+json"
        got = self.host.netns(["curl", "-s", "-i", "-H", f"Accept: {manifest_type}", f"http://{registry}/v2/ok/manifests/1"]).stdout
        head, body = got.replace("\r\n", "\n").split("\n\n", 1)
        digest = [line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("docker-content-digest")][0]
        index = {"schemaVersion": 2, "mediaType": list_type,
                 "manifests": [{"mediaType": manifest_type, "size": len(body.encode()), "digest": digest,
                                "platform": {"architecture": "arm64", "os": "linux"}}]}
        path = self.host.folder / "index.json"
        path.write_text(json.dumps(index))
        # The list must name a manifest of its own repository: mount the layers and put the same manifest there.
        parsed = json.loads(body)
        for blob in [parsed["config"]["digest"]] + [layer["digest"] for layer in parsed["layers"]]:
            self.host.netns(["curl", "-s", "-f", "-X", "POST",
                             f"http://{registry}/v2/arm/blobs/uploads/?mount={blob}&from=ok"])
        (self.host.folder / "manifest.json").write_text(body)
        for what, kind, name in (("manifest.json", manifest_type, digest), ("index.json", list_type, "1")):
            self.host.netns(["curl", "-s", "-f", "-X", "PUT", "-H", f"Content-Type: {kind}", "--data-binary",
                             f"@{self.host.folder / what}", f"http://{registry}/v2/arm/manifests/{name}"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
