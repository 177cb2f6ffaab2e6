#!/usr/bin/env python3
"""The test hosts themselves (hosts/): what they cut, pause, kill and reboot, and that nothing is left of them."""
import os
import shutil
import signal
import time
import subprocess
import sys
import unittest
from argparse import Namespace
from pathlib import Path

from hosts import hosts as tool
from hosts.cluster import Cluster, Repository, busybox_tar
from hosts.system import Hopeless, eventually, run

ABANDONED = """import sys, time
sys.path.insert(0, sys.argv[1])
from hosts.cluster import Cluster
cluster = Cluster(1).start()
print(cluster.home, flush=True)
time.sleep(600)
"""


def left_of(home):
    """Processes that name a run's folder, cgroups and mounts of it."""
    name = Path(home).name
    found = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid()) and name in command_of(pid)]
    found += run(["find", "/sys/fs/cgroup", "-maxdepth", "3", "-name", f"{name}*"]).stdout.split()
    return found + [line for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines() if name in line]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


class TestbedTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(2)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.cluster.import_image(busybox_tar(cls.cluster.home), "test/busybox:1")

    def answers(self, source, target, count=1):
        said = source.execute(["ping", "-c", count, "-i", "0.02", "-W", "1", target.address], check=False).stdout
        return int(said.split(" received")[0].split()[-1])

    def test_links_are_cut_both_ways_or_one_and_lose_packets(self):
        one, two = self.cluster.hosts
        other = self.cluster.controller
        switch = self.cluster.switch
        self.addCleanup(switch.heal)
        self.assertEqual(self.answers(one, two), 1)
        for way in ("both", "in", "out"):
            switch.cut(one.name, way=way)
            self.assertEqual(self.answers(two, one), 0, way)
            self.assertEqual(self.answers(two, other), 1, way)
            switch.heal(one.name)
            self.assertEqual(self.answers(two, one), 1, way)
        switch.cut(one.name, two.name)
        self.assertEqual((self.answers(one, two), self.answers(one, other)), (0, 1))
        switch.heal()
        switch.lose(one.name, 40)
        self.assertNotIn(self.answers(one, two, 50), (0, 50))
        switch.heal()

    def test_one_way_cuts_lose_only_that_way(self):
        one, two = self.cluster.hosts
        self.addCleanup(self.cluster.switch.heal)

        def heard():
            """Echo requests that have arrived: an interface's own counters would count the bridge's multicasts too."""
            lines = [line.split() for line in two.execute(["cat", "/proc/net/snmp"]).stdout.splitlines() if line.startswith("Icmp:")]
            return int(dict(zip(*lines))["InEchos"])

        for way, hears in (("out", 1), ("in", 0)):
            self.assertEqual(self.answers(one, two), 1, "and each knows where the other is: a cut loses ARP as well")
            self.cluster.switch.cut(two.name, way=way)
            before = heard()
            self.assertEqual(self.answers(one, two), 0)
            self.assertEqual(heard() - before, hears, way)
            self.cluster.switch.heal()

    def test_a_reboot_ends_all_processes_keeps_the_disk_and_has_a_boot_id_of_its_own(self):
        host = self.cluster.hosts[0]
        container = host.docker(["run", "-d", "--net", "none", "test/busybox:1", "sleep", "1000"]).stdout.strip()
        machine_id, boot_id = host.execute(["cat", "/etc/machine-id"]).stdout, host.execute(["cat", "/proc/sys/kernel/random/boot_id"]).stdout
        (host.disk / "kept").write_text("yes", encoding="utf-8")
        processes = dict(host.processes)
        host.reboot(self.cluster.switch)
        self.assertFalse(any(process.alive() for process in processes.values()))
        self.assertEqual(host.docker(["inspect", "-f", "{{.State.Running}}", container]).stdout.strip(), "false")
        self.assertEqual((host.disk / "kept").read_text(encoding="utf-8"), "yes")
        self.assertEqual(host.execute(["cat", "/etc/machine-id"]).stdout, machine_id)
        self.assertNotEqual(host.execute(["cat", "/proc/sys/kernel/random/boot_id"]).stdout, boot_id)
        self.assertEqual(host.execute(["hostname"]).stdout.strip(), host.name)
        self.assertEqual(self.answers(self.cluster.hosts[1], host), 1)

    def test_processes_are_paused_resumed_and_killed_by_id(self):
        host = self.cluster.hosts[1]
        sleeper = host.spawn("sleeper", ["sleep", "600"])
        self.assertTrue(host.pause("sleeper"))
        eventually("it is stopped", lambda: Path(f"/proc/{sleeper.pid}/stat").read_text(encoding="utf-8").split()[2] == "T")
        self.assertTrue(host.resume("sleeper"))
        host.kill("sleeper")
        self.assertFalse(sleeper.alive())

    def test_what_has_ended_is_not_killed_paused_or_resumed_without_a_word(self):
        host = self.cluster.hosts[1]
        host.spawn("sleeper", ["sleep", "600"]).end(signal.SIGKILL)
        for action in ("kill", "pause", "resume"):
            with self.assertRaisesRegex(SystemExit, r"host-2: sleeper \(\d+\) has ended already$"):
                tool.on_process(self.cluster, Namespace(action=action, host="host-2", process="sleeper"))
        host.processes.pop("sleeper")

    def test_a_controller_that_ends_is_told_at_once_and_a_second_one_is_refused(self):
        machine = self.cluster.controller
        repository = Repository(machine.disk / "manifests").make()
        repository.commit(message="Nothing yet")
        begun = time.monotonic()
        with self.assertRaisesRegex(Hopeless, "no command or flag '--nonsense'"):
            self.cluster.start_controller("--nonsense")
        self.assertLess(time.monotonic() - begun, 30)
        tool.start_controller(self.cluster, repository.folder)
        self.addCleanup(machine.kill, "controller")
        first = machine.processes["controller"]
        with self.assertRaisesRegex(SystemExit, r"controller: controller \(\d+\) runs already"):
            tool.start_controller(self.cluster, repository.folder)
        self.assertEqual(machine.processes["controller"], first)
        # One that nobody remembers: its answers are not taken for those of the new one, which ends.
        machine.processes.pop("controller")
        try:
            with self.assertRaisesRegex(Hopeless, "the controller ended"):
                tool.start_controller(self.cluster, repository.folder)
        finally:
            machine.processes["controller"] = first

    def test_two_runs_at_once_do_not_meet_and_one_that_is_killed_leaves_no_process(self):
        abandoned = subprocess.Popen([sys.executable, "-B", "-c", ABANDONED, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(abandoned.stdout.close)
        self.addCleanup(abandoned.wait)
        self.addCleanup(abandoned.kill)
        home = abandoned.stdout.readline().strip()
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.assertEqual(self.answers(*self.cluster.hosts), 1)
        self.assertTrue(left_of(home))
        abandoned.send_signal(signal.SIGKILL)
        abandoned.wait()
        eventually("the kernel has ended all of it", lambda: not [left for left in left_of(home) if left.isdigit()], 30)
        self.assertEqual(self.answers(*self.cluster.hosts), 1, "the other run goes on")

    def test_a_run_that_is_taken_down_or_ended_leaves_nothing(self):
        ended = subprocess.Popen([sys.executable, "-B", "-c", ABANDONED, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(ended.stdout.close)
        self.addCleanup(ended.wait)
        self.addCleanup(ended.kill)
        home = ended.stdout.readline().strip()
        ended.send_signal(signal.SIGTERM)
        ended.wait()
        self.assertEqual(left_of(home), [])
        self.assertFalse(os.path.exists(home))


if __name__ == "__main__":
    unittest.main(verbosity=2)
