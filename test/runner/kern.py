"""The tests inside the kernel, test/kern/: one boot of each kind of machine with the boot word `selftest`, no program."""
import os
import re
import tempfile

from machine import Boot, Machine
from report import Result
from user import console_tail, make_archive

MACHINES = [
    Machine("pc", 1, "debug"),
    Machine("pc", 2, "debug"),
    Machine("pc", 4, "debug", "lock=big", suffix="-big"),
    Machine("q35", 4, "debug"),
    Machine("pc", 2, "debug", qemu=["-cpu", "max"], suffix="-max"),
    Machine("pc", 1, "debug", qemu=["-cpu", "pentium", "-m", "8M"], suffix="-pentium-8M"),
]


def parse_reports(text):
    """{test: (passed, lines)} of what the kernel reported"""
    found = re.findall(r"^(not )?ok (\w+)(?:: (.*))?$", text, re.M)
    return {test: (not failed, [why] if why else []) for failed, test, why in found}


def kern_units(base):
    with open("test/kern/tests.def") as f:
        tests = re.findall(r"^TEST\((\w+)\)", f.read(), re.M)

    class KernUnit(base):
        def __init__(self, machine):
            super().__init__("kernel on " + machine.name, ["kern/%s@%s" % (t, machine.name) for t in tests])
            self.machine = machine

        def wanted(self):
            return [name[5:].partition("@")[0] for name in self.names]

        def alone(self, name):
            return "./finch test '%s'" % name

        def run(self):
            wanted = self.wanted()
            words = ["selftest"] if wanted == tests else ["selftest=" + name for name in wanted]
            with tempfile.TemporaryDirectory(prefix="finch-test.") as folder:
                archive = os.path.join(folder, "test.cpio")
                make_archive(archive, [], [])  # the kernel runs none
                boot = Boot(self.machine, archive, " ".join(["batch", self.machine.words] + words))
                try:
                    boot.run()
                    path = boot.keep(self.machine.name)
                    outcome = parse_reports(boot.reports)
                    missing = (False, ["expected a result, but " + boot.how] + console_tail(boot, path))
                    return [Result(name, *outcome.get(test, missing)) for name, test in zip(self.names, wanted)]
                finally:
                    boot.close()

    for machine in MACHINES:
        yield KernUnit(machine)
