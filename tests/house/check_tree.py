#!/usr/bin/env python3
"""The rules of the tree: who may include whom, what may be called where, how long a file or function may be.

Usage: check_tree.py ROOT [include|ban|loop|size|threads]...   Exit code 1 and one line a violation when a rule is broken.
The tables here are docs/architecture.md's."""
import json
import re
import subprocess
import sys
from pathlib import Path

# A folder may include its own headers and those of the folders named here.
MAY_INCLUDE = {
    "base": [],
    "schema": ["base"],
    "source": ["schema", "base"],
    "reconciler": ["schema", "base"],
    "store": ["schema", "base"],
    "runtime": ["schema", "base"],
    "net": ["schema", "base"],
    "link": ["schema", "base"],
    "controller": ["reconciler", "store", "source", "link", "net", "schema", "base"],
    "agent": ["runtime", "net", "link", "schema", "base"],
    "api": ["controller", "reconciler", "store", "link", "schema", "base"],
    "sim": ["controller", "agent", "reconciler", "store", "source", "runtime", "net", "link", "schema", "base"],
    "cmd": None,  # everything: the only place where things are wired together
    "tests": None,
    "bench": None,
    "examples": [],
}
# From another folder only these headers of `controller` are public.
CONTROLLER_PUBLIC = {"controller/controller.h", "controller/plan_manifests.h", "controller/convergence.h",
                     "controller/usage_history.h"}

# Adapters to the outside: the files of the *_io libraries. Only they, base and cmd may use clocks, threads and so on.
# They are read from the CMake files, so that the list cannot fall behind.
BANNED = [
    (re.compile(r"std::chrono::\w+::now\b"), "a clock (take `now` as an argument, or an EventLoop)"),
    (re.compile(r"\b(?:clock_gettime|gettimeofday|std::time)\s*\("), "a clock (take `now` as an argument)"),
    (re.compile(r"\b(?:std::rand|s?rand|random_device|mt19937\w*)\b\s*[({]"), "randomness (take a Random)"),
    (re.compile(r"\b(?:std::|secure_)?getenv\s*\("), "the environment (take it by argument)"),
    (re.compile(r"\bstd::j?thread\b(?!::id)"), "threads (take an Executor)"),
    (re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("), "sleeping (use a timer)"),
]
# A range-for keeps the temporary it ranges over alive, but not the pointer that one was reached through (until C++23).
LOOP_THROUGH_TEMPORARY = re.compile(r"\bfor \([^;]*[^:]:[^:;]*\)\s*->", re.DOTALL)
THREADS = re.compile(r"\bstd::j?thread\b(?!::id)|\b(?:LoopThread|SocketThread|WorkerPool|CannedServer)\b")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
SOURCE_SUFFIXES = {".cc", ".h", ".c"}
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.MULTILINE)
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def sources(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                            check=True, capture_output=True, text=True).stdout.splitlines()
    for name in sorted(set(listed)):
        path = root / name
        if path.suffix in SOURCE_SUFFIXES and path.is_file() and name.split("/")[0] in MAY_INCLUDE:
            yield name, path


def io_files(root):
    """Files of libraries named *_io, and the headers beside them."""
    files = set()
    for cmake in list(root.glob("*/CMakeLists.txt")) + list(root.glob("*/*.cmake")):
        for library in re.finditer(r"reconcile_library\(\s*\w+_io\b(.*?)\)", cmake.read_text(), re.DOTALL):
            body = re.split(r"\b(?:PUBLIC|PRIVATE)\b", library.group(1))[0]
            for name in re.findall(r"([\w/.-]+)\.cc\b", body):
                stem = f"{cmake.parent.relative_to(root)}/{name}"
                files.update({stem + ".cc", stem + ".h"})
    return files


def check_includes(root):
    for name, path in sources(root):
        folder = name.split("/")[0]
        allowed = MAY_INCLUDE[folder]
        for header in INCLUDE.findall(path.read_text()):
            target = header.split("/")[0]
            if "/" not in header or target == folder or target not in MAY_INCLUDE:
                continue
            if target in ("cmd", "sim") and folder not in ("tests", "bench", target):
                yield f"{name}: includes {header}: nothing includes {target}/"
            elif allowed is not None and target not in allowed:
                yield f"{name}: includes {header}: {folder}/ may include only {', '.join(allowed) or 'nothing'}"
            elif target == "controller" and folder == "api" and header not in CONTROLLER_PUBLIC:
                yield f"{name}: includes {header}: only controller's public headers"


def check_loops(root):
    for name, path in sources(root):
        text = COMMENT_OR_STRING.sub(lambda match: "\n" * match.group(0).count("\n"), path.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            if LOOP_THROUGH_TEMPORARY.search(line):
                yield f"{name}:{number}: ranges over what a temporary pointer holds; name the pointer first"


def check_banned(root):
    outside = io_files(root)
    for name, path in sources(root):
        if name.split("/")[0] in ("cmd", "tests", "bench", "examples") or name in outside:
            continue
        text = COMMENT_OR_STRING.sub(lambda match: "\n" * match.group(0).count("\n"), path.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in BANNED:
                if pattern.search(line):
                    yield f"{name}:{number}: uses {what}; allowed only in *_io libraries and cmd/"


def check_sizes(root):
    names = [name for name, _ in sources(root)]
    for name in names:
        lines = (root / name).read_text().count("\n")
        if lines > MAX_FILE_LINES:
            yield f"{name}: {lines} lines; more than {MAX_FILE_LINES} want a second room"
    tags = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C++=f", "--kinds-C=f", "-L", "-", "-o", "-"],
                          input="\n".join(names), cwd=root, check=True, capture_output=True, text=True).stdout
    for line in tags.splitlines():
        tag = json.loads(line)
        length = tag.get("end", tag["line"]) - tag["line"] + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{tag['path']}:{tag['line']}: {tag['name']} has {length} lines; at most {MAX_FUNCTION_LINES}"


def check_threads(root):
    """Unit tests that start threads are run under ThreadSanitizer."""
    listed = re.search(r"set\(RECONCILE_THREADED ([^)]*)\)", (root / "cmake/Targets.cmake").read_text())[1].split()
    for cmake in sorted(root.glob("tests/unit/*/tests.cmake")):
        threaded = [path for path in sorted(cmake.parent.glob("*")) if path.suffix in SOURCE_SUFFIXES
                    and THREADS.search(COMMENT_OR_STRING.sub("", path.read_text()))]
        programs = re.findall(r"reconcile_test\(\s*(\w+)", cmake.read_text())
        if threaded and not set(programs) & set(listed):
            yield f"{threaded[0].relative_to(root)}: starts threads, but RECONCILE_THREADED names none of {', '.join(programs)}"


CHECKS = {"include": check_includes, "ban": check_banned, "loop": check_loops, "size": check_sizes, "threads": check_threads}


def main():
    root = Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:] or list(CHECKS)
    violations = [line for check in wanted for line in CHECKS[check](root)]
    for line in violations:
        print(line)
    print(f"{len(violations)} violations in {sum(1 for _ in sources(root))} files")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
