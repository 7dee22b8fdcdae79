#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays somebody whose code runs inside of another process: has one of its threads do things.

    intrude.py call TID NUMBER [ARGUMENT...]    makes a system call; prints `returned N`, or `killed by SIGNAL`
    intrude.py hold TID                         stops this thread alone until it is gone: nobody reaps it before its tracer
    intrude.py fail TID NUMBER WHEN             from now on, this system call fails the WHENth time (EFAULT, by a second
                                                argument that leads nowhere); prints `ready`, and `hit` when it did

By ptrace(2), as root, of a thread that waits in a system call; the registers are those of x86-64.
"""

import ctypes
import os
import signal
import sys
import time

SEIZE, INTERRUPT, GETREGS, SETREGS, SINGLESTEP, DETACH = 0x4206, 0x4207, 12, 13, 9, 17
CONTINUE, NEXT_CALL = 7, 24
MARK_CALLS = 1  # PTRACE_O_TRACESYSGOOD
SYSCALL = b"\x0f\x05"
EVERY_THREAD = 0x40000000  # __WALL
REGISTERS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs"
).split()
ARGUMENTS = ["rdi", "rsi", "rdx", "r10", "r8", "r9"]

libc = ctypes.CDLL(None, use_errno=True)


class Registers(ctypes.Structure):
    """struct user_regs_struct."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


def ptrace(request, thread, data=None):
    """ptrace(2); ends the program when it fails."""
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), None, data) < 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")


def wait(thread):
    """Waits until the thread stands still; says how it died when it did."""
    _, status = os.waitpid(thread, EVERY_THREAD)
    if os.WIFSIGNALED(status):
        print(f"killed by {signal.Signals(os.WTERMSIG(status)).name}", flush=True)
        sys.exit(0)
    if os.WIFEXITED(status):
        print("killed", flush=True)
        sys.exit(0)


def stop(thread):
    """Stops the thread where it waits in a system call; gives its registers. One that is about to wait is let go on."""
    registers = Registers()
    while True:
        ptrace(INTERRUPT, thread)
        wait(thread)
        ptrace(GETREGS, thread, ctypes.byref(registers))
        with open(f"/proc/{thread}/mem", "rb") as memory:
            memory.seek(registers.rip - len(SYSCALL))
            if memory.read(len(SYSCALL)) == SYSCALL:
                return registers
        ptrace(CONTINUE, thread)
        time.sleep(0.001)


def call(thread, number, arguments):
    """Has the thread make one call, from the place where it waits in another one."""
    before = stop(thread)
    inside = Registers.from_buffer_copy(before)
    inside.rip = before.rip - len(SYSCALL)
    inside.orig_rax = ctypes.c_ulonglong(-1).value  # nothing is started again
    inside.rax = number
    for name, value in zip(ARGUMENTS, arguments):
        setattr(inside, name, ctypes.c_ulonglong(value).value)
    ptrace(SETREGS, thread, ctypes.byref(inside))
    ptrace(SINGLESTEP, thread)
    wait(thread)
    after = Registers()
    ptrace(GETREGS, thread, ctypes.byref(after))
    print(f"returned {ctypes.c_longlong(after.rax).value}", flush=True)
    ptrace(SETREGS, thread, ctypes.byref(before))


def fail(thread, number, when):
    """Lets one of the thread's next calls of this number fail."""
    stop(thread)
    print("ready", flush=True)
    is_entry, count = True, 0
    while count < when:
        ptrace(NEXT_CALL, thread)
        _, status = os.waitpid(thread, EVERY_THREAD)
        if not os.WIFSTOPPED(status):
            sys.exit(0)
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            continue
        registers = Registers()
        ptrace(GETREGS, thread, ctypes.byref(registers))
        if is_entry and registers.orig_rax == number:
            count += 1
            if count == when:
                registers.rsi = 1
                ptrace(SETREGS, thread, ctypes.byref(registers))
                print("hit", flush=True)
        is_entry = not is_entry
    # The number of the call is in force now; what it returns is the kernel's.


def main():
    verb, thread = sys.argv[1], int(sys.argv[2])
    ptrace(SEIZE, thread, MARK_CALLS if verb == "fail" else None)
    if verb == "fail":
        fail(thread, int(sys.argv[3]), int(sys.argv[4]))
        ptrace(DETACH, thread)
        return
    if verb == "hold":
        ptrace(INTERRUPT, thread)
        while True:
            wait(thread)
    call(thread, int(sys.argv[3]), [int(word, 0) for word in sys.argv[4:]])
    ptrace(DETACH, thread)


main()
