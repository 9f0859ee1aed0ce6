"""What a trace tells, for tools/mktrace: on each CPU who ran when and in which call, each environment's states, messages.

Times are microseconds since the first record. All that is open when the trace ends is closed there.
"""
from collections import defaultdict

from trace_rings import Names, text

NEVER = 0xFFFFFFFF
WAIT_END, WAIT_SEND, WAIT_MESSAGE = 'end', 'send', 'message'


class Slice:
    """Something that lasted. kind: what it is for the viewer; args: more about it."""
    __slots__ = 'start', 'end', 'name', 'kind', 'env', 'args'

    def __init__(self, start, name, kind, env=0, args=None, end=None):
        self.start, self.end, self.name, self.kind, self.env, self.args = start, end, name, kind, env, args or {}


class Flow:
    """A message: from which CPU and when, to which and when."""
    __slots__ = 'cpu', 'time', 'to_cpu', 'to_time', 'args'

    def __init__(self, cpu, time, to_cpu, to_time, args):
        self.cpu, self.time, self.to_cpu, self.to_time, self.args = cpu, time, to_cpu, to_time, args


class Cpu:
    def __init__(self):
        self.env = None  # 0: idle, None: not known
        self.run = self.call = self.fault = None  # slices that are open
        self.slices, self.instants = [], []


class Env:
    def __init__(self):
        self.name = None
        self.state = None  # a slice that is open
        self.states = []


def nested(slices):
    """Slices in the order in which they begin, each within those it begins in: what reaches beyond is cut."""
    stack, done = [], []
    for piece in sorted(slices, key=lambda s: (s.start, -s.end)):
        while stack and stack[-1].end <= piece.start:
            stack.pop()
        if stack:
            piece.end = min(piece.end, stack[-1].end)
        stack.append(piece)
        done.append((piece, len(stack) - 1))
    return done


