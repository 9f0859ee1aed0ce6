"""What is shown while tests run, and the count at the end. Used from several threads."""
import sys
import threading
import time


class Result:
    """One test's outcome. why (for a failure): the lines that tell what was expected and what came."""

    def __init__(self, name, passed, why=()):
        self.name = name
        self.passed = passed
        self.why = list(why)


class Report:
    def __init__(self, units):
        self.lock = threading.Lock()
        self.start = time.monotonic()
        self.units = len(units)
        self.units_done = 0
        self.passed = 0
        self.failures = []
        self.running = []
        self.over = False
        self.live = sys.stdout.isatty()

    def begin(self, unit):
        with self.lock:
            self.running.append(unit.title)
            self._status()

    def end(self, unit, results, seconds):
        with self.lock:
            if self.over:
                return
            self.running.remove(unit.title)
            self.units_done += 1
            failed = [r for r in results if not r.passed]
            self.passed += len(results) - len(failed)
            self.failures += failed
            self._clear()
            count = "%d tests" % len(results) if len(results) != 1 else "1 test"
            verdict = "%d FAILED" % len(failed) if failed else "ok"
            print("[%d/%d] %s: %s, %s (%.1f s)" % (self.units_done, self.units, unit.title, count, verdict, seconds))
            for result in failed:
                self._show(unit, result)
            self._status()

    def _show(self, unit, result):
        print("not ok " + result.name)
        for line in result.why:
            print("    " + line)
        print("    alone: " + unit.alone(result.name))

    def _clear(self):
        if self.live:
            sys.stdout.write("\r\033[K")

    def _status(self):
        if self.live and self.running:
            sys.stdout.write(("\r\033[K[%d/%d] running: %s" % (self.units_done, self.units, ", ".join(self.running)))[:110])
        sys.stdout.flush()

    def stopped(self):
        with self.lock:
            self.over = True
            self._clear()
            print("stopped: %d of %d done" % (self.units_done, self.units))

    def finish(self):
        self._clear()
        if self.failures:
            print("failed:")
            for result in self.failures:
                print("    " + result.name)
        seconds = int(time.monotonic() - self.start)
        print("%d s" % seconds)
        print("%d passed, %d failed" % (self.passed, len(self.failures)))
        return 0 if self.passed and not self.failures else 1
