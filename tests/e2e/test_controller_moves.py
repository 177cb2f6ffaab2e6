#!/usr/bin/env python3
"""The controller is killed, moved to another host by backup and restore, and loses its database: no container notices."""
import os
import shutil
import signal
import time
import unittest
from pathlib import Path

from hosts.cluster import PORT
from hosts.system import POLL_S, eventually
from hosts.testing import ClusterTest, deployment


class ControllerMovesTest(ClusterTest):

    @classmethod
    def first_manifests(cls):
        # Generated names and ones that a person chose; a rollout that has a history; configuration and a Secret.
        return {"web.yaml": deployment("web", 6), "api.yaml": deployment("api", 3),
                "settings.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: canary-of-this-test}\n"}

    @classmethod
    def make_sources(cls):
        # Where any host of the run can read it: all controllers follow the same.
        return f"sources:\n- {{name: main, repository: {cls.repository.folder}}}\n"

    def test_killed_moved_and_wiped_no_container_changes_and_then_a_commit_applies(self):
        self.converge()
        before = self.cluster.containers()
        self.assertEqual(len(before), 9)
        self.killed(before)
        self.moved(before)
        self.wiped(before)
        self.wiped_while_hosts_are_away(before)
        self.without_its_ca_or_its_key(before)
        self.restored_after_a_new_key_and_a_revocation(before)

    def unchanged_until_settled(self, before, what, began):
        """Looks at every container again and again until the controller says that all is as declared, and once more."""
        def settled():
            self.same_containers(before, what)
            status = self.cluster.status()
            assert status["settled"] and not status["unconverged"], status["unconverged"]
            return True

        self.cluster.all_ready()
        deadline_s = 180  # a rebuilding controller waits for hosts that do not answer
        end = time.monotonic() + deadline_s
        while True:
            try:
                settled()
                break
            except AssertionError as error:
                if str(error).startswith("{") or time.monotonic() > end:  # containers differ: at once
                    raise
            time.sleep(POLL_S)
        print(f"{what}: converged after {time.monotonic() - began:.1f} s, {len(before)} containers unchanged")

    def killed(self, before):
        began = time.monotonic()
        self.cluster.controller_on.kill("controller", signal.SIGKILL)
        self.cluster.start_controller()
        self.unchanged_until_settled(before, "killed", began)
        self.applies("one.yaml")
        self.same_containers(before, "a commit that adds and one that removes leave the others alone")

    def moved(self, before):
        """To host-1, which runs pods: by a backup of the database, and one of the keys."""
        cluster, old, new = self.cluster, self.cluster.controller, self.cluster.hosts[0]
        files = [str(cluster.home / name) for name in ("backup.db", "backup.keys")]
        cluster.cli(["backup", files[0], "--keys", files[1]])
        self.assertNotIn(b"canary-of-this-test", Path(files[0]).read_bytes())
        # What happens after a backup is lost with the database, and comes again from Git.
        self.repository.commit({"late.yaml": deployment("late", 2)}, "After the backup")
        self.converge()
        late = cluster.containers()
        old.kill("controller", signal.SIGKILL)
        began = time.monotonic()
        # An agent's data folder is there already: only what is not there is restored.
        new.execute(["reconcile", "restore", files[0], "--keys", files[1]])
        cluster.configure(new, self.make_sources())
        cluster.start_controller(on=new)
        for host in cluster.hosts:  # nobody keeps a name for the controller here: each host is told
            host.kill("agent", signal.SIGTERM)
            host.execute(["reconcile", "agent", "--join", f"{new.address}:{PORT}", "--join-only"])
            host.start_service("agent")
        self.unchanged_until_settled(late, "moved by backup and restore", began)
        self.repository.commit({"late.yaml": None}, "Without it again")
        self.converge()
        self.same_containers(before, "moved")
        self.applies("two.yaml")

    def wiped(self, before):
        """The database is gone; the CA is not."""
        on = self.cluster.controller_on
        on.kill("controller", signal.SIGKILL)
        began = time.monotonic()
        self.remove_database(on)
        self.cluster.start_controller()
        self.unchanged_until_settled(before, "database lost", began)
        self.applies("three.yaml")
        self.same_containers(before, "wiped")

    def wiped_while_hosts_are_away(self, before):
        """A host that answers late is waited for."""
        on, late = self.cluster.controller_on, self.cluster.hosts[2]
        on.kill("controller", signal.SIGKILL)
        late.kill("agent", signal.SIGKILL)
        began = time.monotonic()
        self.remove_database(on)
        self.cluster.start_controller()
        eventually("it says whom it waits for", lambda: late.name in "\n".join(
            self.cluster.status()["unconverged"] + self.cluster.status().get("underWay", [])), 30)
        self.same_containers(before, "while a host is waited for")
        late.start_service("agent")
        self.unchanged_until_settled(before, "database lost and a host late", began)
        self.applies("four.yaml")

    def without_its_ca_or_its_key(self, before):
        """Neither is made anew for a cluster that has one; a keys file brings both back."""
        on = self.cluster.controller_on
        folder, keys, aside = on.disk / "reconcile", self.cluster.home / "again.keys", self.cluster.home / "aside"
        self.cluster.cli(["backup", self.cluster.home / "again.db", "--keys", keys])
        on.kill("controller", signal.SIGKILL)
        for name, words in (("ca", "ca is missing or empty"), ("secrets.key", "secrets.key is missing")):
            (folder / name).rename(aside)
            refused = on.execute(on.services["controller"], check=False, timeout=60)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(words, refused.stderr)
            self.assertIn("reconcile restore --keys KEYS", refused.stderr)
            self.assertFalse((folder / name).exists(), "none was made")
            on.execute(["reconcile", "restore", "--keys", keys])
            self.assertTrue((folder / name).exists())
            if aside.is_dir():
                shutil.rmtree(aside)
            else:
                aside.unlink()
        began = time.monotonic()
        self.cluster.start_controller()
        self.unchanged_until_settled(before, "CA and key lost and put back", began)

    def restored_after_a_new_key_and_a_revocation(self, before):
        """An older backup, with the key of its time, where key and revocations went on: a revoked host stays out."""
        on, out = self.cluster.controller_on, self.cluster.hosts[2]
        files = [str(self.cluster.home / name) for name in ("old.db", "old.keys")]
        self.cluster.cli(["backup", files[0], "--keys", files[1]])
        self.cluster.cli(["secrets", "rotate"])
        self.cluster.cli(["node", "revoke", out.name])
        # Its pods moved at once; what still runs on its host is nobody's any more.
        self.converge()
        before = self.on_members()
        on.kill("controller", signal.SIGKILL)
        self.remove_database(on)
        without = on.execute(["reconcile", "restore", files[0]], check=False)
        self.assertNotEqual(without.returncode, 0)
        self.assertIn("--keys", without.stderr)
        self.assertFalse((on.disk / "reconcile/cluster.db").exists())
        on.execute(["reconcile", "restore", files[0], "--keys", files[1]])
        self.cluster.start_controller()
        eventually("the others are back", lambda: len(self.cluster.ready_nodes()) == 2, 150)
        shown = self.cluster.cli(["node", "list-certificates"]).stdout
        self.assertRegex(shown, rf"(?m)^{out.name}\b.*Revoked")
        self.assertNotIn(out.name, self.cluster.ready_nodes())
        self.converge()
        self.assertEqual(self.on_members(), before, "restored with an older key")
        for path in (on.disk / "reconcile").glob("cluster.db*"):
            self.assertNotIn(b"canary-of-this-test", path.read_bytes())

    def on_members(self):
        """The containers of the two hosts that are still members."""
        members = tuple(host.name + "/" for host in self.cluster.hosts[:2])
        return {name: ids for name, ids in self.cluster.containers().items() if name.startswith(members)}

    @staticmethod
    def remove_database(machine):
        folder = machine.disk / "reconcile"
        for path in folder.glob("cluster.db*"):
            path.unlink()
        assert (folder / "ca").exists()
        assert not os.path.exists(folder / "cluster.db")

    def applies(self, name):
        self.converge(self.repository.commit({name: deployment(name.split(".", maxsplit=1)[0], 3)}, f"With {name}"))
        self.converge(self.repository.commit({name: None}, f"Without {name}"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
