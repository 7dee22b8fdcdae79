#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Becomes another program, for which the kernel lacks something.

    without.py nftables PROGRAM [ARGUMENT...]    socket(AF_NETLINK, ..., NETLINK_NETFILTER) fails with EPROTONOSUPPORT

By a filter of system calls of its own (seccomp(2)), which the program and its children keep.
"""

import ctypes
import os
import struct
import sys

AF_NETLINK, NETLINK_NETFILTER = 16, 12
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
# Of struct seccomp_data: the number of the call, the low halves of its first and third arguments.
NUMBER, FIRST, THIRD = 0, 16, 32
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
EPROTONOSUPPORT = 93
SOCKET = {"x86_64": 41, "aarch64": 198}[os.uname().machine]

FILTER = [
    (LOAD, 0, 0, NUMBER), (EQUAL, 0, 5, SOCKET), (LOAD, 0, 0, FIRST), (EQUAL, 0, 3, AF_NETLINK),
    (LOAD, 0, 0, THIRD), (EQUAL, 0, 1, NETLINK_NETFILTER), (RETURN, 0, 0, FAIL | EPROTONOSUPPORT), (RETURN, 0, 0, ALLOW),
]


def main():
    if sys.argv[1] != "nftables":
        sys.exit("without.py: only nftables can be lacking")
    code = b"".join(struct.pack("=HBBI", *line) for line in FILTER)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(FILTER), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
        sys.exit("without.py: " + os.strerror(ctypes.get_errno()))
    os.execv(sys.argv[2], sys.argv[2:])


main()
