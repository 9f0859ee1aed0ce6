"""Test programs that run on Finch, all in one boot of each kind of machine.

test/user/tests says what runs, a line each: a program and its arguments; a line that ends in & runs beside the next one,
# begins a comment. The program testinit reads it from the boot archive, and reports a result a line."""
import glob
import os
import subprocess
import tempfile

from machine import BUILD, ISA_DEVICES, Boot, Machine
from report import Result

# What each scheduling policy has of its own; and what is run under each, on few CPUs and on many: what blocks, stops, ends.
POLICY_TESTS = {"priority": ["sched_priority"], "unix": ["sched_unix"], "stride": ["sched_shares"], "lottery": ["sched_shares"]}
UNDER_EACH = ["sched_set", "ipc_call", "ipc_storm", "thread_ends", "pipe_basic", "sys_suspend", "smp_suspend", "attack_exit"]
ON_MANY_CPUS = ["sched_set", "ipc_storm", "smp_race", "stress_family"]

# By what their names begin with: what several CPUs do to each other, what waits in the kernel, what depends on the CPU's
# features, and on what the firmware tells.
ACROSS_CPUS = ["hello", "smp_", "attack_", "ipc_s", "thread_ends", "thread_shootdown", "fork_threads", "stress_",
               "superpage_race", "checkpoint_race", "sched_", "pipe_", "irq"]
UNDER_BIG_LOCK = ["hello", "entry", "fault_upcall", "sys_suspend", "sys_destroy", "sys_thread", "sys_wait", "sys_park", "ipc_",
                  "thread_", "fork_basic", "fork_threads", "budget", "checkpoint_waits", "checkpoint_race", "irq", "pipe_",
                  "smp_", "sched_set", "sched_spread", "fuzz", "trace_", "attack_exit"]
BY_FEATURES = ["hello", "entry", "fault", "exception_", "fpu_", "lib_float", "sys_state", "sys_page", "sys_pointer", "checkpoint_basic",
               "superpage", "fork_pages", "ports", "thread_basic", "ipc_call"]
BY_FIRMWARE = ["hello", "smp_", "thread_shootdown", "irq", "ports", "device_map", "dma", "sched_spread", "ipc_storm"]

REBOOTS = 5  # how often a machine is started again for the tests after one that killed it


def machines(long):
    """
    Each number of CPUs, both chip sets, both builds, both ways of locking, an elaborate CPU, PCs without ACPI and without PCI.
    All tests run on two of them, and on all with --long; on the others those that such a machine can bring to fail.
    """
    def those(prefixes):
        return () if long else [line.split()[0] for line in test_lines() if line.startswith(tuple(prefixes))]

    chosen = [
        Machine("pc", 1, "release"),
        Machine("q35", 4, "debug"),
        Machine("pc", 2, "debug", only=those(ACROSS_CPUS + BY_FIRMWARE)),
        Machine("q35", 1, "debug", only=those(BY_FIRMWARE)),
        Machine("pc", 4, "release", only=those(ACROSS_CPUS)),
        Machine("pc", 2, "debug", "lock=big", suffix="-big", only=those(UNDER_BIG_LOCK)),
        Machine("q35", 4, "release", "lock=big", suffix="-big", only=those(["hello", "smp_", "ipc_", "thread_"])),
        Machine("pc", 2, "debug", qemu=["-cpu", "max"], suffix="-max", only=those(BY_FEATURES)),
        Machine("pc", 2, "release", qemu=["-machine", "acpi=off"], suffix="-noacpi", only=those(BY_FIRMWARE)),
        # No PCI bus, and no I/O APIC: interrupts come through the 8259s.
        Machine("isapc", 1, "debug", qemu=["-cpu", "pentium"], devices=ISA_DEVICES,
                only=["hello", "ports", "irq_edge", "dma", "device_map"]),
    ]
    for policy, cpus, variant, words in (("priority", 1, "debug", "lock=big"), ("priority", 4, "debug", ""),
                                         ("unix", 2, "debug", ""), ("stride", 1, "release", ""),
                                         ("stride", 4, "debug", ""), ("lottery", 4, "release", "")):
        chosen.append(Machine("pc", cpus, variant, ("sched=%s %s" % (policy, words)).strip(), suffix="-" + policy,
                              only=POLICY_TESTS[policy] + (ON_MANY_CPUS if cpus > 2 else UNDER_EACH)))
    if long:
        have = {m.name for m in chosen}
        for kind in ("pc", "q35"):
            for cpus in (1, 2, 3, 4, 8):
                for variant in ("release", "debug"):
                    for words, suffix in (("", ""), ("lock=big", "-big")):
                        machine = Machine(kind, cpus, variant, words, suffix=suffix)
                        if machine.name not in have:
                            chosen.append(machine)
    return chosen


