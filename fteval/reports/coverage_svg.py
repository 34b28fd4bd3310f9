"""How training prompts and hold-out prompts lie, as one SVG without scripts: a map of both, and the share of each
cluster. Colours are Okabe and Ito's (2008), which colour-blind people tell apart; shapes say it without colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from fteval.data.check.coverage import Cluster, Coverage, Point
from fteval.reports.escape import one_line
from fteval.reports.html import svg

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a800", "#7a5195", "#444444")
_WIDTH, _MAP, _LEFT, _TOP = 960, 460, 20, 92
_ROW, _BARS, _BAR = 48, 520, 250
_LONGEST = 36


def picture(cover: Coverage) -> str:
    """The file's whole text."""
    height = _TOP + max(_MAP, 60 + _ROW * len(cover.clusters)) + 24
    body = [*_head(cover), *_map(cover.points), *_rows(cover)]
    drawing = [
        svg.element("title", [_text(_summary(cover))]),
        svg.element("rect", width=_WIDTH, height=height, fill="#ffffff"),
        *body,
    ]
    made = svg.element(
        "svg",
        [Markup("\n").join([Markup(), *drawing, Markup()])],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        width=_WIDTH,
        height=height,
        font_family="sans-serif",
        font_size=13,
        role="img",
    )
    return f"{made}\n"


def _text(text: str) -> Markup:
    return escape(one_line(text))


def _summary(cover: Coverage) -> str:
    n = sum(bool(one.words) for one in cover.clusters)
    told = f"{100 * cover.clusters[0].share:.0f} % of {cover.n:,} training prompts sit in one of {n} clusters"
    if not cover.n_asked:
        return told
    return f"{told}; {len(cover.far):,} of {cover.n_asked:,} hold-out prompts have no neighbour"


def _head(cover: Coverage) -> Iterator[Markup]:
    yield _note(_LEFT, 30, _summary(cover), "#111111", font_size=17, font_weight="bold")
    trained = sum(not one.asked for one in cover.points)
    held = len(cover.points) - trained
    yield _circle(_LEFT + 6, 56)
    yield _note(_LEFT + 18, 60, f"training prompt ({trained:,} of {cover.n:,} shown)")
    if held:
        yield _triangle(_LEFT + 246, 56)
        yield _note(_LEFT + 258, 60, f"hold-out prompt ({held:,} of {cover.n_asked:,})")
        yield _cross(_LEFT + 448, 56)
        yield _note(_LEFT + 460, 60, "hold-out prompt without a neighbour")
    yield _note(_LEFT, 82, "Near on the map: asked in like words. Distances between groups mean nothing.", "#666666")


def _map(points: Sequence[Point]) -> Iterator[Markup]:
    yield _bar(_LEFT, _TOP, _MAP, _MAP, fill="#fafafa", stroke="#cccccc")
    room = _MAP - 24
    for one in sorted(points, key=lambda p: (p.asked, p.far)):  # the few lie above the many
        x, y = _LEFT + 12 + room * one.x, _TOP + 12 + room * one.y
        colour = _colour(one.cluster)
        yield _cross(x, y) if one.far else _triangle(x, y, colour) if one.asked else _circle(x, y, colour)


def _rows(cover: Coverage) -> Iterator[Markup]:
    with_holdout = bool(cover.n_asked)
    what = "share of training prompts (filled) and of hold-out prompts (outline)"
    yield _note(_BARS, _TOP + 12, what if with_holdout else "share of training prompts", "#666666")
    most = max([0.01, *(share for one in cover.clusters for share in (one.share, one.asked or 0.0))])
    for at, one in enumerate(cover.clusters):
        yield from _row(one, _TOP + 40 + at * _ROW, _colour(at), _BAR / most, with_holdout)


def _row(one: Cluster, y: int, colour: str, scale: float, with_holdout: bool) -> Iterator[Markup]:
    yield _note(_BARS, y + 6, _clip(" ".join(one.words) or "small ones"), "#111111")
    x, numbers = _BARS + 20, _BARS + 30 + _BAR
    yield _bar(x, y + 12, one.share * scale, 9, fill=colour)
    yield _note(numbers, y + 20, f"{100 * one.share:.0f} %")
    if with_holdout:
        wide = max((one.asked or 0.0) * scale, 0.5)
        yield _bar(x, y + 25, wide, 6, fill="none", stroke=colour)
        yield _note(numbers, y + 33, f"{100 * (one.asked or 0.0):.0f} % of the hold-out", "#666666")


def _colour(cluster: int) -> str:
    """That of its place among the clusters; the small ones at the end share the last, so that no other means two."""
    return _COLOURS[min(cluster, len(_COLOURS) - 1)]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _note(x: float, y: float, text: str, colour: str = "#333333", **more: object) -> Markup:
    return svg.element("text", [_text(text)], x=_at(x), y=_at(y), **more, fill=colour)


def _bar(x: float, y: float, width: float, height: int, **look: object) -> Markup:
    return svg.element("rect", (), x=_at(x), y=_at(y), width=_at(width), height=height, **look)


def _circle(x: float, y: float, colour: str = "#888888") -> Markup:
    return svg.element("circle", cx=_at(x), cy=_at(y), r=3, fill=colour, fill_opacity=0.6)


def _triangle(x: float, y: float, colour: str = "#888888") -> Markup:
    points = f"{_at(x)},{_at(y - 5)} {_at(x + 5)},{_at(y + 4)} {_at(x - 5)},{_at(y + 4)}"
    return svg.element("polygon", points=points, fill="#ffffff", stroke=colour, stroke_width=1.6)


def _cross(x: float, y: float) -> Markup:
    left, right, top, bottom = (_at(v) for v in (x - 5, x + 5, y - 5, y + 5))
    d = f"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}"
    return svg.element("path", d=d, stroke="#c00000", stroke_width=2)


def _at(x: float) -> str:
    return f"{x:.1f}"
