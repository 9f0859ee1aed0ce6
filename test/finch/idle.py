"""An idle machine with 4 CPUs uses next to no time of the host's CPUs. Prints what is wrong."""
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from processes import cpu_seconds, qemu_below  # noqa: E402

SECONDS = 5
LIMIT = 0.05  # of one CPU


finch = subprocess.Popen(["./finch", "run", "--cpus", "4", "--timeout", "120"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
seen = b""
while b"finch> " not in seen:
    some = os.read(finch.stdout.fileno(), 4096)
    if not some:
        break
    seen += some
qemu = qemu_below(finch.pid)
if b"finch> " not in seen or not qemu:
    print("expected the prompt, came: %s" % seen.decode("utf-8", "replace"))
else:
    time.sleep(2)  # zeroing of pages in advance, and what else follows a start
    before = cpu_seconds(qemu[0])
    time.sleep(SECONDS)
    share = (cpu_seconds(qemu[0]) - before) / SECONDS
    if share > LIMIT:
        print("expected at most %.0f %% of a CPU at a quiet prompt, came %.1f %%" % (100 * LIMIT, 100 * share))
finch.stdin.close()
finch.wait()
