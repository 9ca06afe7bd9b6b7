"""A picture of figures over time, as SVG: panels one below the other, each with a line and its own scale."""

import math
from dataclasses import dataclass
from html import escape

WIDTH, PANEL_HEIGHT = 760, 170
LEFT, RIGHT, TOP, BETWEEN, BOTTOM = 66, 16, 54, 34, 40
INK, FAINT, PAPER, LINE = "#1d2733", "#9aa5b1", "#ffffff", "#2a6f97"


@dataclass(frozen=True)
class Panel:
    """`points`: seconds, value."""

    title: str
    points: list[tuple[float, float]]


def drawn(title: str, panels: list[Panel]) -> str:
    """The picture. Each scale starts at nought, so that a slope is as steep as it is."""
    seconds = max((at for panel in panels for at, _ in panel.points), default=1.0)
    height = TOP + len(panels) * (PANEL_HEIGHT + BETWEEN) - BETWEEN + BOTTOM
    parts = [_words(LEFT, 20, title, INK, 15)]
    for number, panel in enumerate(panels):
        parts += _panel(panel, TOP + number * (PANEL_HEIGHT + BETWEEN), seconds)
    foot = height - BOTTOM
    parts += [_words(_x(tick, seconds), foot + 18, f"{tick:g}", FAINT, 11, "middle") for tick in _ticks(seconds)]
    parts.append(_words(WIDTH - RIGHT, foot + 34, "seconds", FAINT, 11, "end"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif">'
        f'<title>{escape(title)}</title><rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _panel(panel: Panel, top: float, seconds: float) -> list[str]:
    marks = _ticks(max((value for _, value in panel.points), default=1.0), covers=True)
    highest = marks[-1] or 1.0

    def y(value: float) -> float:
        return top + PANEL_HEIGHT * (1 - value / highest)

    parts = [_words(LEFT, top - 8, panel.title, INK, 12)]
    for mark in marks:
        parts.append(f'<path d="M{LEFT} {y(mark):.1f}H{WIDTH - RIGHT}" stroke="{FAINT}" stroke-width=".5"/>')
        parts.append(_words(LEFT - 8, y(mark) + 4, f"{mark:,g}", FAINT, 11, "end"))
    line = " ".join(f"{_x(at, seconds):.1f},{y(value):.1f}" for at, value in panel.points)
    return [*parts, f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.5"/>']


def _ticks(highest: float, *, covers: bool = False) -> list[float]:
    """Four to seven round numbers from 0 to `highest`, or just past it."""
    rough = max(highest, 1e-9) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough)
    count = math.ceil(highest / step) if covers else math.floor(highest / step)
    return [step * number for number in range(count + 1)]


def _x(at: float, seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / seconds


def _words(x: float, y: float, words: str, colour: str, size: int, anchor: str = "start") -> str:
    looks = f'fill="{colour}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {looks}>{escape(words)}</text>'
