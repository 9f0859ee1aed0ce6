"""The event rings in a machine's memory, for tools/mktrace: abi/trace.h says what they look like, kern/trace.c where they are.

What is read may be damaged: a ring that cannot be one is left out, and told of; a record that was not whole when the
machine stopped, or has been overwritten, is counted.
"""
import os
import re
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAGIC = b'finch-1\0'
PAGE = 4096
KERNBASE = 0xF0000000
CPUS_MAX = 32
PAGES_MAX = 512
ENVS_MAX = 4096
RECORD = struct.Struct('<QIHHiIII')  # struct trace_record
RING = struct.Struct('<8sIIQI')      # the beginning of struct trace_ring
RING_PAGES_AT = 64
ROOT_TABLE = struct.Struct(f'<8s{CPUS_MAX}I5I')  # trace_root


class TraceError(Exception):
    """There is no trace to be had: why."""


# --- The lists of the source ---

def source(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


class Event:
    """One of abi/trace.def. fields: its words by name, with how each is printed."""

    def __init__(self, name, kind, words):
        self.name, self.kind = name, kind
        self.fields = []
        name = []
        for word in words.split():
            if word.startswith('%'):
                self.fields.append((' '.join(name) or f'word{len(self.fields)}', word))
                name = []
            else:
                name.append(word)


def events():
    """All of them, by number."""
    return {int(number): Event(name, kind, words) for name, number, kind, words in
            re.findall(r'^EVENT\((\w+), (\d+), (\w+), "([^"]*)"', source('abi/trace.def'), re.M)}


def enumeration(path, prefix):
    """The names of an enum's values that begin with prefix, in lower case, in their order from 0 on."""
    return [name.lower() for name in re.findall(rf'^\t{prefix}(\w+)', source(path), re.M)]


def listed(path, what, number, name):
    """number -> name, from the lines what(...) of a .def file."""
    found = re.findall(rf'^{what}\((.*)$', source(path), re.M)
    parts = [re.split(r'[,)] *', line) for line in found]
    return {int(part[number]): part[name].strip('"') for part in parts}


class Names:
    """What numbers in events mean."""

    def __init__(self):
        self.events = events()
        self.calls = listed('abi/syscall.def', r'SYSCALL\dF?', 0, 1)
        self.errors = listed('abi/error.def', 'ERROR', 1, 0)
        self.traps = listed('abi/trap.def', 'TRAP', 1, 2)
        self.waits = [name.replace('_', ' ') for name in enumeration('abi/env.h', 'ENV_WAIT_')]
        self.ranks = enumeration('kern/lock.h', 'RANK_')

    @staticmethod
    def of(names, number):
        if isinstance(names, dict):
            return names.get(number, str(number))
        return names[number] if number < len(names) else str(number)


# --- The memory ---

class Record:
    __slots__ = 'cpu', 'time', 'event', 'env', 'words'

    def __init__(self, cpu, time, event, env, words):
        self.cpu, self.time, self.event, self.env, self.words = cpu, time, event, env, words


class Ring:
    """What one CPU wrote: records in their order; how many were overwritten, and how many are not whole."""

    def __init__(self, cpu, records, lost, torn):
        self.cpu, self.records, self.lost, self.torn = cpu, records, lost, torn


class Memory:
    """The physical memory of a machine, as bytes or anything that is sliced like them."""

    def __init__(self, data):
        self.data = data

    def take(self, at, size, what):
        if at < 0 or at + size > len(self.data):
            raise TraceError(f'{what} would stand at {at:#x}, beyond the end of memory')
        return self.data[at:at + size]


def read_ring(memory, cpu, at):
    """(Ring, the time-stamp counter's rate in kHz)"""
    magic, its_cpu, size, count, khz = RING.unpack(memory.take(at, RING.size, f'the ring of CPU {cpu}'))
    per_page = PAGE // RECORD.size
    if (magic, its_cpu) != (MAGIC, cpu) or size & (size - 1) or not per_page <= size <= PAGES_MAX * per_page or not khz:
        raise TraceError(f'what stands at {at:#x} is not the ring of CPU {cpu}')
    table = memory.take(at + RING_PAGES_AT, 4 * size // per_page, f'the table of the ring of CPU {cpu}')
    data = b''.join(memory.take(page * PAGE, PAGE, f'a page of the ring of CPU {cpu}')
                    for page, in struct.iter_unpack('<I', table))
    records, torn, first = [], 0, max(0, count - size)
    for number in range(first, count):
        time, mark, event, _, env, *words = RECORD.unpack_from(data, number % size * RECORD.size)
        if mark == number + 1 & 0xFFFFFFFF:
            records.append(Record(cpu, time, event, env, words))
        else:
            torn += 1
    return Ring(cpu, records, first, torn), khz


def read_labels(memory, at, count, size, id_at, label_at):
    """id -> label of the environments that there were last in each slot."""
    labels = {}
    if not (0 < count <= ENVS_MAX and 0 < size <= PAGE and id_at + 4 <= size and label_at + 16 <= size):
        return labels
    for n in range(count):
        record = memory.take(at + n * size, size, 'the table of environments')
        env, = struct.unpack_from('<i', record, id_at)
        labels[env] = text(record[label_at:label_at + 16])
    return labels


def text(raw):
    return ''.join(c if c.isprintable() else '?' for c in raw.partition(b'\0')[0].decode('latin-1'))


class Trace:
    """All of it. warnings: what could not be read."""

    def __init__(self, data, at):
        memory = Memory(data)
        magic, *rest = ROOT_TABLE.unpack(memory.take(at, ROOT_TABLE.size, 'the table of rings'))
        if magic != MAGIC:
            raise TraceError('this memory holds no Finch that could be traced (or it did not come as far as starting)')
        self.rings, self.khz, self.warnings = [], 0, []
        for cpu, page in enumerate(rest[:CPUS_MAX]):
            if not page:
                continue
            try:
                ring, self.khz = read_ring(memory, cpu, page * PAGE)
                self.rings.append(ring)
            except TraceError as error:
                self.warnings.append(str(error))
        if not self.rings:
            raise TraceError(self.warnings[0] if self.warnings else
                             'nothing was traced: the boot word trace= is missing, or the machine stopped before it was read')
        try:
            self.labels = read_labels(memory, *rest[CPUS_MAX:])
        except TraceError as error:
            self.labels = {}
            self.warnings.append(str(error))


def find_root(kernel):
    """Where the table of rings stands in physical memory."""
    listing = subprocess.run(['nm', kernel], capture_output=True, text=True, check=False).stdout
    match = re.search(r'^([0-9a-f]+) . trace_root$', listing, re.M)
    if not match:
        raise TraceError(f'{kernel} is not a kernel with an event ring')
    return int(match.group(1), 16) - KERNBASE