class Model:
    def __init__(self, trace, names=None):
        self.trace = trace
        self.names = names or Names()
        self.cpus = {ring.cpu: Cpu() for ring in trace.rings}
        self.envs = defaultdict(Env)
        self.flows, self.counts = [], []  # counts: (time, running, ready)
        self.queued = {}                     # from -> (to, where and when) of the one that it waits with
        self.arriving = defaultdict(list)    # to -> of what was delivered while it did not run
        self.count = {'running': 0, 'ready': 0}
        records = sorted((record for ring in trace.rings for record in ring.records), key=lambda record: record.time)
        self.first = records[0].time if records else 0
        self.end = self._time(records[-1]) if records else 0.0
        # Recording is one switch for all CPUs; the ring of one that is busy need not reach back to where that began to run.
        self.scheduled = any(self._event(record) in ('RUN', 'IDLE') for record in records)
        for record in records:
            self._take(record)
        self._finish()

    # --- Numbers ---

    def _time(self, record):
        return (record.time - self.first) * 1000 / self.trace.khz

    def _ago(self, time, ticks):
        return max(0.0, time - ticks * 1000 / self.trace.khz)

    def _event(self, record):
        event = self.names.events.get(record.event)
        return event.name if event else None

    def name(self, env):
        """What an environment is called."""
        label = (self.envs[env].name if env in self.envs else None) or self.trace.labels.get(env)
        return f'{label} {env:x}' if label else f'{env:x}' if env else 'kernel'

    def result(self, value):
        value = value - (1 << 32) if value >> 31 else value
        error = self.names.errors.get(-value) if value < 0 else None
        return f'-{error}' if error else value

    # --- Records ---

    def _take(self, record):
        handler = getattr(self, '_' + (self._event(record) or 'unknown').lower(), None)
        if handler:
            cpu = self.cpus[record.cpu]
            if cpu.env is None and record.env and self._event(record) in ('CALL', 'RESULT', 'FAULT', 'BLOCK', 'QUEUED') and \
                    self.scheduled:
                self._run_unseen(cpu, record)
            handler(record, cpu, self._time(record), *record.words)

    def _close(self, cpu, what, time, **args):
        """End an open slice of a CPU: run, call or fault."""
        piece = getattr(cpu, what)
        if piece:
            piece.end = time
            piece.args.update(args)
            cpu.slices.append(piece)
            setattr(cpu, what, None)

    def _leave(self, cpu, time, **args):
        self._close(cpu, 'call', time, **args)
        self._close(cpu, 'fault', time)
        self._close(cpu, 'run', time)
        cpu.env = 0

    def _state(self, env, time, name, **args):
        """env is in another state from now on; None: it has ended."""
        about = self.envs[env]
        if about.state:
            self._count(about.state.kind, -1)
            about.state.end = time
            about.states.append(about.state)
        kind = name.split()[0] if name else ''
        about.state = Slice(time, name, kind, env, args) if name else None
        self._count(kind, 1)
        if kind in self.count or not name:
            self.counts.append((time, self.count['running'], self.count['ready']))

    def _count(self, kind, change):
        if kind in self.count:
            self.count[kind] += change

    def _run_begin(self, cpu, number, env, time, **args):
        if cpu.env and cpu.run and cpu.env != env and self.envs[cpu.env].state and self.envs[cpu.env].state.kind == 'running':
            self._state(cpu.env, time, 'ready')
        self._leave(cpu, time)
        cpu.env = env
        cpu.run = Slice(time, None, 'run', env, args)  # named at the end, when all labels are known
        self._state(env, time, f'running on CPU {number}')
        for flow in self.arriving.pop(env, ()):
            self.flows.append(Flow(*flow[:2], number, time, flow[2]))

    def _run_unseen(self, cpu, record):
        """A CPU's ring begins, and who runs there has done so for a time."""
        state = self.envs[record.env].state
        if state:
            state.name += ', then not recorded'
        self._run_begin(cpu, record.cpu, record.env, self._time(record))

    def _run(self, record, cpu, time, queued, *_):
        self._run_begin(cpu, record.cpu, record.env, time, queued=queued)

    def _idle(self, _record, cpu, time, *_):
        self._leave(cpu, time)

    def _block(self, record, cpu, time, wait, wait_for, timeout):
        kind = Names.of(self.names.waits, wait)
        args = {} if timeout == NEVER else {'timeout_ms': timeout}
        if wait_for:
            args['for'] = self.name(wait_for)
        if cpu.env == record.env:
            self._leave(cpu, time, waits='for ' + kind)
        self._state(record.env, time, 'waits: ' + kind, **args)

    def _ready(self, record, _cpu, time, waker, number, result):
        state = self.envs[record.env].state
        if state and state.kind == 'waits:':
            state.args['result'] = self.result(result)
        self.queued.pop(record.env, None)  # what it sent was taken, or will not be
        self._state(record.env, time, 'ready', queue=f'CPU {number}', by=self.name(waker))

    def _made(self, record, cpu, time, parent, *_):
        self.envs[record.env] = Env()
        self.envs[record.env].name = self.envs[parent].name if parent in self.envs else self.trace.labels.get(parent)
        self._state(record.env, time, 'new', parent=self.name(parent))
        cpu.instants.append(Slice(time, 'made', 'env', record.env, {'parent': self.name(parent)}, time))

    def _ended(self, record, cpu, time, status, by, *_):
        self._state(record.env, time, None)
        cpu.instants.append(Slice(time, 'ended', 'env', record.env, {'status': self.result(status), 'by': self.name(by)}, time))

    def _label(self, record, _cpu, _time, *words):
        name = text(b''.join(word.to_bytes(4, 'little') for word in words))
        full = self.trace.labels.get(record.env, '')
        self.envs[record.env].name = full if full.startswith(name) else name

    def _call(self, record, cpu, time, number, first, second):
        self._close(cpu, 'call', time)
        cpu.call = Slice(time, Names.of(self.names.calls, number), 'syscall', record.env,
                         {'arguments': f'{first:#x}, {second:#x}', 'env': self.name(record.env)})

    def _result(self, record, cpu, time, number, result, again):
        if not cpu.call:  # it began before the first record
            return
        self._close(cpu, 'call', time, **({'goes_on': 'by another call'} if again else {'result': self.result(result)}))

    def _fault(self, record, cpu, time, trap, address, ip):
        args = {'ip': f'{ip:#x}', 'error': trap >> 8, 'env': self.name(record.env)}
        if trap & 0xFF == 14:
            args['address'] = f'{address:#x}'
        self._close(cpu, 'fault', time)
        cpu.fault = Slice(time, Names.of(self.names.traps, trap & 0xFF), 'fault', record.env, args)

    def _handled(self, _record, cpu, time, by_program, *_):
        self._close(cpu, 'fault', time, then='its handler' if by_program else 'the end')

    def _interrupt(self, _record, cpu, time, vector, ticks, *_):
        name = {32: 'timer', 33: 'keyboard', 36: 'serial port', 251: 'request'}.get(vector, f'interrupt {vector}')
        cpu.slices.append(Slice(self._ago(time, ticks), name, 'irq', 0, {'vector': vector}, time))

    def _lock(self, _record, cpu, time, rank, index, ticks):
        name = 'lock: ' + Names.of(self.names.ranks, rank)
        cpu.slices.append(Slice(self._ago(time, ticks), name, 'lock', 0, {'index': index}, time))

    def _request(self, _record, cpu, time, mask, ticks, *_):
        asked = [f'CPU {n}' for n in range(32) if mask >> n & 1]
        cpu.slices.append(Slice(self._ago(time, ticks), 'asks other CPUs', 'request', 0, {'cpus': ', '.join(asked)}, time))

    def _answer(self, _record, cpu, time, *_):
        cpu.instants.append(Slice(time, 'answers', 'request', 0, {}, time))

    def _queued(self, record, _cpu, time, to, _value, *_):
        self.queued[record.env] = to, (record.cpu, time)

    def _message(self, record, cpu, time, sender, value, pages):
        args = {'from': self.name(sender), 'to': self.name(record.env), 'value': f'{value:#x}'}
        if pages:
            args['pages'] = pages
        start = record.cpu, time
        if self.queued.get(sender, (None,))[0] == record.env:
            _, start = self.queued.pop(sender)
        elif cpu.env == record.env:  # taken from a queue, since when, nobody has recorded; or an interrupt
            return
        if cpu.env == record.env or not self.scheduled:  # where it runs then, nobody has recorded
            self.flows.append(Flow(*start, record.cpu, time, args))
        else:
            self.arriving[record.env].append((*start, args))

    # --- The end ---

    def _lost(self, ring):
        """What was overwritten: a piece up to where the ring begins, for until then nobody knows what the CPU did."""
        cpu = self.cpus[ring.cpu]
        begins = [self._time(record) for record in ring.records] + [piece.start for piece in cpu.slices]
        piece = Slice(0.0, f'{ring.lost} events lost', 'lost', end=min(begins, default=self.end))
        (cpu.slices if piece.end > 0 else cpu.instants).append(piece)

    def _finish(self):
        for cpu in self.cpus.values():
            self._leave(cpu, self.end)
        for ring in self.trace.rings:
            if ring.lost:
                self._lost(ring)
        for cpu in self.cpus.values():
            if not cpu.slices and not cpu.instants:  # viewers leave out a track that has nothing
                cpu.instants.append(Slice(0.0, 'idle' if self.scheduled else 'no events', 'idle', end=0.0))
            for piece in cpu.slices:
                if piece.kind == 'run':
                    piece.name = self.name(piece.env)
            for piece in cpu.instants:
                if piece.env:
                    piece.name += ' ' + self.name(piece.env)
        for env in self.envs.values():
            if env.state and (env.state.start < self.end or not env.states):
                env.state.end = self.end
                env.states.append(env.state)
