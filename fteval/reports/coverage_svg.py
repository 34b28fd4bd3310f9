"""How training prompts and hold-out prompts lie, as one SVG without scripts: a map of both, and the share of each
cluster. Colours are Okabe and Ito's (2008), which colour-blind people tell apart; shapes say it without colour.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from fteval.data.check.coverage import Cluster, Coverage, Point
from fteval.reports.escape import one_line

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a800", "#7a5195", "#444444")
_WIDTH, _MAP, _LEFT, _TOP = 960, 460, 20, 92
_ROW, _BARS, _BAR = 48, 520, 250
_LONGEST = 36


def picture(cover: Coverage) -> str:
    """The file's whole text."""
    height = _TOP + max(_MAP, 60 + _ROW * len(cover.clusters)) + 24
    body = [*_head(cover), *_map(cover.points), *_rows(cover)]
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13" role="img">',
            f"<title>{_text(_summary(cover))}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _text(text: str, limit: int | None = None) -> str:
    return html.escape(one_line(text, limit))


def _summary(cover: Coverage) -> str:
    n = sum(bool(one.words) for one in cover.clusters)
    told = f"{100 * cover.clusters[0].share:.0f} % of {cover.n:,} training prompts sit in one of {n} clusters"
    if not cover.n_asked:
        return told
    return f"{told}; {len(cover.far):,} of {cover.n_asked:,} hold-out prompts have no neighbour"


def _head(cover: Coverage) -> Iterator[str]:
    yield f'<text x="{_LEFT}" y="30" font-size="17" font-weight="bold" fill="#111111">{_text(_summary(cover))}</text>'
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


def _map(points: Sequence[Point]) -> Iterator[str]:
    yield f'<rect x="{_LEFT}" y="{_TOP}" width="{_MAP}" height="{_MAP}" fill="#fafafa" stroke="#cccccc"/>'
    room = _MAP - 24
    for one in sorted(points, key=lambda p: (p.asked, p.far)):  # the few lie above the many
        x, y = _LEFT + 12 + room * one.x, _TOP + 12 + room * one.y
        colour = _colour(one.cluster)
        yield _cross(x, y) if one.far else _triangle(x, y, colour) if one.asked else _circle(x, y, colour)


def _rows(cover: Coverage) -> Iterator[str]:
    with_holdout = bool(cover.n_asked)
    what = "share of training prompts (filled) and of hold-out prompts (outline)"
    yield _note(_BARS, _TOP + 12, what if with_holdout else "share of training prompts", "#666666")
    most = max([0.01, *(share for one in cover.clusters for share in (one.share, one.asked or 0.0))])
    for at, one in enumerate(cover.clusters):
        yield from _row(one, _TOP + 40 + at * _ROW, _colour(at), _BAR / most, with_holdout)


def _row(one: Cluster, y: int, colour: str, scale: float, with_holdout: bool) -> Iterator[str]:
    yield _note(_BARS, y + 6, _clip(" ".join(one.words) or "small ones"), "#111111")
    x, numbers = _BARS + 20, _BARS + 30 + _BAR
    yield f'<rect x="{x}" y="{y + 12}" width="{one.share * scale:.1f}" height="9" fill="{colour}"/>'
    yield _note(numbers, y + 20, f"{100 * one.share:.0f} %")
    if with_holdout:
        wide = max((one.asked or 0.0) * scale, 0.5)
        yield f'<rect x="{x}" y="{y + 25}" width="{wide:.1f}" height="6" fill="none" stroke="{colour}"/>'
        yield _note(numbers, y + 33, f"{100 * (one.asked or 0.0):.0f} % of the hold-out", "#666666")


def _colour(cluster: int) -> str:
    """That of its place among the clusters; the small ones at the end share the last, so that no other means two."""
    return _COLOURS[min(cluster, len(_COLOURS) - 1)]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _note(x: float, y: float, text: str, colour: str = "#333333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{_text(text)}</text>'


def _circle(x: float, y: float, colour: str = "#888888") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}" fill-opacity="0.6"/>'


def _triangle(x: float, y: float, colour: str = "#888888") -> str:
    points = f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y + 4:.1f} {x - 5:.1f},{y + 4:.1f}"
    return f'<polygon points="{points}" fill="#ffffff" stroke="{colour}" stroke-width="1.6"/>'


def _cross(x: float, y: float) -> str:
    d = f"M{x - 5:.1f} {y - 5:.1f}L{x + 5:.1f} {y + 5:.1f}M{x - 5:.1f} {y + 5:.1f}L{x + 5:.1f} {y - 5:.1f}"
    return f'<path d="{d}" stroke="#c00000" stroke-width="2"/>'
