"""A machine under QEMU, booted for tests: what it says goes to files, and it is ended when it says nothing any more."""
import json
import os
import shutil
import subprocess
import tempfile
import time

from children import ended, start

BUILD = os.environ.get("FINCH_BUILD", "build")


class Machine:
    """What to boot: machine pc or q35, cpus, variant release or debug, words for the kernel, more for QEMU."""

    def __init__(self, machine="pc", cpus=1, variant="release", words="", qemu=(), suffix="", only=None):
        self.machine = machine
        self.cpus = cpus
        self.variant = variant
        self.words = words
        self.qemu = list(qemu)
        self.only = only  # the test programs that run on it; None: those of test/user/tests
        self.name = "%s-%d-%s%s" % (machine, cpus, variant, suffix)

    def run_options(self):
        """The same for ./finch run: (environment, options)."""
        environment = []
        if self.variant != "release":
            environment.append("VARIANT=" + self.variant)
        if self.qemu:
            environment.append('QEMU_EXTRA="%s"' % " ".join(self.qemu))
        options = ["--cpus", str(self.cpus), "--append", '"test%s"' % (" " + self.words if self.words else "")]
        if self.machine != "pc":
            options += ["--machine", self.machine]
        return environment, options


class Boot:
    """One boot. reports and console hold what came; how says how it ended."""

    STALL = 120  # seconds without a report after which the machine counts as hung

    def __init__(self, machine, archive, words):
        self.folder = tempfile.mkdtemp(prefix="finch-test.")
        self.report_path = os.path.join(self.folder, "reports")
        self.console_path = os.path.join(self.folder, "console")
        # A path of our own, without the spaces and commas that QEMU would take for its own.
        os.symlink(os.path.abspath(os.path.join(BUILD, machine.variant, "finch")), os.path.join(self.folder, "finch"))
        shutil.copy(archive, os.path.join(self.folder, "boot.cpio"))
        self.arguments = [
            "qemu-system-i386", "-machine", machine.machine, "-smp", "%d,sockets=%d" % (machine.cpus, machine.cpus),
            "-m", "256M", "-nic", "none", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", "file:console", "-qmp", "stdio",
            "-chardev", "file,id=reports,path=reports", "-device", "isa-debugcon,iobase=0xe9,chardev=reports",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
            "-kernel", "finch", "-initrd", "boot.cpio", "-append", words] + machine.qemu
        self.how = ""
        self.times = []  # (seconds, how long the reports were then)

    def _read(self, path):
        try:
            with open(path, "rb") as f:
                return f.read().decode("utf-8", "replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    @property
    def reports(self):
        return self._read(self.report_path)

    @property
    def console(self):
        return self._read(self.console_path)

    def run(self):
        """Run the machine to its end, or until it hangs; then its kernel is asked to say how things stand."""
        with open(os.path.join(self.folder, "qemu"), "wb") as errors:
            process = start(self.arguments, cwd=self.folder, stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=errors)
        try:
            hung = not self._wait(process)
            if hung:
                self._ask(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            ended(process)
            process.stdin.close()
        self.how = self._describe(process.returncode, hung)

    def _wait(self, process):
        size, since = -1, time.monotonic()
        start = since
        while process.poll() is None:
            now = os.path.getsize(self.report_path) if os.path.exists(self.report_path) else 0
            if now != size:
                size, since = now, time.monotonic()
                self.times.append((since - start, size))
            if time.monotonic() - since > self.STALL:
                return False
            time.sleep(0.05)
        return True

    def _ask(self, process):
        for command in ("qmp_capabilities", "inject-nmi"):
            process.stdin.write(json.dumps({"execute": command}).encode() + b"\n")
        process.stdin.flush()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass

    def _describe(self, status, hung):
        if hung:
            return "nothing was heard for %d s: it hangs" % self.STALL
        meaning = {1: "testinit ended", 3: "testinit ended", 33: "the first program ended", 35: "the first program was destroyed or did not start",
                   37: "the kernel panicked", 39: "it was stopped from outside", 0: "it was switched off, or reset itself"}
        return meaning.get(status, "QEMU ended with status %d: %s" % (status, self._read(os.path.join(self.folder, "qemu")).strip()))

    def keep(self, name):
        """Keep what the console said, for people. Returns the path."""
        folder = os.path.join(BUILD, "test", "console")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        shutil.copy(self.console_path, path) if os.path.exists(self.console_path) else open(path, "w").close()
        return path

    def slowest(self):
        """[(seconds, report line)], the slowest first; as exact as the files are looked at."""
        found, before, at = [], 0.0, 0
        text = self.reports
        for seconds, size in self.times:
            for line in text[at:size].splitlines():
                if not line.startswith("run "):
                    found.append((seconds - before, line))
                    before = seconds
            at = size
        return sorted(found, reverse=True)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
