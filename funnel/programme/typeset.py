"""Typst, which sets our sheets and draws our pictures. Loaded when the first is asked for: most processes need none."""

import importlib
from collections.abc import Mapping
from pathlib import Path

DOTS = 72  # dots an inch: a point is a dot


def pdf(layout: Path, root: Path, inputs: Mapping[str, str]) -> bytes:
    """A tagged PDF (PDF/UA-1). The same words give the same bytes, from any machine."""
    return _made(layout, root, inputs, pdf_standards=["ua-1"])


def png(layout: Path, root: Path, inputs: Mapping[str, str], fonts: Path) -> bytes:
    """A picture, a dot for each point of the layout; `fonts`: a folder of those that typst does not bring."""
    return _made(layout, root, inputs, format="png", ppi=DOTS, font_paths=[str(fonts)])


def _made(layout: Path, root: Path, inputs: Mapping[str, str], **how: object) -> bytes:
    typst = importlib.import_module("typst")
    # Without the machine's own fonts it looks the same everywhere.
    made: bytes = typst.compile(layout, root=root, ignore_system_fonts=True, sys_inputs=dict(inputs), **how)
    return made
