"""A machine's memory with event rings in it, made for tests of tools/mktrace: abi/trace.h and kern/trace.h say how it looks."""
import struct

PAGE = 4096
MAGIC = b'finch-1\0'
KHZ = 1000000  # ticks are nanoseconds
ENV_SIZE, ID_AT, LABEL_AT = 64, 0, 8


class Maker:
    """One ring of `pages` pages for each CPU; environments are (id, label)."""

    def __init__(self, cpus, pages=1, envs=()):
        self.size = pages * PAGE // 32
        self.memory = bytearray((1 + 1 + cpus * (pages + 1)) * PAGE)
        self.counts = [0] * cpus
        self.rings = [(2 + cpu * (pages + 1)) * PAGE for cpu in range(cpus)]
        self.pages = pages
        root = [ring // PAGE for ring in self.rings] + [0] * (32 - cpus)
        struct.pack_into('<8s32I5I', self.memory, 0, MAGIC, *root, PAGE, max(len(envs), 1), ENV_SIZE, ID_AT, LABEL_AT)
        for n, (env, label) in enumerate(envs):
            struct.pack_into('<i4x16s', self.memory, PAGE + n * ENV_SIZE, env, label.encode())
        for cpu, at in enumerate(self.rings):
            self.head(cpu)
            struct.pack_into(f'<{pages}I', self.memory, at + 64, *(at // PAGE + 1 + n for n in range(pages)))

    def head(self, cpu):
        struct.pack_into('<8sIIQI', self.memory, self.rings[cpu], MAGIC, cpu, self.size, self.counts[cpu], KHZ)

    def record_at(self, cpu, number):
        """Where record `number` of a CPU stands."""
        return self.rings[cpu] + PAGE + number % self.size * 32

    def add(self, cpu, time, event, env, *words):
        number = self.counts[cpu]
        words = [word & 0xFFFFFFFF for word in words] + [0] * (3 - len(words))
        struct.pack_into('<QIHHi3I', self.memory, self.record_at(cpu, number), time, number + 1 & 0xFFFFFFFF, event, 0, env, *words)
        self.counts[cpu] += 1
        self.head(cpu)
