"""The picture of doc/performance.md, for tools/bench: what each operation costs in instructions, on a logarithmic scale."""
import math

SYSTEMS = ['Finch', 'JOS', 'xv6', 'Linux', 'seL4']
WIDTH, LEFT, RIGHT, TOP = 900, 330, 70, 62
BAR, THICK, GAP = 9, 12, 12  # heights: of a bar, of Finch's, between operations
LOWEST, HIGHEST = 10, 1e10

STYLE = '''
.paper { fill: #ffffff } text { font: 12px sans-serif; fill: #24292f } .small { font-size: 10px }
.grid { stroke: #d0d7de } .goal { stroke: #24292f; stroke-width: 2 }
.Finch { fill: #d55e00 } .JOS { fill: #56b4e9 } .xv6 { fill: #009e73 } .Linux { fill: #cc79a7 } .seL4 { fill: #8c8c8c }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } .goal { stroke: #e6edf3 } .Finch { fill: #ff8c3a }
}'''


def at(value):
    """Where a number stands on the scale."""
    share = math.log(max(value, LOWEST) / LOWEST) / math.log(HIGHEST / LOWEST)
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def short(value):
    for unit, scale in ('G', 1e9), ('M', 1e6), ('k', 1e4):
        if value >= scale:
            value = value / (1e3 if unit == 'k' else scale)
            return f'{value:.0f} {unit}' if value >= 10 else f'{value:.1f} {unit}'
    return f'{value:,.0f}'


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;')


def text(x, y, words, more=''):
    return f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(words)}</text>'


def bars(y, name, figures, goal):
    """One operation; returns its lines and where the next one begins."""
    lines, top = [], y
    for system, figure in zip(SYSTEMS, figures):
        if figure is None:
            continue
        height = THICK if system == 'Finch' else BAR
        lines.append(f'<rect class="{system}" x="{LEFT}" y="{y}" width="{at(figure) - LEFT:.1f}" height="{height - 1}"/>')
        # Not across the mark of the goal.
        right = at(goal) if goal and system == 'Finch' and 0 < at(goal) - at(figure) < 50 else at(figure)
        lines.append(text(right + 4, y + height - 1.5, short(figure), ' class="small"'))
        y += height
    lines.insert(0, text(LEFT - 8, (top + y) / 2 + 4, name, ' text-anchor="end"'))
    if goal is not None:
        x = at(goal)
        lines.append(f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 2}" y2="{top + THICK + 1}"/>')
    return lines, y + GAP


def legend():
    lines, x = [], LEFT
    for system in SYSTEMS:
        lines += [f'<rect class="{system}" x="{x}" y="14" width="12" height="12"/>', text(x + 17, 24, system)]
        x += 75
    lines += [f'<line class="goal" x1="{x + 5}" x2="{x + 5}" y1="12" y2="28"/>', text(x + 14, 24, "Finch's goal")]
    return lines


def grid(bottom):
    lines, power = [], LOWEST
    while power <= HIGHEST:
        x = at(power)
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{bottom}"/>')
        lines.append(text(x, TOP - 14, short(power), ' text-anchor="middle" class="small"'))
        power *= 10
    return lines


def svg(rows):
    """rows: name, figures of SYSTEMS, goal; None where there is none."""
    y, operations = TOP, []
    for name, figures, goal in rows:
        lines, y = bars(y, name, figures, goal)
        operations += lines
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">',
            '<title>Guest instructions per operation</title>', f'<style>{STYLE}</style>',
            f'<rect class="paper" width="{WIDTH}" height="{y}"/>',
            text(8, 24, 'Guest instructions per operation'), text(8, 40, 'less is better; each line is ten times more', ' class="small"')]
    return '\n'.join(head + legend() + grid(y - GAP / 2) + operations + ['</svg>', ''])
