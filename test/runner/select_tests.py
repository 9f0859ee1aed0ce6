"""The command line, and which tests its names mean."""
import argparse
import fnmatch


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, "finch: %s ('./finch test --help' says more)\n" % message)


def parse_arguments(arguments):
    parser = Parser(prog="./finch test", add_help=False, allow_abbrev=False)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("names", nargs="*")
    return parser.parse_args(arguments)


def matches(name, pattern):
    """Does pattern mean the test called KIND/NAME or KIND/NAME@MACHINE? It may be all of it or a part between / and @."""
    head, _, machine = name.partition("@")
    kind, _, rest = head.partition("/")
    first = rest.partition(" ")[0]
    ways = {name, head, kind, rest, first, machine, rest + "@" + machine, first + "@" + machine, kind + "@" + machine}
    return any(way and fnmatch.fnmatchcase(way, pattern) for way in ways)


def select(units, patterns):
    """The units, each narrowed to the tests that are meant."""
    if not patterns:
        return units
    chosen = []
    for unit in units:
        names = [n for n in unit.names if any(matches(n, p) for p in patterns)]
        if names:
            unit.narrow(names)
            chosen.append(unit)
    return chosen
