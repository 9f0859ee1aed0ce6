"""The kinds of tests: what units of work there are, and how each runs."""
import glob
import os

from kern import kern_units
from children import run
from machine import BUILD
from primes import primes_units
from repeat import repeat_units
from report import Result
from transcript import transcript_units
from user import user_units


class Unit:
    """title is shown while it runs, names are the tests it gives results for, exclusive ones run alone."""

    exclusive = False

    def __init__(self, title, names):
        self.title = title
        self.names = names

    def narrow(self, names):
        self.names = names

    def alone(self, name):
        return "./finch test '%s'" % name


class CheckUnit(Unit):
    """A static check of the Makefile."""

    def __init__(self, check):
        super().__init__("check " + check, ["check/" + check])
        self.check = check

    def run(self):
        status, lines = run(["make", "--no-print-directory", "-k", "B=" + BUILD, "check-" + self.check], 900)
        why = [line for line in lines if not line.startswith("  ") or ":" in line]
        return [Result(self.names[0], status == 0, ["expected no complaint, came:"] + why[:40])]

    def alone(self, name):
        return "make check-" + self.check


class LinesUnit(Unit):
    """A program of the host that prints `ok NAME` or `not ok NAME...`, each followed by lines that say more."""

    def __init__(self, title, name, command, limit=300):
        super().__init__(title, [name])
        self.name = name
        self.command = command
        self.limit = limit
        self.prefix = name.partition("/")[0]

    def run(self):
        status, lines = run(self.command, self.limit, environment={"B": BUILD})
        results = []
        before = []
        for line in lines:
            if line.startswith("ok "):
                results.append(Result("%s/%s" % (self.prefix, line[3:].partition(":")[0].strip()), True))
            elif line.startswith("not ok "):
                name, _, why = line[7:].partition(":")
                results.append(Result("%s/%s" % (self.prefix, name.strip()), False, [why.strip()] if why else []))
            elif results and not results[-1].passed:
                results[-1].why.append(line)
            else:
                before.append(line)
        if status != 0 and all(r.passed for r in results):
            results.append(Result(self.name, False, ["expected exit status 0, came %s; the last lines:" % status] + before[-40:]))
        return results

    def alone(self, name):
        return "./finch test '%s'" % self.name


def host_units():
    for source in sorted(glob.glob("test/host/test_*.c")):
        name = os.path.basename(source)[5:-2]
        yield LinesUnit("host: " + name, "host/" + name, [os.path.join(BUILD, "test/host", name)])


def script_units():
    """test/FOLDER/run: a group of tests with a program of its own."""
    for script in sorted(glob.glob("test/*/run")):
        name = os.path.basename(os.path.dirname(script))
        yield LinesUnit(name, name + "/all", [script], 600)


def check_units():
    for check in ("gcc", "clang", "includes", "doc", "locks", "headers", "arch64"):
        yield CheckUnit(check)


class SoakUnit(Unit):
    """One boot on 8 CPUs, to the prompt and, input being at its end, off."""

    def __init__(self, number):
        super().__init__("soak %d" % number, ["soak/%03d" % number])

    def run(self):
        status, lines = run(["./finch", "run", "--cpus", "8", "--append", "batch", "--timeout", "120"], 200,
                            environment={"FINCH_BUILT": "1"})
        why = []
        if not any("finch> " in line for line in lines):
            why = ["expected the prompt, came:"] + lines[-30:]
        elif status != 0:
            why = ["expected exit status 0, came %s:" % status] + lines[-30:]
        return [Result(self.names[0], not why, why)]


def all_units(options):
    soak = []
    if options.soak:
        soak = [SoakUnit(n) for n in range(1, 101)] + primes_units(Unit, "soak") + repeat_units(Unit, "soak")
        if not options.names and not options.long:
            return soak
    # What takes long comes first, so that it does not run alone at the end.
    return (primes_units(Unit, "long") + repeat_units(Unit, "long") if options.long else []) + \
        list(script_units()) + list(check_units()) + list(user_units(Unit, options.long)) + \
        list(kern_units(Unit)) + list(host_units()) + \
        list(transcript_units(Unit, options.long)) + primes_units(Unit, "usual") + soak
