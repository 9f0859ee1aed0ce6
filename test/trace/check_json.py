"""Is a file a trace in the Trace Event Format, as Perfetto and chrome://tracing read it?

    test/trace/check_json.py FILE [NAME...]      prints what is wrong; NAMEs are names or categories of events that must be there

Source: the document "Trace Event Format" of the Chromium project.
"""
import bisect
import json
import sys
from collections import defaultdict

NEEDED = {
    'B': {'name', 'cat', 'ts', 'pid', 'tid'},
    'E': {'ts', 'pid', 'tid'},
    'i': {'name', 'ts', 'pid', 'tid', 's'},
    's': {'name', 'cat', 'id', 'ts', 'pid', 'tid'},
    'f': {'name', 'cat', 'id', 'ts', 'pid', 'tid', 'bp'},
    'C': {'name', 'ts', 'pid', 'args'},
    'M': {'name', 'pid', 'args'},
}


class Checker:
    def __init__(self):
        self.wrong, self.seen = [], set()
        self.open = defaultdict(list)      # track -> slices that have begun
        self.slices = defaultdict(list)    # track -> (begin, end)
        self.tops = {}                     # track -> slices that lie in no other
        self.last = {}                     # track -> time
        self.flows = defaultdict(list)     # id -> (phase, event)
        self.loose = 0                     # ends of flows that stand in no slice

    def complain(self, words):
        if len(self.wrong) < 20:
            self.wrong.append(words)

    def event(self, event):
        phase = event.get('ph')
        missing = NEEDED.get(phase, {'a known ph'}) - event.keys()
        if missing:
            self.complain(f'{event} lacks {", ".join(sorted(missing))}')
            return
        self.seen |= {event.get('name'), event.get('cat')}
        if phase == 'M':
            return
        if not isinstance(event['ts'], (int, float)) or event['ts'] < 0:
            self.complain(f'{event} has no good time')
            return
        track = event['pid'], event.get('tid')
        if event['ts'] < self.last.get(track, 0):
            self.complain(f'{event} stands behind a later one of its track')
        self.last[track] = event['ts']
        if phase == 'B':
            self.open[track].append(event['ts'])
        elif phase == 'E':
            if not self.open[track]:
                self.complain(f'{event} ends what did not begin')
            else:
                self.slices[track].append((self.open[track].pop(), event['ts']))
        elif phase in 'sf':
            self.flows[event['id']].append(event)

    def end(self):
        for track, begun in self.open.items():
            if begun:
                self.complain(f'{len(begun)} slices of track {track} do not end')
        for number, events in self.flows.items():
            if [event['ph'] for event in events] not in (['s', 'f'], ['f', 's']):
                self.complain(f'flow {number} is {[event["ph"] for event in events]}')
                continue
            start, end = sorted(events, key=lambda event: event['ph'], reverse=True)
            if end['ts'] < start['ts']:
                self.complain(f'flow {number} arrives before it leaves')
            twice = start.get('args', {}).keys() & end.get('args', {}).keys()
            if twice:  # Chrome's viewer keeps one, and a warning for each
                self.complain(f'flow {number} has {", ".join(sorted(twice))} at both its ends')
            # Viewers draw an arrow from slice to slice; one without a slice is left out.
            for event in events:
                track = event['pid'], event['tid']
                if not self.covered(track, event['ts']):
                    self.loose += 1

    def covered(self, track, time):
        """Does a slice of the track last at this time?"""
        slices = self.outer(track)
        at = bisect.bisect_right(slices, (time, float('inf'))) - 1
        return at >= 0 and slices[at][1] >= time

    def outer(self, track):
        """The slices of a track that lie in no other, in order."""
        if track not in self.tops:
            tops = []
            for begin, end in sorted(self.slices[track]):
                if tops and begin < tops[-1][1]:
                    continue
                tops.append((begin, end))
            self.tops[track] = tops
        return self.tops[track]

    def check(self, document):
        if not isinstance(document, dict) or not isinstance(document.get('traceEvents'), list) or not document['traceEvents']:
            self.complain('there is no list "traceEvents", or nothing in it')
            return
        for event in document['traceEvents']:
            self.event(event)
        self.end()


def check(path, names):
    checker = Checker()
    try:
        with open(path, encoding='utf-8') as file:
            checker.check(json.load(file))
    except (OSError, ValueError) as error:
        checker.complain(f'{path}: {error}')
    for name in names:
        if name not in checker.seen:
            checker.complain(f'no event "{name}" is there, only {sorted(str(seen) for seen in checker.seen)[:60]}')
    return checker.wrong


if __name__ == '__main__':
    found = check(sys.argv[1], sys.argv[2:])
    print('\n'.join(found))
    sys.exit(1 if found else 0)
