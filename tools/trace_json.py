"""A trace as JSON that Perfetto and chrome://tracing open (the "Trace Event Format"), for tools/mktrace.

Process 1 has a track for each CPU, process 2 one for each environment.
"""
import json

from trace_model import nested

CPUS, ENVS = 1, 2


def at(time):
    """Microseconds, exact to the nanosecond."""
    return round(time, 3)


def name_of(what, pid, tid, name):
    return {'ph': 'M', 'name': what, 'pid': pid, 'tid': tid, 'args': {'name': name}}


def tracks(model):
    """What the tracks are called, and in which order they stand."""
    yield name_of('process_name', CPUS, 0, 'CPUs')
    yield name_of('process_name', ENVS, 0, 'Environments')
    for pid in CPUS, ENVS:
        yield {'ph': 'M', 'name': 'process_sort_index', 'pid': pid, 'tid': 0, 'args': {'sort_index': pid}}
    for cpu in model.cpus:
        yield name_of('thread_name', CPUS, cpu + 1, f'CPU {cpu}')
        yield {'ph': 'M', 'name': 'thread_sort_index', 'pid': CPUS, 'tid': cpu + 1, 'args': {'sort_index': cpu}}
    for number, (env, about) in enumerate(model.envs.items()):
        if about.states:
            yield name_of('thread_name', ENVS, env, model.name(env))
            yield {'ph': 'M', 'name': 'thread_sort_index', 'pid': ENVS, 'tid': env, 'args': {'sort_index': number}}


def slices(pid, tid, pieces):
    """Each as its beginning and its end, in the order of time."""
    stack = []
    for piece, _ in nested(pieces):
        while stack and stack[-1].end <= piece.start:
            yield {'ph': 'E', 'pid': pid, 'tid': tid, 'ts': at(stack.pop().end)}
        yield {'ph': 'B', 'pid': pid, 'tid': tid, 'ts': at(piece.start), 'name': piece.name, 'cat': piece.kind.strip(':'),
               'args': piece.args}
        stack.append(piece)
    while stack:
        yield {'ph': 'E', 'pid': pid, 'tid': tid, 'ts': at(stack.pop().end)}


def instants(cpu, pieces):
    for piece in pieces:
        yield {'ph': 'i', 's': 't', 'pid': CPUS, 'tid': cpu + 1, 'ts': at(piece.start), 'name': piece.name, 'cat': piece.kind,
               'args': piece.args}


def flows(model):
    """Arrows: from a call on one CPU to where its receiver runs."""
    for number, flow in enumerate(model.flows, 1):
        same = {'pid': CPUS, 'id': number, 'name': 'message', 'cat': 'message'}
        # Its arguments stand at one end only: Chrome's viewer wants to make one list of both ends'.
        yield {'ph': 's', 'tid': flow.cpu + 1, 'ts': at(flow.time), **same, 'args': flow.args}
        yield {'ph': 'f', 'bp': 'e', 'tid': flow.to_cpu + 1, 'ts': at(flow.to_time), **same}


def counters(model):
    for time, running, ready in model.counts:
        yield {'ph': 'C', 'pid': CPUS, 'tid': 0, 'ts': at(time), 'name': 'environments',
               'args': {'running': running, 'ready': ready}}


def all_events(model):
    yield from tracks(model)
    for number, cpu in model.cpus.items():
        yield from slices(CPUS, number + 1, cpu.slices)
        yield from instants(number, cpu.instants)
    for env, about in model.envs.items():
        yield from slices(ENVS, env, about.states)
    yield from flows(model)
    yield from counters(model)


def write(model, file):
    about = {'system': 'Finch', 'events_lost': sum(ring.lost for ring in model.trace.rings),
             'events_not_whole': sum(ring.torn for ring in model.trace.rings)}
    file.write('{"displayTimeUnit": "ns", "otherData": ' + json.dumps(about) + ',\n"traceEvents": [\n')
    first = True
    # Stable: of what has the same time, the order above stays.
    for event in sorted(all_events(model), key=lambda event: event.get('ts', -1)):
        file.write(('' if first else ',\n') + json.dumps(event, separators=(',', ':')))
        first = False
    file.write('\n]}\n')
