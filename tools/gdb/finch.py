"""Commands for gdb that know Finch: `./finch gdb` loads them; `help finch` lists them.

Whenever the machine stops, the symbols of the program that runs on the CPU of the selected thread are loaded in place of
those of the one before, by its label, from the folder that the kernel was built into. All is read from the stopped
machine's memory; nothing is changed.
"""
import os

import gdb

PAGE = 4096
TABLE = 1024 * PAGE
PRESENT, WRITE, USER, LARGE = 1, 2, 4, 0x80
SHARE, COW = 0x400, 0x800
UTOP, KERNBASE = 0xEEC00000, 0xF0000000


def value(expression):
    return gdb.parse_and_eval(expression)


def build_folder():
    for objfile in gdb.objfiles():
        if objfile.filename and os.path.basename(objfile.filename) == "finch":
            return os.path.dirname(os.path.dirname(os.path.abspath(objfile.filename)))
    raise gdb.GdbError("the kernel's file is not loaded: start gdb as `./finch gdb`")


def label_of(pub):
    return pub["env_label"].string(errors="replace")


def need_machine():
    if not gdb.selected_inferior().threads():
        raise gdb.GdbError("there is no machine: start one with './finch run --gdb', and this with './finch gdb'")


class Command(gdb.Command):
    """A command that looks into the stopped machine; `run` is what it does."""

    def invoke(self, argument, from_tty):
        try:
            self.run(argument.strip())
        except gdb.MemoryError:
            raise gdb.GdbError("that memory is not there: the kernel has not come so far, or has lost its way") from None


def cpus():
    for n in range(int(value("cpu_count"))):
        yield value("cpus[%d]" % n).dereference()


def environments():
    for n in range(int(value("fresh"))):
        slot = value("env_slots[%d]" % n)
        if int(slot) and slot["alive"]:
            yield slot.dereference()


def find(text):
    """The environment with this id; without one, that of the selected thread's CPU."""
    need_machine()
    if text:
        try:
            wanted = int(text, 16)
        except ValueError:
            raise gdb.GdbError("'%s' is no id, which has hexadecimal digits" % text) from None
        for env in environments():
            if int(env["pub"]["env_id"]) == wanted:
                return env
        raise gdb.GdbError("there is no environment %08x" % wanted)
    env = running()
    if env is None:
        raise gdb.GdbError("no environment runs on this CPU: name one by its id")
    return env


def running():
    """What runs on the CPU that the selected thread stands for: QEMU's threads are its CPUs, in order."""
    thread = gdb.selected_thread()
    n = thread.num - 1 if thread else 0
    if n >= int(value("cpu_count")):
        return None
    env = value("cpus[%d]" % n)["env"]
    return env.dereference() if int(env) else None


class Finch(gdb.Command):
    """What the stopped machine does: `finch envs`, `cpus`, `mappings`, `program`."""

    def __init__(self):
        super().__init__("finch", gdb.COMMAND_STATUS, prefix=True)


class Envs(Command):
    """finch envs: the environments, with where each is blocked and for whom it waits."""

    def __init__(self):
        super().__init__("finch envs", gdb.COMMAND_STATUS)

    def run(self, argument):
        need_machine()
        print("ID        PARENT    CPU  RUNS      IP        STATE")
        for env in environments():
            pub = env["pub"].dereference()
            status, wait = int(pub["env_status"]), int(pub["env_wait"])
            state = value("wait_names[%d]" % wait if status == 4 else "state_names[%d]" % status).string()
            whom = int(pub["env_wait_for"]) & 0xFFFFFFFF
            print("%08x  %08x  %-3d  %-8d  %08x  %s%s  (%s)" % (
                int(pub["env_id"]), int(pub["env_parent_id"]), int(pub["env_cpunum"]), int(pub["env_runs"]),
                int(pub["env_tf"]["tf_eip"]), state, " %08x" % whom if status == 4 and whom and wait in (3, 4, 5) else "",
                label_of(pub)))


