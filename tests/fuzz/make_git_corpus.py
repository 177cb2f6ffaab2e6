#!/usr/bin/env python3
"""Writes the seeds of fuzz_git_objects: honest and broken loose objects, trees, commits and reader's records.

The first byte of a seed names its kind, as fuzz_git_objects.cc reads it. Blobs are those that it puts into its memory."""
import hashlib
import struct
import zlib
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus/fuzz_git_objects"
LOOSE_ID = b"0123456789abcdef0123456789abcdef01234567"


def git_id(kind, content):
    return hashlib.sha1(kind + b" %d\0" % len(content) + content).digest()


def loose(kind, content, size=None, level=6):
    return zlib.compress(kind + b" %d\0" % (len(content) if size is None else size) + content, level)


def entry(mode, name, identity):
    return mode + b" " + name + b"\0" + identity


BLOB, KNOWN = git_id(b"blob", b"a: 1\n"), git_id(b"blob", b"known: 1\n")
LONG = git_id(b"blob", b"a: a line that is longer than a small limit allows\n")
SMALL_TREE_BYTES = entry(b"100644", b"a.yaml", BLOB)
SMALL_TREE = git_id(b"tree", SMALL_TREE_BYTES)
MISSING = b"\x11" * 20


def loose_seeds():
    blob = loose(b"blob", b"a: 1\n")
    yield "blob", blob
    yield "stored", loose(b"blob", b"a: 1\n" * 40, level=0)
    yield "tree", loose(b"tree", SMALL_TREE_BYTES)
    yield "empty_blob", loose(b"blob", b"")
    yield "truncated", blob[:-6]
    yield "goes_on", blob + b"x"
    yield "says_more", loose(b"blob", b"a", size=9)
    yield "says_less", loose(b"blob", b"aaaaaaaaa", size=1)
    yield "says_far_more", loose(b"blob", b"a", size=10 ** 17)
    yield "says_a_gigabyte", loose(b"blob", b"a", size=1 << 29)
    yield "unknown_type", loose(b"ofs", b"a")
    yield "no_size", zlib.compress(b"blob \0a")
    yield "no_header", zlib.compress(b"x" * 200)
    yield "other_text", b"not deflated at all"


def tree_seeds():
    yield "small", SMALL_TREE_BYTES
    yield "empty", b""
    yield "all_modes", b"".join([
        entry(b"120000", b"a-link.yaml", BLOB), entry(b"100755", b"b.yml", BLOB), entry(b"100664", b"c.json", KNOWN),
        entry(b"160000", b"d-module", MISSING), entry(b"40000", b"e", SMALL_TREE), entry(b"100644", b".hidden.yaml", BLOB),
        entry(b"100644", b".gitmodules", BLOB), entry(b"100644", b"text.txt", BLOB)])
    yield "missing_blob", entry(b"100644", b"a.yaml", MISSING)
    yield "missing_tree", entry(b"40000", b"a", MISSING)
    yield "too_long", entry(b"100644", b"a.yaml", LONG)
    yield "blob_as_tree", entry(b"40000", b"a", BLOB)
    yield "tree_as_blob", entry(b"100644", b"a.yaml", SMALL_TREE)
    yield "wrong_mode", entry(b"100600", b"a.yaml", BLOB)
    yield "unordered", entry(b"100644", b"b.yaml", BLOB) + entry(b"100644", b"a.yaml", BLOB)
    yield "twice", 2 * entry(b"100644", b"a.yaml", BLOB)
    yield "bad_name", entry(b"100644", b"a\x01.yaml", BLOB)
    yield "many", b"".join(entry(b"100644", b"%d.yaml" % i, BLOB) for i in range(9))
    yield "many_others", b"".join(entry(b"100644", b"%02d.txt" % i, BLOB) for i in range(14))
    yield "many_bytes", b"".join(entry(b"100644", b"%d.yaml" % i, BLOB if i else KNOWN) for i in range(6))
    yield "truncated", SMALL_TREE_BYTES[:-3]


