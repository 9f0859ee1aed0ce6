"""Runs units, JOBS at once. A unit that breaks counts as a failure of all its tests."""
import os
import threading
import time
import traceback

from children import Stopped
from report import Result

JOBS = min(2, os.cpu_count() or 1)


def run_unit(unit, report):
    report.begin(unit)
    start = time.monotonic()
    try:
        results = unit.run()
        if not results:
            results = [Result(unit.title, False, ["it gave no result"])]
    except Stopped:
        return
    except Exception:
        why = traceback.format_exc().splitlines()
        results = [Result(name, False, why) for name in unit.names]
    report.end(unit, results, time.monotonic() - start)


def run_units(units, report):
    """Units are taken in order; those marked alone=True run when nothing else does."""
    waiting = [u for u in units if not u.exclusive]
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                if not waiting:
                    return
                unit = waiting.pop(0)
            run_unit(unit, report)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(JOBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for unit in units:
        if unit.exclusive:
            run_unit(unit, report)
