"""./finch run on a terminal: it is raw while the system runs, and as before after every way out. Prints what is wrong."""
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True

from processes import gone, qemu_below  # noqa: E402

PATIENCE = 60  # seconds until something expected counts as missing


class Session:
    """./finch run on a terminal of its own. A shell without job control holds the terminal, as a person's does."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = ""
        self.process = subprocess.Popen(["./finch", "run"], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True)

    def pump(self, seconds=0.05):
        if select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 4096).decode("utf-8", "replace")

    def until(self, condition, what):
        """Wait until condition() holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                print("expected %s, came: %s" % (what, self.seen[-500:]))
                return False
            self.pump()
        return True

    def prompt(self):
        return self.until(lambda: "finch> " in self.seen, "the prompt")

    def type(self, text):
        os.write(self.master, text.encode())

    def raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def qemu(self):
        return qemu_below(self.process.pid)

    def check_end(self, name, status):
        self.until(lambda: self.process.poll() is not None, "the end of ./finch (%s)" % name)
        if self.process.returncode != status:
            print("%s: expected exit status %d, came %s" % (name, status, self.process.returncode))
        if not self.until(lambda: termios.tcgetattr(self.slave) == self.before, "the terminal as before (%s)" % name):
            print("  before: %s\n  now: %s" % (self.before, termios.tcgetattr(self.slave)))


def way_out(name, leave, status):
    session = Session()
    if session.prompt():
        if not session.raw():
            print("%s: expected a raw terminal while the system runs" % name)
        if "Ctrl-a x" not in session.seen:
            print("%s: expected a word on how to leave, came: %s" % (name, session.seen))
        qemu = session.qemu()
        if len(qemu) != 1:
            print("%s: expected one QEMU below ./finch, came %s" % (name, qemu))
        leave(session)
        session.check_end(name, status)
        for pid in qemu:
            session.until(lambda: gone(pid), "the end of QEMU (%s)" % name)
    if session.process.poll() is None:
        session.process.kill()
        session.process.wait()


def interrupt_reaches_guest(session):
    """Ctrl-c is a byte for the guest, not the end of ./finch."""
    session.type("echo not\x03")
    time.sleep(0.5)
    session.pump()
    if session.process.poll() is not None:
        print("Ctrl-c: expected the system to go on")
    session.type("\r")
    session.type("poweroff\r")


way_out("poweroff", lambda s: s.type("poweroff\r"), 0)
way_out("Ctrl-a x", lambda s: s.type("\x01x"), 0)
way_out("Ctrl-c", interrupt_reaches_guest, 0)
way_out("terminated", lambda s: s.process.send_signal(signal.SIGTERM), 143)
way_out("killed", lambda s: s.process.kill(), -9)
way_out("QEMU killed", lambda s: [os.kill(pid, signal.SIGKILL) for pid in s.qemu()], 137)
sys.exit(0)
