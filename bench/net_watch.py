#!/usr/bin/env python3
"""net_watch.py DNS_ADDRESS NAME FILE: when this host's DNS answers otherwise, and when its nftables get elements.

A line for each into FILE, with this machine's clock: {"at": ns, "dns": [addresses]} or {"at": ns, "rules": hex}. The rules tell of
themselves (netlink); DNS is asked all the time. Until it is killed."""
import json
import os
import select
import socket
import struct
import sys
import time

NETLINK_NETFILTER, GROUP_NFTABLES = 12, 7  # linux/netlink.h, linux/netfilter/nfnetlink.h
NEW_ELEMENTS = 0x0a0c  # NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
EVERY_S = 0.004
ANSWER_S = 0.5  # after which a question is taken for lost
RECEIVE_BYTES = 16 << 20


def question(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def past_name(message, at):
    while message[at] != 0:
        if message[at] >= 0xc0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def addresses(message):
    """Of the A records in an answer, sorted."""
    count = struct.unpack_from("!H", message, 6)[0]
    at, found = past_name(message, 12) + 4, []
    for _ in range(count):
        at = past_name(message, at)
        kind, _, _, size = struct.unpack_from("!HHIH", message, at)
        if kind == 1:
            found.append(socket.inet_ntoa(message[at + 10:at + 14]))
        at += 10 + size
    return sorted(found)


def new_elements(messages):
    """The bodies of those of the netlink messages that are new elements of sets and maps."""
    at = 0
    while at + 16 <= len(messages):
        size, kind = struct.unpack_from("=IH", messages, at)
        if kind == NEW_ELEMENTS:
            yield messages[at + 16:at + size]
        at += max(16, (size + 3) & ~3)


def main(server, name, path):
    rules = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    rules.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
    rules.bind((0, 1 << (GROUP_NFTABLES - 1)))
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.connect((server, 53))
    known, number, asked_at, waits = None, os.getpid() & 0xffff, 0.0, False
    with open(path, "a", encoding="utf-8", buffering=1) as out:
        while True:
            now = time.monotonic()
            if now - asked_at >= (ANSWER_S if waits else EVERY_S):
                number, asked_at, waits = (number + 1) & 0xffff, now, True
                try:
                    dns.send(question(name, number))
                except OSError:
                    pass  # nobody listens: asked again
            ready, _, _ = select.select([rules, dns], [], [], EVERY_S)
            at = time.time_ns()
            if rules in ready:
                for body in new_elements(rules.recv(1 << 20)):
                    out.write(json.dumps({"at": at, "rules": body.hex()}) + "\n")
            if dns in ready:
                try:
                    message = dns.recv(4096)
                except OSError:
                    continue
                if struct.unpack_from("!H", message)[0] != number:
                    continue
                waits = False
                found = addresses(message)
                if found != known:
                    known = found
                    out.write(json.dumps({"at": at, "dns": found}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
