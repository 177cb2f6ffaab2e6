"""A table of commands: what is typed, and what kubectl must then say."""
import re
import shlex
from dataclasses import dataclass

from .client import versions


@dataclass(frozen=True)
class Case:
    words: str  # as a shell would split them; <pod> and the like are the test's names
    shows: tuple = ()  # patterns, all found in what it printed (and said, when the code is not 0)
    hides: tuple = ()
    code: int = 0
    role: str = "owner"  # whose kubeconfig
    only: object = None  # of a version; None: all that are required
    every: bool = False  # with every version that is on this machine, not just the required ones

    @property
    def name(self):
        words = re.sub(r"[^a-z0-9]+", "_", self.words.lower().replace("!", " not ")).strip("_")
        return words if self.role == "owner" else f"{words}_as_{self.role}"


def case(words, *shows, **how):
    return Case(words, shows, **how)


def add_cases(test_class, cases, required):
    """Each case with each version becomes a test of its own; `test_class` has check(case, version)."""
    for each in cases:
        for version in versions():
            if version not in required and not each.every:
                continue
            if each.only is not None and not each.only(version):
                continue
            name = f"test_{each.name}__{version}"
            assert not hasattr(test_class, name), f"two cases are called {name}"
            setattr(test_class, name, lambda self, each=each, version=version: self.check(each, version))


class Checks:
    """Of a KubectlTest: runs a case. `names` by the words in angle brackets, `kubectls` by role."""

    names = {}
    kubectls = {}

    def check(self, each, version):
        words = shlex.split(self.named(each.words))
        text = self.kubectls[each.role](version, *words, code=each.code)
        for pattern in each.shows:
            self.assertRegex(text, re.compile(self.named(pattern, re.escape), re.MULTILINE))
        for pattern in each.hides:
            self.assertNotRegex(text, pattern)

    def named(self, text, escape=str):
        """With the test's names in place of <pod> and the like."""
        return re.sub(r"<(pod|restarted)>", lambda found: escape(self.names[found[1]]), text)
