"""What /proc says of processes: Debian's smallest installation has no ps."""
import os


def fields(pid):
    """The fields of /proc/PID/stat from the state on, or None if there is no such process."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def name(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def gone(pid):
    stat = fields(pid)
    return stat is None or stat[0] == "Z"


def qemu_below(parent):
    """The ids of the QEMUs that the process started."""
    found = []
    for entry in os.listdir("/proc"):
        stat = fields(int(entry)) if entry.isdigit() else None
        if stat and int(stat[1]) == parent and name(int(entry)).startswith("qemu"):
            found.append(int(entry))
    return found


def cpu_seconds(pid):
    stat = fields(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
