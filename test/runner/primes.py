"""Tests of the sieve of processes, bin/primes.c: each prime comes, once and in order, and nothing else."""
import re

from children import run
from report import Result


def primes_up_to(limit):
    return [n for n in range(2, limit + 1) if all(n % d for d in range(2, int(n ** 0.5) + 1))]


def differences(expected, came):
    """What is wrong with came, in words, or nothing."""
    if came == expected:
        return []
    at = next((i for i, (a, b) in enumerate(zip(expected, came)) if a != b), min(len(expected), len(came)))
    return ["expected %d primes, came %d; the first difference is at place %d: expected %s, came %s" % (
        len(expected), len(came), at, expected[at:at + 3], came[at:at + 3])]


def primes_units(base, which):
    """which: usual, long or soak"""

    class PrimesUnit(base):
        """`primes LIMIT`, times times in a row at the prompt."""

        def __init__(self, limit, cpus, variant="release", words="", times=1, seconds=120):
            machine = "%d-%s%s" % (cpus, variant, "-big" if words else "")
            name = "primes/%d%s@%s" % (limit, "x%d" % times if times > 1 else "", machine)
            super().__init__(name, [name])
            self.limit, self.times, self.seconds, self.variant = limit, times, seconds, variant
            self.options = ["--cpus", str(cpus)] + (["--append", words] if words else [])

        def run(self):
            typed = "primes %d\n" % self.limit * self.times
            status, lines = run(["./finch", "run", "--timeout", str(self.seconds)] + self.options, self.seconds + 60,
                                typed.encode(), {"VARIANT": self.variant, "FINCH_BUILT": "1"})
            found = [re.match(r"CPU \d+: (\d+)$", line) for line in lines]
            other = [line for line, match in zip(lines, found) if not match and not self.ordinary(line)]
            why = differences(primes_up_to(self.limit) * self.times, [int(match[1]) for match in found if match])
            if other:
                why += ["expected nothing else, came:"] + other[:40]
            if status != 0:
                why += ["expected exit status 0, came %s" % status]
            return [Result(self.names[0], not why, why)]

        def ordinary(self, line):
            return not line or re.match(r"Finch |Type help |finch> (primes %d)?$" % self.limit, line)

    sets = {
        "usual": [PrimesUnit(300, cpus) for cpus in (1, 2, 4, 8)] +
                 [PrimesUnit(300, 4, "debug"), PrimesUnit(300, 4, words="lock=big")],
        "long": [PrimesUnit(8000, 8, seconds=900), PrimesUnit(8000, 8, words="lock=big", seconds=900)],
        "soak": [PrimesUnit(1000, 8, times=50, seconds=1800)],
    }
    return sets[which]
