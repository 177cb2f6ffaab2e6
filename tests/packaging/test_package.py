#!/usr/bin/env python3
"""The Debian package in a clean root: installs, its units start under a real systemd, it is removed and purged.

The root is Debian's minimum by debootstrap, made once (build/package-root); each run works on an overlay of it, in which
apt installs the package with what it depends on. systemd-nspawn boots it, with a network of its own. Only what this made
is ended and removed, also after a failure."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from hosts.system import eventually, run  # noqa: E402

BINARY_FOLDER = Path(os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev"))
CLEAN_ROOT = ROOT / "build/package-root"
UNITS = ("reconcile-controller", "reconcile-agent")


def distribution():
    """Code name and mirror of this machine: the package is built against its libraries."""
    facts = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines() if "=" in line)
    mirror = {"debian": "http://deb.debian.org/debian", "ubuntu": "http://archive.ubuntu.com/ubuntu"}[facts["ID"].strip('"')]
    return facts["VERSION_CODENAME"].strip('"'), mirror


def make_clean_root():
    if (CLEAN_ROOT / ".whole").exists():
        return
    shutil.rmtree(CLEAN_ROOT, ignore_errors=True)
    CLEAN_ROOT.parent.mkdir(parents=True, exist_ok=True)
    name, mirror = distribution()
    components = "main,universe" if "ubuntu" in mirror else "main"
    run(["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,procps", f"--components={components}",
         name, CLEAN_ROOT, mirror], timeout=1500)
    (CLEAN_ROOT / ".whole").touch()


# What the agent does for volumes, call by call.
MAKES_VOLUMES = r"""
use strict;
sub must { my ($what, $result) = @_; die "$what: $!\n" if $result < 0; return $result; }
my ($volume, $empty) = ("/var/lib/reconcile/volume", "");
open(my $theirs, "<", "/proc/1/ns/mnt") or die "open: $!\n";
must("unshare", syscall(272, 0x200));
must("setns", syscall(308, fileno($theirs), 0x20000));
mkdir($volume) or die "mkdir: $!\n";
my ($kind, $options) = ("tmpfs", "size=1m");
must("mount", syscall(165, $kind, $volume, $kind, 6, $options));
mkdir("$volume/real") && mkdir("$volume/part") or die "mkdir: $!\n";
chown(1000, 2000, "$volume/real") && chmod(02770, "$volume/real") or die "rights: $!\n";
open(my $file, ">", "$volume/real/x") or die "write: $!\n";
my $how = pack("QQQ", 010200000, 0, 8);  # O_PATH | O_DIRECTORY, RESOLVE_BENEATH
my $anywhere = pack("QQQ", 010200000, 0, 0);
my $slave = pack("QQQQ", 0, 0, 1 << 19, 0);
my ($real, $part) = ("real", "part");
my $root = must("openat2", syscall(437, -100, $volume, $anywhere, 24));
my $source = must("openat2", syscall(437, $root, $real, $how, 24));
my $target = must("openat2", syscall(437, $root, $part, $how, 24));
my $tree = must("open_tree", syscall(428, $source, $empty, 1 | 02000000 | 0x1000 | 0x8000));
must("mount_setattr", syscall(442, $tree, $empty, 0x9000, $slave, 32));
must("move_mount", syscall(429, $tree, $empty, $target, $empty, 0x44));
-e "$volume/part/x" or die "nothing is mounted\n";
print "made\n";
"""


class PackageTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="rc-package-"))
        cls.machine = None
        cls.root = cls.folder / "root"
        cls.addClassCleanup(cls.clean)
        make_clean_root()
        # As the target `package` does, which would build the tests too where there are some.
        run(["cmake", "--build", BINARY_FOLDER, "--target", "reconcile", "packaging_files"], timeout=1500)
        run(["cpack", "-G", "DEB", "--config", BINARY_FOLDER / "CPackConfig.cmake", "-B", BINARY_FOLDER], timeout=600)
        cls.package = sorted(BINARY_FOLDER.glob("reconcile_*.deb"), key=lambda path: path.stat().st_mtime)[-1]
        for name in ("root", "upper", "work"):
            (cls.folder / name).mkdir()
        mounted = run(["mount", "-t", "overlay", "overlay", "-o",
                       f"lowerdir={CLEAN_ROOT},upperdir={cls.folder}/upper,workdir={cls.folder}/work", cls.root], check=False)
        if mounted.returncode != 0:  # the folder is on an overlay itself, as in a container
            run(["cp", "-a", f"{CLEAN_ROOT}/.", cls.root])
        shutil.copy(cls.package, cls.root / "reconcile.deb")

    @classmethod
    def clean(cls):
        if cls.machine is not None:
            cls.machine.send_signal(signal.SIGTERM)
            try:
                cls.machine.wait(60)
            except subprocess.TimeoutExpired:
                cls.machine.kill()
                cls.machine.wait()
        if cls.root.is_mount():
            run(["umount", "-l", cls.root])
        shutil.rmtree(cls.folder, ignore_errors=True)

    # ---- the root, before and after it is booted ----
    def in_root(self, *command, check=True):
        """A command in the root that is not booted, with this machine's network (for apt)."""
        return run(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "--resolv-conf=copy-host", "-D", self.root,
                    "--setenv=DEBIAN_FRONTEND=noninteractive"] + list(command), check)

    def boot(self):
        with open(self.folder / "boot.log", "wb") as log:
            type(self).machine = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", "-D", str(self.root),
                 "-M", "rc-" + uuid.uuid4().hex[:8]], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def leader():
            assert self.machine.poll() is None, (self.folder / "boot.log").read_text(errors="replace")
            children = run(["ps", "-o", "pid=", "--ppid", self.machine.pid], check=False).stdout.split()
            return [pid for pid in children if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "systemd"]

        type(self).leader = eventually("systemd runs in the root", leader, 60)[0]
        eventually("systemd is up", lambda: self.inside("systemctl", "is-system-running", check=False).stdout.strip()
                   in ("running", "degraded"), 120)
        self.inside("ip", "link", "set", "lo", "up")

    def inside(self, *command, check=True):
        return run(["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "--"] + list(command), check,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"})

    def state_of(self, unit):
        return self.inside("systemctl", "is-active", unit, check=False).stdout.strip()

    def log_of(self, unit):
        return self.inside("journalctl", "--no-pager", "-u", unit, check=False).stdout

    # ---- the life of a package ----
    def test_it_installs_starts_its_units_and_is_removed_cleanly(self):
        self.installs()
        self.boot()
        self.starts_nothing_unconfigured()
        self.controller_starts()
        self.agent_joins_and_starts()
        self.confinement_holds()
        self.volumes_can_be_made_by_the_agents_unit()
        self.is_removed_and_purged()

    def installs(self):
        self.in_root("apt-get", "update", "-qq")
        said = self.in_root("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/reconcile.deb").stdout
        self.assertIn("nothing is started yet", said)
        for path in ("usr/bin/reconcile", "usr/share/man/man1/reconcile.1.gz", "usr/share/bash-completion/completions/reconcile",
                     "usr/share/zsh/vendor-completions/_reconcile", "usr/share/fish/vendor_completions.d/reconcile.fish",
                     "usr/share/doc/reconcile/operations.md", "usr/share/doc/reconcile/prometheus/reconcile.rules.yaml",
                     "usr/share/doc/reconcile/prometheus/prometheus.yaml", "usr/share/doc/reconcile/grafana/reconcile.json", "etc/reconcile/reconcile.yaml"):
            self.assertTrue((self.root / path).exists(), path)
        page = run(["zcat", self.root / "usr/share/man/man1/reconcile.1.gz"]).stdout
        for words in (".TH RECONCILE 1", ".SS agent", ".SS token create", "\\-\\-join"):
            self.assertIn(words, page)
        self.in_root("bash", "-n", "/usr/share/bash-completion/completions/reconcile")
        self.in_root("reconcile", "validate", "--help")  # its libraries are there
        conffiles = self.in_root("dpkg-query", "-W", "-f", "${Conffiles}", "reconcile").stdout
        self.assertIn("/etc/reconcile/reconcile.yaml", conffiles)

    def starts_nothing_unconfigured(self):
        for unit in UNITS:
            self.assertNotEqual(self.state_of(unit), "active")
            self.assertEqual(self.inside("systemctl", "is-enabled", unit, check=False).stdout.strip(), "disabled")
            # Only what is said of our own units counts: a minimal root has complaints of its own.
            verified = self.inside("systemd-analyze", "verify", "--man=no", unit + ".service", check=False)
            self.assertNotIn("reconcile", verified.stderr.replace("docker.service", ""), verified.stderr)
        self.inside("systemctl", "start", "reconcile-agent")  # has joined nothing: its condition says no
        self.assertEqual(self.state_of("reconcile-agent"), "inactive")
        # This root has no address but its loopback's, which nobody could be told to dial.
        (self.root / "etc/reconcile/site.yaml").write_text("advertise: 127.0.0.1\n", encoding="utf-8")
        self.assertNotEqual(self.inside("systemctl", "start", "reconcile-controller", check=False).returncode, 0)
        self.assertIn("no repository to follow", self.log_of("reconcile-controller"))
        # A wrong configuration is not tried again and again.
        self.assertEqual(self.state_of("reconcile-controller"), "failed")
        self.inside("systemctl", "reset-failed", "reconcile-controller")

    def controller_starts(self):
        """Following the repository of a user who shuts others out: by the rights that the unit leaves."""
        self.inside("useradd", "-m", "-u", "1234", "dev")
        manifests = self.root / "srv/manifests"
        manifests.mkdir(parents=True)
        # Folders there are examples of their own (tests/e2e/test_examples.py).
        for path in (ROOT / "examples/manifests").glob("*.yaml"):
            shutil.copy(path, manifests)
        git = ["git", "-C", manifests, "-c", "user.name=Test", "-c", "user.email=test@localhost"]
        run(git + ["init", "-q", "-b", "main"])
        run(git + ["add", "-A"])
        run(git + ["commit", "-q", "-m", "Examples"])
        self.inside("chown", "-R", "dev:dev", "/srv/manifests")
        self.inside("chmod", "-R", "go-rwx", "/srv/manifests")
        (self.root / "etc/reconcile/site.yaml").write_text(
            "advertise: 127.0.0.1\nsources:\n- {name: main, repository: /srv/manifests}\n", encoding="utf-8")
        self.inside("systemctl", "enable", "--now", "reconcile-controller")
        self.assertEqual(self.state_of("reconcile-controller"), "active", self.log_of("reconcile-controller"))

        def applied():
            text = self.inside("reconcile", "status", check=False).stdout
            self.assertIn("Examples", text, self.log_of("reconcile-controller"))
            return True

        eventually("the repository is read", applied, 60)

    def agent_joins_and_starts(self):
        line = self.inside("reconcile", "token", "create").stdout.split("\n")[0].split()
        self.assertEqual(line[:3], ["reconcile", "agent", "--join"])
        self.inside(*line, "--node-name", "host-1", "--join-only")
        self.inside("systemctl", "enable", "--now", "reconcile-agent")
        self.assertEqual(self.state_of("reconcile-agent"), "active", self.log_of("reconcile-agent"))
        eventually("the node is known", lambda: "host-1" in self.inside("reconcile", "get", "nodes", check=False).stdout, 60)
        # Without an engine there is no more to see here; tests/e2e runs agents with engines.
        self.assertEqual(self.inside("stat", "-c", "%a %U", "/var/lib/reconcile").stdout.strip(), "700 root")

    def confinement_holds(self):
        for unit in UNITS:
            pid = self.inside("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
            status = self.inside("cat", f"/proc/{pid}/status").stdout
            self.assertIn("NoNewPrivs:\t1", status)
            self.assertIn("Seccomp:\t2", status)
            text = self.inside("systemd-analyze", "security", "--no-pager", unit + ".service").stdout
            print(f"{unit}: {text.strip().splitlines()[-1]}")
        listening = self.inside("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout.splitlines()
        ports = {int(line.split()[1].rsplit(":", 1)[1], 16) for line in listening if len(line.split()) > 3 and line.split()[3] == "0A"}
        self.assertEqual(ports, {7443, 6443})  # agents', and kubectl's

    def volumes_can_be_made_by_the_agents_unit(self):
        """Under all that confines it: another mount namespace entered, a tmpfs and a part mounted there, fsGroup's rights given."""
        if os.uname().machine != "x86_64":
            return  # the numbers of system calls
        unit = (self.root / "usr/lib/systemd/system/reconcile-agent.service").read_text(encoding="utf-8")
        service = unit.split("[Service]")[1].split("[Install]")[0].splitlines()
        kept = [line for line in service if "=" in line and not line.startswith(("#", "Type=", "Exec", "Restart", "OOMScoreAdjust=", "TimeoutStop"))]
        (self.root / "var/lib/reconcile/try.pl").write_text(MAKES_VOLUMES, encoding="utf-8")
        command = ["systemd-run", "--quiet", "--wait", "--pipe"] + [word for line in kept for word in ("-p", line)]
        said = self.inside(*command, "perl", "/var/lib/reconcile/try.pl", check=False)
        self.assertEqual(said.stdout.strip(), "made", said.stdout + said.stderr)
        self.assertEqual(self.inside("sh", "-c", "grep -c /var/lib/reconcile/volume /proc/1/mounts; rm /var/lib/reconcile/try.pl", check=False)
                         .stdout.strip(), "2", "in the namespace of process 1")
        self.inside("sh", "-c", "umount /var/lib/reconcile/volume/part /var/lib/reconcile/volume; rmdir /var/lib/reconcile/volume")

    def is_removed_and_purged(self):
        said = self.inside("apt-get", "remove", "-y", "-qq", "reconcile").stdout
        self.assertIn("go on running", said)
        for unit in UNITS:
            self.assertNotEqual(self.state_of(unit), "active")
            self.assertFalse((self.root / f"usr/lib/systemd/system/{unit}.service").exists())
            self.assertFalse((self.root / f"etc/systemd/system/multi-user.target.wants/{unit}.service").exists())
        self.assertEqual(self.inside("pgrep", "-x", "reconcile", check=False).stdout, "")
        self.assertTrue((self.root / "etc/reconcile/reconcile.yaml").exists(), "settings stay until a purge")
        said = self.inside("apt-get", "purge", "-y", "-qq", "reconcile").stdout
        self.assertIn("is kept", said)
        self.assertFalse((self.root / "etc/reconcile").exists())
        self.assertTrue((self.root / "var/lib/reconcile/ca").exists(), "keys are never removed by a package")
        left = self.inside("sh", "-c", "dpkg -L reconcile 2>/dev/null; find / -xdev -name '*reconcile*' -not -path '/var/*' "
                           "-not -path '/proc/*' -not -path '/tmp/*' -not -name reconcile.deb").stdout.split()
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