def folder_seeds():
    yield "found", entry(b"40000", b"shop", SMALL_TREE)
    yield "absent", SMALL_TREE_BYTES
    yield "link", entry(b"120000", b"shop", BLOB)
    yield "module", entry(b"160000", b"shop", MISSING)
    yield "file", entry(b"100644", b"shop", BLOB)


def commit_seeds():
    person = b"A \xe9 <a@b> %d +0000\n"
    for name, stamp in (("plain", 1700000000), ("far", 10 ** 17)):
        yield name, (b"tree " + SMALL_TREE.hex().encode() + b"\nauthor " + person % stamp + b"committer " + person % stamp +
                     b"\nSubject\n\nText\n\nReconcile-Confirm: prune=ab\nreconcile-confirm: prune=cd\n")
    yield "no_message", b"tree " + SMALL_TREE.hex().encode() + b"\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n"
    yield "no_tree", b"author A <a> 1 +0000\n\nx\n"
    yield "missing_tree", b"tree " + MISSING.hex().encode() + b"\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n"


def text(value):
    return struct.pack("<I", len(value)) + value


def record(kind, payload):
    return kind + text(payload)


def record_seeds():
    commit = record(b"C", text(LOOSE_ID) + text(b"A <a>") + text(b"Subject") + struct.pack("<qI", 1700000000000, 1) +
                    text(b"prune=ab"))
    other = b"f" * 40
    file = record(b"F", text(b"a.yaml") + text(other) + text(b"a: 1\n"))
    again = record(b"K", text(b"b.yaml") + text(other))
    known = record(b"K", text(b"c.yaml") + text(LOOSE_ID))
    warning = record(b"W", text(b"l.yaml") + text(b"symbolic link"))

    def end(files):
        return record(b"Z", struct.pack("<I", files))
    yield "complete", b"RGR1" + commit + warning + file + again + known + end(3)
    yield "no_files", b"RGR1" + commit + end(0)
    yield "error", b"RGR1" + record(b"E", b"\x01" + text(b"it is broken"))
    yield "late_error", b"RGR1" + commit + file + record(b"E", b"\x02" + text(b"it went away"))
    yield "error_of_no_kind", b"RGR1" + record(b"E", b"\x63" + text(b"x"))
    yield "wrong_count", b"RGR1" + commit + file + end(2)
    yield "goes_on", b"RGR1" + commit + end(0) + b"x"
    yield "stops", b"RGR1" + commit + file
    yield "no_commit", b"RGR1" + file + end(1)
    yield "two_commits", b"RGR1" + commit + commit
    yield "unordered", b"RGR1" + commit + record(b"F", text(b"z.yaml") + text(other) + text(b"")) + again + end(2)
    yield "unknown_blob", b"RGR1" + commit + again + end(1)
    yield "unknown_kind", b"RGR1" + commit + record(b"?", b"")
    yield "too_many_bytes", b"RGR1" + commit + record(b"F", text(b"a.yaml") + text(other) + text(b"x" * 40)) + again + end(2)
    yield "not_utf8", b"RGR1" + commit + record(b"W", text(b"\xff") + text(b"x"))
    yield "many_confirmations", b"RGR1" + record(b"C", text(LOOSE_ID) + 2 * text(b"") + struct.pack("<qI", 0, 99))
    yield "other_magic", b"RGR2"


def main():
    CORPUS.mkdir(parents=True, exist_ok=True)
    for first, name, seeds in ((b"l", "loose", loose_seeds), (b"t", "tree", tree_seeds), (b"f", "folder", folder_seeds),
                               (b"c", "commit", commit_seeds), (b"r", "records", record_seeds)):
        for seed_name, content in seeds():
            (CORPUS / f"{name}_{seed_name}").write_bytes(first + content)


main()
