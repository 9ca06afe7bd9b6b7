"""A form's own colour: read, and held to the contrast that words need on every ground (WCAG 2.2, 1.4.3)."""

import colorsys
import re

LEAST = 4.5  # to one
WHITE, NIGHT = "#ffffff", "#0d2521"  # words on a button of that colour, by day and in the dark
PAPER, DARK_PAPER = "#fbf9f5", "#151a1a"
LIGHT = (WHITE, PAPER, "#e5eeea")  # the grounds of base.css: raised, paper, wash
DARK = ("#1d2424", DARK_PAPER, "#1b302c", NIGHT)
STEP = 0.004  # of lightness, from 0 to 1
DEEPER = 0.07
SHARE = 0.12  # of the colour in the wash that is made of it
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})")


def accent(value: object) -> str:
    """A reader of content_fields: #rrggbb, or '' for the house's colour. Refuses one whose words could not be read."""
    found = written(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be a colour such as #1d5c54{'' if isinstance(value, str) else ', in quotes'}")
    if found and (worst := least(found, LIGHT)) < LEAST:
        raise ValueError(
            f"is too light: words in {found} on a light ground have a contrast of {worst:.1f} to 1, and need "
            f"{LEAST} to 1. The nearest that can be read is {by_day(found)}"
        )
    return found


def written(text: str) -> str | None:
    """As #rrggbb what was typed with three or six digits; '' for nothing, None for what is no colour."""
    typed = text.strip().lower()
    found = _HEX.fullmatch(typed)
    if not found:
        return None if typed else ""
    digits = found[1]
    return f"#{digits if len(digits) == 6 else ''.join(digit * 2 for digit in digits)}"


def by_day(colour: str) -> str:
    """The nearest colour, not lighter, that can be read on the light grounds."""
    return _nearest(colour, LIGHT, -STEP)


def by_night(colour: str) -> str:
    """The nearest, not darker, that can be read on the dark ones."""
    return _nearest(colour, DARK, STEP)


def sheet(colour: str) -> str:
    """The style sheet that gives a page this colour, in light and dark."""
    day, night = by_day(colour), by_night(colour)
    return (
        f"@media screen {{ :root {{ --accent: {day}; --accent-deep: {_moved(day, -DEEPER)}; --on-accent: {WHITE}; "
        f"--wash: {wash(day, PAPER)}; }} }}\n"
        "@media (prefers-color-scheme: dark) { @media screen { :root { "
        f"--accent: {night}; --accent-deep: {_moved(night, DEEPER)}; --on-accent: {NIGHT}; "
        f"--wash: {wash(night, DARK_PAPER)}; }} }} }}\n"
    )


def wash(colour: str, paper: str) -> str:
    """The paper with a breath of the colour: as much as leaves words in that colour readable on it."""
    share = SHARE
    while contrast(colour, mixed := _mixed(colour, paper, share)) < LEAST and share > 0:
        share -= STEP
    return mixed


def least(colour: str, grounds: tuple[str, ...]) -> float:
    """The lowest contrast of it on any of these grounds, to one."""
    return min(contrast(colour, ground) for ground in grounds)


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _nearest(colour: str, grounds: tuple[str, ...], step: float) -> str:
    found, moved = colour, 0.0
    while least(found, grounds) < LEAST:
        moved += step
        found = _moved(colour, moved)
    return found


def _moved(colour: str, by: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    red, green, blue = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness + by)), saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _mixed(colour: str, paper: str, share: float) -> str:
    parts = zip(_parts(colour), _parts(paper), strict=True)
    return "#" + "".join(f"{round((one * share + other * (1 - share)) * 255):02x}" for one, other in parts)


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255
