#!/usr/bin/env python3
"""Volumes on a real engine: what containers see in them, how they change, and that nothing of them is left."""
import json
import unittest
from pathlib import Path

from harness import RECONCILE, ROOT, HostTest
from hosts.system import eventually
from hosts.testing import ClusterTest

EXAMPLE = ROOT / "examples/manifests/config-reload/config-reload.yaml"
LIMIT_S = 60


def pod(name, volumes, mounts, command="sleep 100000", **spec):
    """A Pod with one container; `volumes` by name, `mounts` a list of volumeMounts."""
    container = {"name": "main", "image": "test/busybox:1", "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", command],
                 "volumeMounts": mounts}
    container.update(spec.pop("container", {}))
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name, "tier": "a"}},
            "spec": dict({"terminationGracePeriodSeconds": 1, "containers": [container],
                          "volumes": [dict({"name": key}, **source) for key, source in volumes.items()]}, **spec)}


def config(name, data, kind="ConfigMap"):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data" if kind == "ConfigMap" else "stringData": data}


class VolumesTest(HostTest):

    def commit(self, *objects):
        self.objects = list(objects)
        return self.host.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": self.objects})})

    def start(self, *objects):
        self.commit(*objects)
        self.host.start_reconcile()

    def id_of(self, name, container="main"):
        running = self.host.containers()
        self.assertIn(f"default/{name}/{container}", running)
        return running[f"default/{name}/{container}"][0]

    def sh(self, name, command, container="main"):
        return self.host.docker(["exec", self.id_of(name, container), "sh", "-c", command]).stdout.strip()

    def sees(self, what, name, command, wanted):
        def look():
            seen = self.sh(name, command)
            assert seen == wanted, f"{what}: {seen!r}, wanted {wanted!r}"
            return True
        eventually(what, look, LIMIT_S)

    def events(self, reason):
        items = json.loads(self.host.cli(["get", "events", "-A", "-o", "json"]).stdout)["items"]
        return [event["message"] for event in items if event["reason"] == reason]

    def of_uid(self, name):
        return [p["metadata"]["uid"] for p in self.host.pods() if p["metadata"]["name"] == name][0]

    def mounts_of_pods(self):
        return [path for path in self.host.mounts_below() if "/agent/pods/" in path]

    def test_every_kind_is_what_it_says(self):
        host_folder = self.host.folder / "host-folder"
        host_folder.mkdir()
        (host_folder / "there").write_text("of the host\n")
        labels = {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                            {"path": "cpu", "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu", "divisor": "1m"}}]}
        self.start(
            config("settings", {"a": "1", "b": "2"}), config("keys", {"token": "canary-7c1"}, "Secret"),
            pod("all", {
                "scratch": {"emptyDir": {}}, "memory": {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                "host": {"hostPath": {"path": str(host_folder), "type": "Directory"}},
                "made": {"hostPath": {"path": str(host_folder / "made/here"), "type": "DirectoryOrCreate"}},
                "config": {"configMap": {"name": "settings", "defaultMode": 0o640, "items": [{"key": "a", "path": "deep/a", "mode": 0o600}]}},
                "secret": {"secret": {"secretName": "keys", "defaultMode": 0o400}}, "down": {"downwardAPI": labels},
                "absent": {"configMap": {"name": "absent", "optional": True}},
                "several": {"projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "keys"}}]}},
            }, [{"name": name, "mountPath": f"/{name}"} for name in
                ("scratch", "memory", "made", "config", "secret", "down", "absent", "several")]
                + [{"name": "host", "mountPath": "/host", "readOnly": True}],
                container={"resources": {"limits": {"cpu": "250m"}},
                           "env": [{"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}]},
                securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000}))
        self.host.converge()
        self.assertEqual(self.sh("all", "id -G"), "1000 2000")
        self.assertEqual(self.sh("all", "echo x >/scratch/mine && stat -c '%g %a' /scratch /scratch/mine"), "2000 2777\n2000 644")
        self.assertEqual(self.sh("all", "cat /config/deep/a; echo; stat -L -c '%g %a' /config/deep/a"), "1\n2000 640")
        self.assertEqual(self.sh("all", "cat /secret/token; echo; stat -L -c '%g %a' /secret/token"), "canary-7c1\n2000 440")
        self.assertEqual(self.sh("all", "cat /down/labels; echo; cat /down/cpu; echo; echo $CPU"), 'app="all"\ntier="a"\n250\n250')
        self.assertEqual(self.sh("all", "ls /absent; ls /several; cat /host/there"), "a\nb\ntoken\nof the host")
        self.assertEqual(self.sh("all", "for d in memory secret several down; do stat -f -c %T /$d; done"), "\n".join(["tmpfs"] * 4))
        self.assertEqual(self.sh("all", "dd if=/dev/zero of=/memory/x bs=1024 count=2000 2>/dev/null; stat -c %s /memory/x"), str(1 << 20))
        for place in ("/host/x", "/config/x", "/secret/x", "/several/x"):
            self.assertEqual(self.sh("all", f"touch {place} 2>/dev/null || echo refused"), "refused", place)
        self.assertTrue((host_folder / "made/here").is_dir())
        self.check_no_secret_on_disk()

    def check_no_secret_on_disk(self):
        """Outside of the repository and of what is mounted."""
        found = self.host.netns(["grep", "-rlF", "canary-7c1", "--exclude-dir=manifests", "--exclude-dir=docker",
                                 str(self.host.folder / "data")], check=False).stdout.split()
        on_disk = [path for path in found if not self.is_in_memory(Path(path))]
        self.assertEqual(on_disk, [])
        self.assertNotEqual(found, [], "the check looks in the wrong place")

    @staticmethod
    def is_in_memory(path):
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
        return any(kind == "tmpfs" and "/agent/pods/" in place and str(path).startswith(place + "/") for _, place, kind, *_ in mounts)

    def test_a_change_arrives_in_a_running_container(self):
        part = {"name": "config", "mountPath": "/part", "subPath": "a"}
        objects = [config("settings", {"a": "1", "b": "1"}), config("keys", {"token": "1"}, "Secret"),
                   pod("web", {"config": {"configMap": {"name": "settings"}}, "secret": {"secret": {"secretName": "keys"}},
                               "down": {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}},
                       [{"name": "config", "mountPath": "/config"}, part, {"name": "secret", "mountPath": "/secret"},
                        {"name": "down", "mountPath": "/down"}])]
        self.start(*objects)
        self.host.converge()
        before = self.id_of("web")
        # Looks for itself, without a pause, whether it ever sees half of a change.
        self.host.docker(["exec", "-d", before, "sh", "-c",
                          "while [ ! -e /stop ]; do cd /config/..data && a=$(cat a) && b=$(cat b) && [ \"$a\" != \"$b\" ] && echo $a $b >>/torn; "
                          "echo x >>/looks; done"])
        for number in range(2, 6):
            objects[0]["data"] = {"a": str(number), "b": str(number)}
            objects[1]["stringData"] = {"token": str(number)}
            objects[2]["metadata"]["labels"]["tier"] = f"t{number}"
            self.host.write("all.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
            plan = json.loads(self.host.cli(["--dry-run", "-o", "json", self.host.repository], check=False).stdout)
            effects = {change["kind"]: change["effect"] for change in plan["changes"]}
            self.assertEqual(effects, {"ConfigMap": "next start", "Secret": "in place", "Pod": "in place"}, "a part waits for a start")
            self.commit(*objects)
            self.sees("the change", "web", "cat /config/a /config/b /secret/token; grep tier /down/labels", f'{number}{number}{number}tier="t{number}"')
        self.assertEqual(self.sh("web", "cat /part"), "1", "a subPath is not updated")
        self.sh("web", "touch /stop")
        self.assertEqual(self.sh("web", "cat /torn 2>/dev/null || true"), "")
        self.assertGreater(int(self.sh("web", "wc -l </looks")), 10)
        self.assertEqual(self.id_of("web"), before, "it was restarted")
        # A restart keeps the pod's volumes, and takes the subPath anew.
        self.host.docker(["kill", before])
        eventually("it runs again", lambda: self.id_of("web") != before)
        self.assertEqual(self.sh("web", "cat /part /config/a"), "55")

    def test_a_missing_config_map_is_waited_for(self):
        self.start(pod("web", {"config": {"configMap": {"name": "late"}}}, [{"name": "config", "mountPath": "/config"}]),
                   pod("host", {"host": {"hostPath": {"path": "/nowhere/at/all", "type": "Directory"}}}, [{"name": "host", "mountPath": "/x"}]))
        missing = 'MountVolume.SetUp failed for volume "config" : configmap "late" not found'
        eventually("the event", lambda: missing in self.events("FailedMount"))
        eventually("the other event", lambda: 'MountVolume.SetUp failed for volume "host" : hostPath type check failed: /nowhere/at/all is not a '
                   "directory" in self.events("FailedMount"))

        def waits():
            waiting = {p["metadata"]["name"]: p["status"]["containerStatuses"][0]["state"].get("waiting", {}) for p in self.host.pods()}
            return waiting["web"].get("reason") == "ContainerCreating" and waiting["web"].get("message") == missing
        eventually("it waits, and says for what", waits)
        self.commit(config("late", {"a": "1"}), self.objects[0])
        self.host.converge()
        self.assertEqual(self.sh("web", "cat /config/a"), "1")

    def test_no_part_leads_out_of_its_volume(self):
        """FAULTS 38: links that are swapped while containers start, with and without this agent's help."""
        secret = self.host.folder / "outside"
        secret.mkdir()
        (secret / "canary").write_text("not yours")
        shared = self.host.folder / "shared"
        (shared / "real").mkdir(parents=True)
        (shared / "link").symlink_to(secret)
        (shared / "absolute").symlink_to(secret)
        (shared / "up").symlink_to("../outside")
        volumes = {"v": {"hostPath": {"path": str(shared)}}}
        attacks = {name: [{"name": "v", "mountPath": "/v", "subPath": name}] for name in ("absolute", "up")}
        mounts = [{"name": "v", "mountPath": "/v", "subPath": "real"}]
        self.start(*[pod(name, volumes, mount) for name, mount in attacks.items()],
                   pod("swapped", volumes, mounts, command="cat /v/canary && touch /v/escaped; exit 1"))
        swapper = self.host.spawn(["python3", "-c", SWAP, str(shared / "real"), str(shared / "link")], "swapper.log")
        self.addCleanup(self.host.end, swapper, 15)
        for name in attacks:
            eventually("refused", lambda: any(f'failed to prepare subPath "{name}"' in message and "leads out of the volume" in message
                                              for message in self.events("Failed")))
        # Restarts come with a back-off; each is another try.
        eventually("several tries", lambda: self.tries("swapped") >= 3, 120)
        self.assertFalse((secret / "escaped").exists())
        logs = self.host.docker(["ps", "-aq", "--filter", "label=dev.reconcile.pod=swapped", "--filter", "label=dev.reconcile.container=main"])
        for container in logs.stdout.split():
            self.assertNotIn("not yours", self.host.docker(["logs", container], check=False).stdout)

    def tries(self, name):
        status = [p for p in self.host.pods() if p["metadata"]["name"] == name][0]["status"]
        return status["containerStatuses"][0].get("restartCount", 0)

    def test_volumes_outlive_containers_and_agents_and_go_with_their_pod(self):
        kept = self.host.folder / "kept"
        (kept / "part").mkdir(parents=True)
        (kept / "part/file").write_text("the host's")
        self.start(config("keys", {"token": "1"}, "Secret"),
                   pod("web", {"scratch": {"emptyDir": {}}, "memory": {"emptyDir": {"medium": "Memory"}}, "secret": {"secret": {"secretName": "keys"}},
                               "host": {"hostPath": {"path": str(kept)}}},
                       [{"name": "scratch", "mountPath": "/scratch"}, {"name": "memory", "mountPath": "/memory"},
                        {"name": "secret", "mountPath": "/secret"}, {"name": "host", "mountPath": "/part", "subPath": "part"}]),
                   pod("stays", {"scratch": {"emptyDir": {}}}, [{"name": "scratch", "mountPath": "/scratch"}]))
        self.host.converge()
        self.sh("web", "echo 1 >/scratch/x; echo 2 >/memory/x")
        folder = self.host.folder / "data/agent/pods" / self.of_uid("web")
        before = self.id_of("web")
        self.host.kill_reconcile()
        self.host.start_reconcile()
        self.host.converge()
        self.assertEqual(self.id_of("web"), before)
        self.host.docker(["kill", before])
        eventually("it runs again", lambda: self.id_of("web") != before)
        self.assertEqual(self.sh("web", "cat /scratch/x /memory/x /secret/token /part/file"), "1\n2\n1the host's")
        self.assertEqual(len(self.mounts_of_pods()), 3, "memory, secret and one part")
        # The pod is removed while no agent is there.
        self.host.kill_reconcile()
        self.commit(self.objects[0], self.objects[2])
        self.host.start_reconcile()
        self.host.converge()
        eventually("its folder is gone", lambda: not folder.exists())
        self.assertEqual(self.mounts_of_pods(), [])
        self.assertEqual((kept / "part/file").read_text(), "the host's")

    def test_uninstalling_leaves_nothing_mounted_and_what_is_the_hosts_alone(self):
        kept = self.host.folder / "kept"
        (kept / "part").mkdir(parents=True)
        (kept / "part/file").write_text("the host's")
        self.start(pod("web", {"memory": {"emptyDir": {"medium": "Memory"}}, "host": {"hostPath": {"path": str(kept)}}},
                       [{"name": "memory", "mountPath": "/memory"}, {"name": "host", "mountPath": "/part", "subPath": "part"}]))
        self.host.converge()
        self.assertEqual(len(self.mounts_of_pods()), 2)
        self.host.kill_reconcile()
        self.host.netns([RECONCILE, "uninstall", "--yes", "--data", str(self.host.folder / "data"), "--docker", str(self.host.docker_socket)])
        self.assertEqual(self.mounts_of_pods(), [])
        self.assertFalse((self.host.folder / "data/agent/pods").exists())
        self.assertEqual((kept / "part/file").read_text(), "the host's")

    def test_a_volume_beyond_its_limit_evicts_its_pod(self):
        one = pod("web", {"scratch": {"emptyDir": {"sizeLimit": "1Mi"}}}, [{"name": "scratch", "mountPath": "/scratch"}])
        self.start({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": one["spec"]}}})
        self.host.converge()
        name = self.host.pods()[0]["metadata"]["name"]
        uid = self.of_uid(name)
        self.sh(name, "dd if=/dev/zero of=/scratch/x bs=1024 count=2000 2>/dev/null")

        def evicted():
            status = [p for p in self.host.pods() if p["metadata"]["uid"] == uid][0]["status"]
            return status.get("phase") == "Failed" and status.get("reason") == "Evicted"
        eventually("the pod is Failed", evicted, LIMIT_S)
        self.assertIn('Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ', self.events("Evicted"))
        eventually("its disk is free", lambda: not (self.host.folder / "data/agent/pods" / uid).exists())
        eventually("another has taken its place", lambda: [p for p in self.host.ready_pods() if p["metadata"]["uid"] != uid])

    def test_an_agent_with_mounts_and_rights_of_its_own_mounts_where_the_engine_looks(self):
        """As its unit runs it: in a mount namespace from which nothing leads out, and without most capabilities."""
        rights = {right for unit in (ROOT / "packaging").rglob("reconcile-*.service")
                  for line in unit.read_text(encoding="utf-8").splitlines() if line.startswith("CapabilityBoundingSet=")
                  for right in line.split("=")[1].lower().replace("cap_", "").split()}
        self.assertIn("sys_chroot", rights)
        spawn = self.host.spawn
        confined = ["unshare", "--mount", "--propagation", "slave", "setpriv", "--no-new-privs",
                    "--bounding-set", ",".join(["-all"] + ["+" + right for right in sorted(rights)]), "--"]
        self.host.spawn = lambda command, log: spawn((confined if log == "reconcile.log" else []) + list(command), log)
        made = self.host.folder / "made"
        self.start(config("keys", {"token": "1"}, "Secret"),
                   pod("web", {"memory": {"emptyDir": {"medium": "Memory"}}, "secret": {"secret": {"secretName": "keys"}},
                               "scratch": {"emptyDir": {"sizeLimit": "1Mi"}},
                               "made": {"hostPath": {"path": str(made), "type": "DirectoryOrCreate"}}},
                       [{"name": name, "mountPath": f"/{name}"} for name in ("memory", "secret", "scratch")]
                       + [{"name": "made", "mountPath": "/part", "subPath": "part"}],
                       securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000}),
                   pod("stays", {}, []))
        self.host.converge()
        self.assertEqual(len(self.mounts_of_pods()), 3, "here, where the engine is")
        self.assertEqual(self.sh("web", "cat /secret/token; echo; for d in memory secret; do stat -f -c %T /$d; done"), "1\ntmpfs\ntmpfs")
        self.assertEqual(self.sh("web", "mkdir -m 700 /scratch/mine && echo x >/scratch/mine/x; stat -c '%g %a' /scratch"), "2000 2777")
        self.assertTrue((made / "part").is_dir())
        folder = self.host.folder / "data/agent/pods" / self.of_uid("web")
        self.commit(self.objects[0], self.objects[2])
        self.host.converge()
        eventually("nothing is left", lambda: not folder.exists())
        self.assertEqual(self.mounts_of_pods(), [])
        self.assertTrue((made / "part").is_dir())

    def test_later_mounts_of_the_host_are_seen_by_who_asks_for_them(self):
        place = self.host.folder / "place"
        place.mkdir()
        self.host.netns(["mount", "-t", "tmpfs", "none", str(place)])
        self.host.netns(["mount", "--make-shared", str(place)])
        (place / "later").mkdir()
        volumes = {"place": {"hostPath": {"path": str(place)}}}
        self.start(pod("asks", volumes, [{"name": "place", "mountPath": "/place", "mountPropagation": "HostToContainer"}]),
                   pod("not", volumes, [{"name": "place", "mountPath": "/place"}]))
        self.host.converge()
        self.host.netns(["mount", "-t", "tmpfs", "none", str(place / "later")])
        (place / "later/file").write_text("x")
        self.assertEqual(self.sh("asks", "ls /place/later"), "file")
        self.assertEqual(self.sh("not", "ls /place/later"), "")

    def test_the_example_follows_its_configuration(self):
        self.host.docker(["tag", "test/busybox:1", "busybox:1"])
        text = EXAMPLE.read_text(encoding="utf-8")
        self.host.commit({"config-reload.yaml": text})
        self.host.start_reconcile()
        self.host.converge()
        name = self.host.pods()[0]["metadata"]["name"]
        before = self.id_of(name, "follower")
        said = lambda: self.host.docker(["logs", before]).stdout.splitlines()
        eventually("it has read its configuration", lambda: said() == ["Good day, green world"])
        self.assertIn('app="config-reload"', self.sh(name, "cat /about/labels", "follower"))
        self.assertEqual(self.sh(name, "cat /about/token", "follower"), "change-me")
        self.host.commit({"config-reload.yaml": text.replace("colour: green", "colour: blue").replace("Good day", "Hello")})
        eventually("it has read it again", lambda: said() == ["Good day, green world", "Hello, blue world"], LIMIT_S)
        self.assertEqual(self.id_of(name, "follower"), before)


class RebootTest(ClusterTest):
    """An agent of a controller elsewhere; one host is enough."""

    COUNT = 1

    def test_what_is_on_disk_outlives_a_reboot_and_what_is_in_memory_is_made_anew(self):
        volumes = {"scratch": {"emptyDir": {}}, "memory": {"emptyDir": {"medium": "Memory"}}, "secret": {"secret": {"secretName": "keys"}}}
        mounts = [{"name": name, "mountPath": f"/{name}"} for name in volumes] + [{"name": "scratch", "mountPath": "/part", "subPath": "part"}]
        objects = [config("keys", {"token": "1"}, "Secret"), pod("web", volumes, mounts)]
        self.repository.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})}, "A pod")
        self.converge()
        host = self.cluster.hosts[0]

        def running():
            ids = host.containers().get("default/web/main", [])
            self.assertEqual(len(ids), 1)
            return ids[0]

        def sh(command):
            return host.docker(["exec", running(), "sh", "-c", command]).stdout.strip()

        before = running()
        sh("echo 1 >/part/x; echo 2 >/memory/x")
        host.reboot(self.cluster.switch)
        eventually("it runs again", lambda: running() != before, LIMIT_S)
        self.assertEqual(sh("cat /scratch/part/x /part/x; ls /memory; cat /secret/token; stat -f -c %T /memory /secret"), "1\n1\n1tmpfs\ntmpfs")


SWAP = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = sys.argv[1].encode(), sys.argv[2].encode()
while os.getppid() > 0:
    libc.renameat2(-100, a, -100, b, 2)  # RENAME_EXCHANGE
"""

if __name__ == "__main__":
    unittest.main()