def test_lines():
    """The lines of test/user/tests, without comments."""
    try:
        with open("test/user/tests") as f:
            lines = [" ".join(line.partition("#")[0].split()) for line in f]
    except FileNotFoundError:
        lines = []
    return [line for line in lines if line]


def plain(line):
    """A line as testinit reports it."""
    return line.rstrip(" &")


def packed_programs():
    """(name, file) of all programs that have a source; the build folder may hold older ones."""
    for folder, source in (("bin", "bin"), ("test", "test/user")):
        for path in sorted(glob.glob(os.path.join(BUILD, "user", folder, "*.packed"))):
            name = os.path.basename(path)[:-7]
            if os.path.exists("%s/%s.c" % (source, name)) or os.path.isdir("%s/%s" % (source, name)):
                yield name, path


def make_archive(path, tests, programs):
    """The programs, (name, file) each, and a file `tests` that says which of them to run."""
    with open(path + ".tests", "w") as f:
        f.write("".join(test + "\n" for test in tests))
    subprocess.run([os.path.join(BUILD, "tools/mkarchive"), path, "tests=" + path + ".tests"] +
                   ["%s=%s" % pair for pair in programs], check=True)


def parse_reports(text):
    """What testinit reported: ({test: (passed, lines)}, the tests that began, other lines)"""
    outcome, begun, notes = {}, [], []
    for line in text.splitlines():
        name, _, why = line.partition("ok ")[2].partition(": ")
        if line.startswith("ok "):
            outcome[name] = (True, [])
        elif line.startswith("not ok "):
            # Also what testinit finds wrong in the kernel after a test: that has a name of its own.
            outcome[name] = (False, [why])
        elif line.startswith("run "):
            begun.append(line[4:])
        else:
            notes.append(line)
    return outcome, begun, notes


def console_tail(boot, path):
    lines = boot.console.splitlines()
    return ["the console's last lines (all: %s):" % path] + ["| " + line for line in lines[-30:]]


def user_units(base, long):
    class UserUnit(base):
        def __init__(self, machine, tests):
            super().__init__("programs on " + machine.name, ["user/%s@%s" % (plain(t), machine.name) for t in tests])
            self.machine = machine
            self.tests = tests

        def narrow(self, names):
            super().narrow(names)
            wanted = {name[5:].partition("@")[0] for name in names}
            self.tests = [t for t in self.tests if plain(t) in wanted]

        def alone(self, name):
            environment, options = self.machine.run_options()
            program = name[5:].partition("@")[0]
            return "./finch test '%s'   or   %s" % (
                name, " ".join(environment + ["./finch", "run"] + options + ["--program", '"%s"' % program]))

        def run(self):
            """Boot; after a test that breaks the machine, boot again for the tests that had not begun."""
            results = []
            left = self.tests
            for _ in range(1 + REBOOTS):
                outcome, begun, why = self.boot(left)
                results += [self.result(t, *outcome[t]) for t in outcome]
                left = [t for t in left if plain(t) not in outcome]
                broken = [t for t in left if plain(t) in begun] or left[:1]
                results += [self.result(t, False, why) for t in broken]
                left = [t for t in left if t not in broken]
                if not left:
                    return results
            return results + [self.result(t, False, ["not run: the machine broke too often"]) for t in left]

        def result(self, test, passed, why):
            return Result("user/%s@%s" % (plain(test), self.machine.name), passed, why)

        def boot(self, tests):
            """({test: (passed, lines)}, the tests that began, what it looked like when one of them has no result)"""
            with tempfile.TemporaryDirectory(prefix="finch-test.") as folder:
                archive = os.path.join(folder, "test.cpio")
                make_archive(archive, tests, packed_programs())
                words = " ".join(("batch test %s init=testinit" % self.machine.words).split())
                boot = Boot(self.machine, archive, words)
                try:
                    boot.run()
                    path = boot.keep(self.machine.name)
                    with open(path + ".times", "w") as f:
                        f.write("".join("%6.1f s  %s\n" % pair for pair in boot.slowest()))
                    outcome, begun, notes = parse_reports(boot.reports)
                    for passed, lines in outcome.values():
                        if not passed:
                            lines.append("the console's output: " + path)
                    return outcome, begun, notes + ["expected a result, but " + boot.how] + console_tail(boot, path)
                finally:
                    boot.close()

    tests = test_lines()
    for machine in machines(long):
        if machine.only or tests:
            yield UserUnit(machine, list(machine.only) or tests)
