"""Samples as a table: text for a terminal, Markdown for docs/performance.md."""
import os
import platform
import re
import statistics
import subprocess
import time

from testbed import BINARY_FOLDER, ROOT

DOCS = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures: bench/run --write-docs writes them -->\n", "<!-- /figures -->"
PEERS = ("ours", "floor (same)", "floor (none)", "Swarm")
# (step, replicas) -> what of issue 4 is wanted: ours / peer at most so much; peer "" is seconds.
WANTED = {("start", 1): ("Swarm", 0.5), ("start", 20): ("Swarm", 1.0), ("start", 50): ("floor (same)", 1.15),
          ("update", 20): ("Swarm", 0.5), ("replace", 20): ("", 0.5), ("remove", 50): ("Swarm", 1.0)}
STEPS = {"start": "commit to running, {} replicas", "update": "rolling update of {}, start-first, 25 %",
         "replace": "killed container replaced, one of {}", "remove": "removal of {}"}
WANTED_MB = {"agent": 25, "controller": 40}
WANTED_PERCENT = 0.5
WANTED_PROGRAM_MB = 15


def shown(samples):
    """Seconds: the median, and the range when there is one."""
    text = f"{statistics.median(samples):.2f}"
    return text if len(samples) == 1 else f"{text} ({min(samples):.2f}–{max(samples):.2f})"


def ratio(ours, theirs):
    """Median of the ratios of samples that were taken by turns: what the machine did meanwhile cancels."""
    return statistics.median(a / b for a, b in zip(ours, theirs))


def verdict(key, samples):
    if key not in WANTED:
        return ""
    peer, limit = WANTED[key]
    if peer == "":
        return f"≤ {limit} s: {'yes' if statistics.median(samples['ours']) <= limit else 'no'}"
    if peer not in samples:
        return f"≤ {limit} × {peer}: not measured"
    return f"≤ {limit} × {peer}: {'yes' if ratio(samples['ours'], samples[peer]) <= limit else 'no'}"


def timing_rows(timing, steps):
    """A list of lists of cells, its header first."""
    rows = [["seconds"] + list(PEERS) + [f"ours / {peer}" for peer in PEERS[1:]] + ["wanted"]]
    for key, samples in sorted(timing.samples.items(), key=lambda item: (list(STEPS).index(item[0][0])
                                                                          if item[0][0] in STEPS else 9, item[0][1])):
        if key[0] not in steps:
            continue
        cells = [STEPS[key[0]].format(key[1]).replace(" 1 replicas", " one replica")]
        cells += [shown(samples[peer]) if peer in samples else "–" for peer in PEERS]
        cells += [f"{ratio(samples['ours'], samples[peer]):.2f}" if peer in samples else "–" for peer in PEERS[1:]]
        rows.append(cells + [verdict(key, samples)])
    return rows


def weight_rows(weights, pods):
    rows = [["process", "MB idle", "CPU idle", f"MB with {pods} pods", f"CPU with {pods} pods", "wanted"]]
    for weight in weights:
        limit = WANTED_MB.get(weight.process)
        good = limit is not None and max(weight.idle_mb, weight.pods_mb) <= limit and \
            max(weight.idle_percent, weight.pods_percent) < WANTED_PERCENT
        rows.append([weight.process, f"{weight.idle_mb:.1f}", f"{weight.idle_percent:.2f} %", f"{weight.pods_mb:.1f}",
                     f"{weight.pods_percent:.2f} %",
                     "" if limit is None else f"≤ {limit} MB, < {WANTED_PERCENT} %: {'yes' if good else 'no'}"])
    return rows


def program_line(megabytes):
    return f"Program, stripped: {megabytes:.1f} MB (wanted ≤ {WANTED_PROGRAM_MB}: " \
           f"{'yes' if megabytes <= WANTED_PROGRAM_MB else 'no'})."


def as_text(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def range_notes(timing):
    """How many replicas ran during updates, and the machine's load."""
    rounds = max((len(samples["ours"]) for samples in timing.samples.values()), default=0)
    notes = [f"rounds: {rounds}, peers by turns"] + timing.notes
    for (step, count), peers in timing.samples.items():
        if step == "running":
            found = ", ".join(f"{name} {min(low for low, _ in pairs)} to {max(high for _, high in pairs)}"
                              for name, pairs in peers.items())
            notes.append(f"replicas that ran at the same time during updates of {count}: {found}")
    if timing.loads:
        notes.append(f"load average (1 min) when steps began: {min(timing.loads):.1f} to {max(timing.loads):.1f}, "
                     f"median {statistics.median(timing.loads):.1f}")
    return notes


def said(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip() or "unknown"


def machine_notes(options):
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"^MemTotal:\s*(\d+)", file.read(), re.M)[1]) * 1024 / 1e9
    version = said([BINARY_FOLDER / "cmd/reconcile", "version"])
    runtime = getattr(options, "oci_runtime", None) or "runc"
    revision = said(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"])
    return [f"{time.strftime('%Y-%m-%d %H:%M %Z')}, {version}, tree {revision}",
            f"{os.cpu_count()} CPUs ({model[1] if model else 'unknown'}), {memory:.0f} GB, Linux {platform.release()}; "
            f"{said(['dockerd', '--version'])}, {said([runtime, '--version']).splitlines()[0]}",
            "load average now: " + " ".join(f"{load:.1f}" for load in os.getloadavg())]


def write_docs(text, marks=(BEGIN, END)):
    """Puts the figures between these marks of docs/performance.md."""
    begin, end = marks
    old = DOCS.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        raise SystemExit(f"{DOCS} has no marks for figures")
    head, rest = old.split(begin, 1)
    DOCS.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")
