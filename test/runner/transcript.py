"""Tests of what `./finch run` shows: files test/transcript/NAME, a line each thing:

    # a comment; the first says what the test is about
    run --program divzero          the options of ./finch run
    qemu -cpu qemu32,-pse          more arguments for QEMU
    status 1                       its exit status (0 if not given)
    input hello\\n                  what is typed, with \\n, \\t, \\b and \\x1c; may stand several times (nothing if not given)
    expect REGEX                   a line that must come; several must come in this order
    never REGEX                    no line may match
    each-cpus 1 2 4 8              once on each of these numbers of CPUs (two, or what `run` says)
    on release                     only this build (both if not given)
    seconds 30                     the time it has (60)
"""
import glob
import os
import re
import shlex

from children import run
from report import Result


class Transcript:
    def __init__(self, path):
        self.name = os.path.basename(path)
        self.options, self.status, self.input, self.expect, self.never = [], 0, "", [], []
        self.qemu = ""
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
        else:
            raise ValueError("%s:%d: what is '%s'?" % (path, number, word))

    @staticmethod
    def _escape(match):
        letter = match.group(1)
        return {"n": "\n", "t": "\t", "b": "\b"}.get(letter) or chr(int(letter[1:], 16))

    def judge(self, status, lines):
        """What is wrong, or nothing."""
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
        return why + ["what came:"] + ["| " + line for line in lines[-40:]] if why else []


def transcript_units(base):
    class TranscriptUnit(base):
        def __init__(self, transcript, variant, cpus):
            machine = "%s-%s" % (cpus, variant) if cpus else variant
            super().__init__("transcript %s (%s)" % (transcript.name, machine),
                             ["transcript/%s@%s" % (transcript.name, machine)])
            self.transcript = transcript
            self.variant = variant
            self.options = transcript.options + (["--cpus", cpus] if cpus else [])

        def command(self):
            return ["./finch", "run", "--timeout", str(self.transcript.seconds)] + self.options

        def run(self):
            status, lines = run(self.command(), self.transcript.seconds + 60, self.transcript.input.encode(),
                                {"VARIANT": self.variant, "FINCH_BUILT": "1", "QEMU_EXTRA": self.transcript.qemu})
            why = self.transcript.judge(status, lines)
            return [Result(self.names[0], not why, why)]

        def alone(self, name):
            variant = "VARIANT=debug " if self.variant == "debug" else ""
            if self.transcript.qemu:
                variant += "QEMU_EXTRA='%s' " % self.transcript.qemu
            return "./finch test '%s'   or   %s%s" % (name, variant, shlex.join(self.command()))

    for path in sorted(glob.glob("test/transcript/*")):
        transcript = Transcript(path)
        for variant in transcript.variants:
            for cpus in transcript.cpus:
                yield TranscriptUnit(transcript, variant, cpus)