class Cpus(Command):
    """finch cpus: what each CPU runs, how many are ready in its queue, what it has done."""

    def __init__(self):
        super().__init__("finch cpus", gdb.COMMAND_STATUS)

    def run(self, argument):
        need_machine()
        print("CPU  RUNS      QUEUED  SWITCHES  INTERRUPTS  ATTENTION")
        for cpu in cpus():
            env = cpu["env"]
            runs = "%08x" % int(env["pub"]["env_id"]) if int(env) else "-"
            print("%-3d  %-8s  %-6d  %-8d  %-10d  %x" % (
                int(cpu["number"]), runs, int(cpu["queue"]["count"]), int(cpu["switches"]), int(cpu["interrupts"]),
                int(cpu["attention"])))


class Mappings(Command):
    """finch mappings [ID]: what is mapped in the address space of an environment, in ranges of equal permissions."""

    def __init__(self):
        super().__init__("finch mappings", gdb.COMMAND_DATA)

    def run(self, argument):
        directory = int(find(argument)["space"]["arch"]["directory"])
        start = last = flags = None
        for va, entry in self.entries(directory):
            size = TABLE if entry & LARGE else PAGE
            these = entry & (WRITE | LARGE | SHARE | COW)
            if start is not None and (va != last or these != flags):
                self.show(start, last, flags)
                start = None
            if start is None:
                start, flags = va, these
            last = va + size
        if start is not None:
            self.show(start, last, flags)

    @staticmethod
    def words(address):
        data = gdb.selected_inferior().read_memory(address, PAGE).tobytes()
        return [int.from_bytes(data[i:i + 4], "little") for i in range(0, PAGE, 4)]

    def entries(self, directory):
        for i, pde in enumerate(self.words(directory)[:UTOP // TABLE]):
            if not pde & PRESENT:
                continue
            if pde & LARGE:
                yield i * TABLE, pde
                continue
            for j, pte in enumerate(self.words(KERNBASE + (pde & ~0xFFF))):
                if pte & PRESENT:
                    yield i * TABLE + j * PAGE, pte & ~LARGE

    @staticmethod
    def show(start, end, flags):
        marks = [text for bit, text in ((COW, "copy-on-write"), (SHARE, "share"), (LARGE, "4M")) if flags & bit]
        print("%08x-%08x  r%s  %s" % (start, end - 1, "w" if flags & WRITE else "-", " ".join(marks)))


class Program(Command):
    """finch program [FILE | NAME]: load a program's symbols; without a name, those of the one that runs on this CPU."""

    loaded = None

    def __init__(self):
        super().__init__("finch program", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def run(self, argument):
        name = argument or label_of(find("")["pub"])
        path = self.path(name)
        if not path:
            raise gdb.GdbError("there is no program '%s' in %s/user: name its file" % (name, build_folder()))
        self.load(path)
        print("symbols of %s" % os.path.relpath(path))

    @staticmethod
    def path(name):
        if os.path.isfile(name):
            return os.path.abspath(name)
        user = os.path.join(build_folder(), "user")
        for kind in ("bin", "drv", "srv", "test", "bench"):
            folder = os.path.join(user, kind)
            files = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
            for file in files:
                # A label holds 15 letters of a name.
                if file == name or (len(name) == 15 and file.startswith(name) and "." not in file):
                    return os.path.join(folder, file)
        return None

    @classmethod
    def load(cls, path):
        if cls.loaded == path:
            return
        if cls.loaded:
            gdb.execute("remove-symbol-file %s" % cls.loaded, to_string=True)
            cls.loaded = None
        gdb.execute("add-symbol-file %s -o 0" % path, to_string=True)
        cls.loaded = path

    @classmethod
    def stopped(cls, event):
        try:
            env = running()
            path = cls.path(label_of(env["pub"])) if env is not None else None
        except (gdb.error, gdb.GdbError):
            return  # the kernel has not come so far
        if path:
            cls.load(path)


Finch()
Envs()
Cpus()
Mappings()
Program()
gdb.events.stop.connect(Program.stopped)
gdb.execute("set confirm off")
gdb.execute("set pagination off")
