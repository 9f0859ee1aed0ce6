"""The processes that tests start, so that none outlives an interrupted run."""
import os
import signal
import subprocess
import threading

_lock = threading.Lock()
_running = set()
_stopped = False


class Stopped(Exception):
    """The run was interrupted."""


def start(arguments, **options):
    """subprocess.Popen in a session of its own, remembered until `ended`."""
    with _lock:
        if _stopped:
            raise Stopped()
        process = subprocess.Popen(arguments, start_new_session=True, **options)
        _running.add(process)
        return process


def ended(process):
    with _lock:
        _running.discard(process)


def run(arguments, seconds, typed=b"", environment=None):
    """Run a command to its end; (exit status, its output's lines). What takes longer is ended, with the status None."""
    process = start(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    env=dict(os.environ, **(environment or {})))
    try:
        output, _ = process.communicate(typed, seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate()
        output += b"\nit did not end within %d s" % seconds
        status = None
    finally:
        ended(process)
    return status, output.decode("utf-8", "replace").replace("\r", "").splitlines()


def _session(leader):
    """The processes of a session, by /proc."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry) as f:
                if int(f.read().rpartition(")")[2].split()[3]) == leader:
                    yield int(entry)
        except (FileNotFoundError, ProcessLookupError):
            pass


def stop_all():
    """End all that runs, and what that started; nothing more starts."""
    global _stopped
    with _lock:
        _stopped = True
        running = list(_running)
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        for member in _session(process.pid):
            try:
                os.kill(member, signal.SIGKILL)
            except ProcessLookupError:
                pass
