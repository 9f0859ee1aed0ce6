"""Tests of what `./finch run` shows: files test/transcript/NAME, a line each thing:

    # a comment; the first says what the test is about
    run --program divzero          the options of ./finch run
    qemu -cpu qemu32,-pse          more arguments for QEMU; {0} is the path of the first disk or scratch file
    status 1                       its exit status (0 if not given)
    input hello\\n                  what is typed, with \\n, \\t, \\b and \\x1c; may stand several times (nothing if not given)
    expect REGEX                   a line that must come; several must come in this order
    never REGEX                    no line may match
    each-cpus 1 2 4 8              once on each of these numbers of CPUs (two, or what `run` says); release, debug, in turns
    on release                     only this build (both if not given)
    seconds 30                     the time it has (60)
    disk 16M if=ide                a scratch disk, as ./finch run --disk has it, with its options; may stand several times
    scratch 16M                    a scratch file alone, for `qemu`
    holds N FIRST COUNT            after it, those sectors of disk N hold what bin/disktest leaves there
"""
import glob
import os
import re
import shlex
import tempfile

from children import run
from disks import make_disk, wrong_sector
from report import Result


class Transcript:
    def __init__(self, path):
        self.name = os.path.basename(path)
        self.options, self.status, self.input, self.expect, self.never = [], 0, "", [], []
        self.disks, self.qemu, self.holds = [], "", []
        self.variants, self.cpus, self.seconds = ["release", "debug"], [None], 60
        with open(path) as f:
            for number, line in enumerate(f, 1):
                self._line(path, number, line.rstrip("\n"))

    def _line(self, path, number, line):
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            return
        if word == "run":
            self.options = shlex.split(rest)
        elif word == "qemu":
            self.qemu = rest
        elif word == "status":
            self.status = int(rest)
        elif word == "input":
            self.input += re.sub(r"\\([ntb]|x[0-9a-f]{2})", self._escape, rest)
        elif word == "expect":
            self.expect.append(rest)
        elif word == "never":
            self.never.append(rest)
        elif word == "each-cpus":
            self.cpus = rest.split()
        elif word == "on":
            self.variants = rest.split()
        elif word == "seconds":
            self.seconds = int(rest)
        elif word in ("disk", "scratch"):
            size, _, options = rest.partition(" ")
            self.disks.append((size, options if word == "disk" else None))
        elif word == "holds":
            self.holds.append([int(part) for part in rest.split()])
        else:
            raise ValueError("%s:%d: what is '%s'?" % (path, number, word))

    @staticmethod
    def _escape(match):
        letter = match.group(1)
        return {"n": "\n", "t": "\t", "b": "\b"}.get(letter) or chr(int(letter[1:], 16))

    def machines(self, long):
        """(build, CPUs) of each time that it is run. On several numbers of CPUs the builds take turns, but with --long."""
        builds = self.variants
        if long or len(self.cpus) == 1:
            return [(build, cpus) for build in builds for cpus in self.cpus]
        return [(builds[i % len(builds)], cpus) for i, cpus in enumerate(self.cpus)]

    def judge(self, status, lines, disks=()):
        """What is wrong, or nothing. disks: the paths of its disks."""
        why = []
        at = 0
        for wanted in self.expect:
            found = next((i for i in range(at, len(lines)) if re.search(wanted, lines[i])), None)
            if found is None:
                early = any(re.search(wanted, line) for line in lines[:at])
                why.append("expected a line like '%s'%s" % (wanted, ", which came too early" if early else ""))
                break
            at = found + 1
        for unwanted in self.never:
            why += ["expected no line like '%s', came: %s" % (unwanted, line) for line in lines if re.search(unwanted, line)]
        if status != self.status:
            why.append("expected exit status %d, came %s" % (self.status, status))
        for disk, first, count in self.holds:
            sector = wrong_sector(disks[disk], first, count)
            if sector is not None:
                why.append("expected disktest's last pattern on disk %d, which sector %d does not hold" % (disk, sector))
        return why + ["what came:"] + ["| " + line for line in lines[-40:]] if why else []


def transcript_units(base, long):
    class TranscriptUnit(base):
        def __init__(self, transcript, variant, cpus):
            machine = "%s-%s" % (cpus, variant) if cpus else variant
            super().__init__("transcript %s (%s)" % (transcript.name, machine),
                             ["transcript/%s@%s" % (transcript.name, machine)])
            self.transcript = transcript
            self.variant = variant
            self.options = transcript.options + (["--cpus", cpus] if cpus else [])

        def command(self, disks):
            options = []
            for path, (_, wanted) in zip(disks, self.transcript.disks):
                if wanted is not None:
                    options += ["--disk", ",".join([path] + wanted.split())]
            return ["./finch", "run", "--timeout", str(self.transcript.seconds)] + options + self.options

        def environment(self, disks):
            environment = {"VARIANT": self.variant, "FINCH_BUILT": "1"}
            if self.transcript.qemu:
                environment["QEMU_EXTRA"] = self.transcript.qemu.format(*disks)
            return environment

        def run(self):
            with tempfile.TemporaryDirectory(prefix="finch-test.") as folder:
                disks = [make_disk(folder, n, size) for n, (size, _) in enumerate(self.transcript.disks)]
                status, lines = run(self.command(disks), self.transcript.seconds + 60, self.transcript.input.encode(),
                                    self.environment(disks))
                why = self.transcript.judge(status, lines, disks)
            return [Result(self.names[0], not why, why)]

        def alone(self, name):
            if self.transcript.disks:
                return "./finch test '%s'" % name
            variant = "VARIANT=debug " if self.variant == "debug" else ""
            if self.transcript.qemu:
                variant += "QEMU_EXTRA='%s' " % self.transcript.qemu
            return "./finch test '%s'   or   %s%s" % (name, variant, shlex.join(self.command([])))

    for path in sorted(glob.glob("test/transcript/*")):
        transcript = Transcript(path)
        for variant, cpus in transcript.machines(long):
            yield TranscriptUnit(transcript, variant, cpus)
