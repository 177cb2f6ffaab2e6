"""Stock kubectl: which of them are on this machine, and running one against a cluster of a test's own.

Debian's 1.20 is unpacked below build/ by scripts/test and never installed: a kubectl that is on the machine stays what it is.
Newer ones are those of the machine, also `kubectl.1.3x` beside a dispatcher that chooses among them."""
import functools
import os
import re
import shutil
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OLD = Path(os.environ.get("RECONCILE_OLD_KUBECTL", ROOT / "build/kubectl-1.20/usr/bin/kubectl"))
NEW = (1, 30)  # the newest that is there is at least this
COMMAND_DEADLINE_S = 60


@dataclass(frozen=True, order=True)
class Version:
    number: tuple  # (1, 33)
    path: str

    def __str__(self):
        return f"kubectl_{self.number[0]}_{self.number[1]}"

    @property
    def is_old(self):
        """Of the time before WebSockets, aggregated discovery and OpenAPI version 3."""
        return self.number < (1, 27)


def number_of(path):
    done = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r'"gitVersion": "v(\d+)\.(\d+)', done.stdout)
    return (int(found[1]), int(found[2])) if found else None


@functools.lru_cache(maxsize=None)
def versions():
    """Oldest first, each number once."""
    paths = [OLD] if OLD.exists() else []
    dispatcher = shutil.which("kubectl")
    if dispatcher is not None:
        folder = Path(os.path.realpath(dispatcher)).parent
        paths += [dispatcher] + sorted(path for path in folder.iterdir() if re.fullmatch(r"kubectl\.1\.\d+", path.name))
    found = {}
    for path in paths:
        number = number_of(str(path))
        if number is not None:
            found.setdefault(number, Version(number, str(path)))
    return sorted(found.values())


def old():
    return next((version for version in versions() if version.number == (1, 20)), None)


def newest():
    """The newest of at least 1.30."""
    return next((version for version in reversed(versions()) if version.number >= NEW), None)


def required():
    """One of each time: what runs long is tried with these alone."""
    return [version for version in (old(), newest()) if version is not None]


def missing():
    """What a test cannot do without and this machine lacks, in words; none: all is there."""
    lacks = []
    if old() is None:
        lacks.append(f"no kubectl 1.20 at {OLD}: scripts/test unpacks it there")
    if newest() is None:
        lacks.append("no kubectl of 1.30 or newer on this machine")
    return "; ".join(lacks)


def skip_or_fail(test_class):
    """In setUpClass: under CI every version must be there; elsewhere cases run with those that are, and it is said."""
    lacks = missing()
    if not lacks:
        return
    if os.environ.get("CI"):
        raise AssertionError(lacks)
    print(f"{test_class.__name__}: {lacks}", file=sys.stderr)
    if not versions():
        raise unittest.SkipTest(lacks)


def one_case_per_version(of=versions):
    """Of a TestCase: each method `case_NAME(self, version)` becomes test_NAME__kubectl_1_NN for every version.

    `@only(lambda version: ...)` before a case says which it is for. `of` is `versions` or `required`."""
    def widen(test_class):
        for name in [name for name in dir(test_class) if name.startswith("case_")]:
            case = getattr(test_class, name)
            for version in of():
                if getattr(case, "only", lambda _: True)(version):
                    setattr(test_class, f"test_{name[len('case_'):]}__{version}",
                            lambda self, case=case, version=version: case(self, version))
        return test_class
    return widen


def only(condition):
    """Of a case: the versions that it is for."""
    def mark(case):
        case.only = condition
        return case
    return mark


class Kubectl:
    """Runs kubectl inside of a namespace; `enter` is the command before it (`nsenter ...`), `home` a folder of the test's own."""

    def __init__(self, enter, kubeconfig, home):
        self.enter = [str(word) for word in enter]
        self.kubeconfig = kubeconfig
        self.home = home

    @staticmethod
    def on(host, kubeconfig=None):
        """As the owner of what `reconcile up` runs on a host of tests/e2e/harness.py, by default."""
        return Kubectl(["nsenter", f"--net=/run/netns/{host.name}"], kubeconfig or host.folder / "data/kubeconfig", host.folder)

    def command(self, version, *words):
        # A cache of its own: what another cluster serves is not what this one does.
        return [*self.enter, version.path, "--kubeconfig", str(self.kubeconfig),
                "--cache-dir", f"{self.home}/cache/{version}", *map(str, words)]

    def environment(self, **more):
        clean = {name: value for name, value in os.environ.items()
                 if not name.lower().endswith("_proxy") and not name.startswith("KUBE")}
        return dict(clean, HOME=str(self.home), **more)

    def run(self, version, *words, code=0, stdin=None, timeout=COMMAND_DEADLINE_S, text=True, **variables):
        """The finished process; `code` None: any."""
        done = subprocess.run(self.command(version, *words), capture_output=True, text=text, timeout=timeout, check=False,
                              input=stdin, env=self.environment(**variables))
        if code is not None and done.returncode != code:
            raise AssertionError(f"{version} {' '.join(map(str, words))}: exit {done.returncode}, not {code}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def __call__(self, version, *words, code=0, **how):
        """What it printed; of a refusal, what it said beside."""
        done = self.run(version, *words, code=code, **how)
        return done.stdout + (done.stderr if code else "")

    def start(self, version, *words, **streams):
        """A process that goes on; the caller ends it (`end`)."""
        return subprocess.Popen(self.command(version, *words), env=self.environment(), start_new_session=True, **streams)

    @staticmethod
    def end(process, deadline_s=10):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
