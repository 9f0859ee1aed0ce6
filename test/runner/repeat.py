"""Test programs with arguments that make them long, and with many seeds: for --long and --soak."""
from children import run
from report import Result


def repeat_units(base, which):
    """which: long or soak"""

    class ProgramUnit(base):
        """One boot with one test program. It must end by itself with status 0, and say nothing of a failure."""

        def __init__(self, program, cpus, variant="release", words="", seconds=600):
            machine = "%d-%s%s" % (cpus, variant, "-big" if words else "")
            name = "repeat/%s@%s" % (program, machine)
            super().__init__(name, [name])
            self.variant, self.seconds = variant, seconds
            self.options = ["--quiet", "--cpus", str(cpus), "--append", ("test " + words).strip(),
                            "--timeout", str(seconds), "--program", program]

        def alone(self, name):
            return "VARIANT=%s ./finch run %s" % (
                self.variant, " ".join('"%s"' % o if " " in o else o for o in self.options))

        def run(self):
            status, lines = run(["./finch", "run"] + self.options, self.seconds + 60,
                                environment={"VARIANT": self.variant, "FINCH_BUILT": "1"})
            why = [line for line in lines if line.startswith("FAILED")]
            if status != 0:
                why += ["expected exit status 0, came %s; the last lines:" % status] + lines[-30:]
            return [Result(self.names[0], not why, why)]

    machines = [(1, "debug"), (2, "release"), (2, "debug"), (4, "release"), (4, "debug"), (4, "release", "lock=big"),
                (4, "debug", "lock=big"), (8, "release")]
    sets = {
        "long": [ProgramUnit("thread_shootdown 100000", 2, seconds=1800),
                 ProgramUnit("thread_shootdown 500", 8), ProgramUnit("end_tree 3000", 4), ProgramUnit("end_tree 3000", 2, "debug")] +
                [ProgramUnit("fuzz %d 50000" % (n + 1), *machine) for n, machine in enumerate(machines)],
        "soak": [ProgramUnit("%s %d%s" % (program, 1000 + n, more), *machines[n % len(machines)])
                 for n in range(40) for program, more in (("fuzz", " 200000"), ("stress_family", ""), ("attack_threads", ""))],
    }
    return sets[which]
