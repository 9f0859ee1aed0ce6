"""A trace as a picture, for tools/mktrace: a lane for each CPU, messages as arrows; readable on a light and on a dark page."""
from html import escape

from trace_model import nested

WIDTH, LEFT, RIGHT, TOP = 1000, 64, 16, 58
LANE, GAP, THIN = 30, 26, 8 # heights: of who runs, between lanes, of what is below that
ARROWS_MAX = 400
COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#3e8fc4', '#b3432b', '#5b5bd6', '#4d8f3a', '#a05a9c',
           '#00808a', '#7a6a5a']
KINDS = {'syscall': ('#56b4e9', 'system call'), 'fault': ('#e8590c', 'page fault, exception'), 'lock': ('#d6336c', 'waits for a lock'),
         'irq': ('#868e96', 'interrupt'), 'request': ('#9c36b5', 'asks other CPUs')}

STYLE = '''
.paper { fill: #ffffff } text { font: 11px sans-serif; fill: #24292f } .on { fill: #ffffff } .lane { fill: #eef1f4 }
.message { stroke: #24292f; stroke-width: .6; opacity: .55; marker-end: url(#head) } .head { fill: #24292f }
.grid { stroke: #d0d7de } .title { font-size: 14px; font-weight: bold }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #e6edf3 } .on { fill: #ffffff } .lane { fill: #1c2128 } .grid { stroke: #30363d }
.message { stroke: #e6edf3 } .head { fill: #e6edf3 }
}'''


def unit(span):
    """A round step of time for about eight marks, and how it is written."""
    step = 1.0
    while span / step > 8:
        step *= 10 if span / step > 80 else 5 if span / step > 40 else 2
    return step, (1000.0, 'ms') if step >= 1000 else (1.0, 'µs')


class Picture:
    def __init__(self, model):
        self.model = model
        runs = [piece.start for cpu in model.cpus.values() for piece in cpu.slices if piece.kind == 'run']
        self.start = min(runs) if runs else 0.0
        self.span = max(model.end - self.start, 0.001)
        self.height = TOP + len(model.cpus) * (LANE + THIN + GAP) + 40
        self.lanes = {cpu: TOP + n * (LANE + THIN + GAP) for n, cpu in enumerate(model.cpus)}
        order = sorted(env for env, about in model.envs.items() if env)
        self.colours = {env: COLOURS[n % len(COLOURS)] for n, env in enumerate(order)}

    def x(self, time):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max((time - self.start) / self.span, 0.0), 1.0)

    @staticmethod
    def merge(boxes):
        """Boxes (left, right, what) in order: those too narrow to be seen are joined with like ones beside them."""
        done = []
        for left, right, what in boxes:
            if done and done[-1][2] == what and left - done[-1][1] < 0.4:
                done[-1] = (done[-1][0], max(right, done[-1][1]), what)
            elif not done or right - left >= 0.3 or left - done[-1][1] >= 0.3:
                done.append((left, max(right, left + 0.4), what))
        return done

    def rows(self, pieces, y, height, colour, name):
        boxes = self.merge([(self.x(piece.start), self.x(piece.end), (colour(piece), name(piece))) for piece in pieces
                            if piece.end >= self.start])
        for left, right, (fill, words) in boxes:
            yield f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{height}" fill="{fill}"/>'
            if words and right - left > 7 * len(words):
                yield f'<text class="on" x="{left + 3:.1f}" y="{y + height / 2 + 4:.0f}">{escape(words)}</text>'

    def lane(self, number, cpu):
        y = self.lanes[number]
        yield f'<text x="8" y="{y + 19}">CPU {number}</text>'
        yield f'<rect class="lane" x="{LEFT}" y="{y}" width="{WIDTH - LEFT - RIGHT}" height="{LANE + THIN}"/>'
        pieces = [piece for piece, _ in nested(cpu.slices)]
        yield from self.rows([piece for piece in pieces if piece.kind == 'run'], y, LANE,
                             lambda piece: self.colours.get(piece.env, '#868e96'), lambda piece: piece.name)
        yield from self.rows([piece for piece in pieces if piece.kind == 'lost'], y, LANE, lambda _: '#868e96', lambda piece: piece.name)
        for kind, (colour, _) in KINDS.items():
            yield from self.rows([piece for piece in pieces if piece.kind == kind], y + LANE, THIN,
                                 lambda _, colour=colour: colour, lambda _: '')

    def arrows(self):
        """Messages between CPUs: no more than can be told from each other."""
        flows = [flow for flow in self.model.flows if flow.cpu != flow.to_cpu]
        for flow in flows[::max(1, -(-len(flows) // ARROWS_MAX))]:
            down = flow.to_cpu > flow.cpu
            y1 = self.lanes[flow.cpu] + (LANE + THIN if down else 0)
            y2 = self.lanes[flow.to_cpu] + (0 if down else LANE + THIN)
            yield f'<path class="message" d="M{self.x(flow.time):.1f} {y1}L{self.x(flow.to_time):.1f} {y2}"/>'

    def axis(self):
        step, (scale, unit_name) = unit(self.span)
        bottom = self.height - 34
        for n in range(int(self.span / step) + 1):
            x = self.x(self.start + n * step)
            yield f'<path class="grid" d="M{x:.1f} {TOP - 6}V{bottom}"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle">{n * step / scale:g} {unit_name}</text>'

    def legend(self):
        x = LEFT
        for colour, words in KINDS.values():
            yield f'<rect x="{x}" y="30" width="10" height="10" fill="{colour}"/><text x="{x + 14}" y="39">{words}</text>'
            x += 34 + 6 * len(words)
        yield f'<path class="message" d="M{x} 35H{x + 22}"/><text x="{x + 28}" y="39">message</text>'

    def write(self, file):
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
                   f'height="{self.height}">\n<style>{STYLE}\n</style>\n'
                   '<defs><marker id="head" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" '
                   'orient="auto"><path class="head" d="M0 0L6 3L0 6z"/></marker></defs>\n'
                   '<rect class="paper" width="100%" height="100%"/>\n'
                   f'<text class="title" x="{LEFT}" y="20">Finch: who runs on each CPU</text>\n')
        for part in self.legend(), self.axis():
            file.writelines(line + '\n' for line in part)
        for number, cpu in self.model.cpus.items():
            file.writelines(line + '\n' for line in self.lane(number, cpu))
        file.writelines(line + '\n' for line in self.arrows())
        file.write('</svg>\n')


def write(model, file):
    Picture(model).write(file)
