#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a terminal of its own, does something to it, and says how it ended and what it left.

    terminal.py ACTION TEXT PROGRAM...     waits until TEXT is shown, then: q, term, stop (Ctrl-Z and on again),
                                           resize (to 60 columns and 12 rows), hangup, freeze (Ctrl-S, then SIGTERM)

Prints one line: `status N restored BOOL left BOOL entered N widest N`. `restored`: the terminal is set as before;
`left`: its own screen and the cursor are back; `entered`: how often it took the screen; `widest`: of the lines that
were drawn last.
"""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 20
ENTER, LEAVE, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


def set_size(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Session:
    """A program on a terminal."""

    def __init__(self, words):
        self.ours, self.theirs = os.openpty()
        set_size(self.theirs, 80, 24)
        self.before = termios.tcgetattr(self.theirs)
        self.shown = b""
        self.process = subprocess.Popen(
            words, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def read(self, seconds):
        """Takes what the program shows, for so long at most."""
        if select.select([self.ours], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.ours, 65536)
            except OSError:
                time.sleep(0.01)

    def wait(self, condition, what):
        """Reads until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                sys.exit(f"{what}: not within {PATIENCE} s; shown: {self.shown[-2000:]!r}")
            self.read(0.05)

    def state(self):
        """R, S, T, Z ... as in /proc/PID/stat."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def is_restored(self):
        return termios.tcgetattr(self.theirs) == self.before

    def last_picture(self):
        """What was drawn since the cursor last went to the first line."""
        return self.shown.rpartition(b"\x1b[H")[2]


def main():
    action, text, words = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
    session = Session(words)
    session.wait(lambda: text in session.shown, "the text is shown")
    if action == "q":
        os.write(session.ours, b"q")
    elif action == "term":
        session.process.send_signal(signal.SIGTERM)
    elif action == "freeze":
        os.write(session.ours, b"\x13")
        time.sleep(0.2)
        session.process.send_signal(signal.SIGTERM)
    elif action == "stop":
        os.write(session.ours, b"\x1a")
        session.wait(lambda: session.state() == "T" and session.is_restored() and LEAVE in session.shown,
                     "it stops and gives the terminal back")
        session.process.send_signal(signal.SIGCONT)
        session.wait(lambda: session.shown.count(ENTER) == 2, "it comes back")
        os.write(session.ours, b"q")
    elif action == "resize":
        set_size(session.ours, 60, 12)
        drawn = lambda: session.last_picture().count(b"\n") == 11
        session.wait(drawn, "it is drawn anew")
        os.write(session.ours, b"q")
    elif action == "hangup":
        session.process.send_signal(signal.SIGHUP)
    session.wait(lambda: session.process.poll() is not None, "it ends")
    if action == "freeze":
        os.write(session.ours, b"\x11")
    session.read(0.2)
    lines = [re.sub(rb"\x1b\[[?0-9;]*[A-Za-z]", b"", line).decode().rstrip("\r")
             for line in session.last_picture().split(b"\n")]
    left = session.shown.rfind(LEAVE) > session.shown.rfind(ENTER) and CURSOR in session.shown
    print("status", session.process.returncode, "restored", session.is_restored(), "left", left,
          "entered", session.shown.count(ENTER), "widest", max(map(len, lines)))


main()
