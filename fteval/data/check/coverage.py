"""How the prompts lie: in how many clusters, how full the fullest is, and which hold-out prompts nothing is near to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fteval.errors import UserError

CLUSTERS = 12
FITTED = 20_000
"""Prompts from which clusters are made; the others are sorted into them."""
FAR = 0.2
"""Cosine of tf-idf: below it two prompts share hardly a word that is not everywhere."""
ONE = 0.8
"""Cosine of two centres from which on they are one cluster, which k-means has cut."""
SMALL = 0.01
LOPSIDED = 0.5
MAPPED = 400
_FEWEST = 30
_DIMENSIONS = 50
_PLAIN = ("no words of its own",)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Prompts that are about the same, or asked in the same words."""

    words: tuple[str, ...]
    """What its prompts say that others do not; none: all clusters that hold less than one percent."""
    share: float
    asked: float | None
    """The share of the hold-out prompts that lies here; None without a hold-out."""


@dataclass(frozen=True, slots=True)
class Point:
    """A prompt on the map, where prompts in like words are near one another."""

    x: float
    y: float
    """Both from 0 to 1."""
    cluster: int
    """Place in `Coverage.clusters`."""
    asked: bool
    """Of the hold-out."""
    far: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """Clusters, the fullest first, and the places of hold-out prompts without a neighbour."""

    clusters: tuple[Cluster, ...]
    far: tuple[int, ...]
    n: int = 0
    """Training prompts."""
    n_asked: int = 0
    points: tuple[Point, ...] = ()
    """Where a map was asked for: at most MAPPED of the training prompts, and as many of the hold-out."""

    @property
    def lopsided(self) -> bool:
        return len(self.clusters) > 1 and self.clusters[0].share >= LOPSIDED


def coverage(prompts: Sequence[str], asked: Sequence[str], seed: int = 0, mapped: bool = False) -> Coverage | None:
    """None for too few prompts to speak of clusters. Raises UserError where scikit-learn is missing."""
    if len(prompts) < _FEWEST:
        return None
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise UserError("clusters need scikit-learn", fix="pip install 'fteval[data]'") from None
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(prompts))[:FITTED]
    vectors = TfidfVectorizer(
        sublinear_tf=True, max_features=30_000, max_df=0.9, dtype=np.float32, token_pattern=r"\w+"
    )
    try:
        vectors.fit([prompts[i] for i in some])
    except ValueError:  # no word that only some have: all ask the same
        return None
    held = vectors.transform(asked) if asked else None
    found = _labels(vectors, prompts, some, held, seed)
    labels, beside, n = found.labels, found.beside, found.n
    nearest = np.zeros(len(asked))
    sums = np.zeros((n, len(vectors.vocabulary_)))
    for start in range(0, len(prompts), 5000):
        part = vectors.transform(prompts[start : start + 5000])
        if held is not None:
            nearest = np.maximum(nearest, (part @ held.T).max(axis=0).toarray().ravel())
        for label in range(n):
            sums[label] += np.asarray(part[labels[start : start + 5000] == label].sum(axis=0)).ravel()
    clusters, places = _clusters(labels, beside, sums, vectors.get_feature_names_out())
    far = nearest < FAR
    points = _points(found, prompts, asked, far, places, rng) if mapped else ()
    return Coverage(clusters, tuple(int(i) for i in np.nonzero(far)[0]), len(prompts), len(asked), points)


def _points(
    found: _Labels, prompts: Sequence[str], asked: Sequence[str], far: Any, places: Sequence[int], rng: Any
) -> tuple[Point, ...]:
    """A map by t-SNE: what is near stays near; how far apart things are that are not near means nothing."""
    from sklearn.manifold import TSNE

    trained = rng.permutation(len(prompts))[:MAPPED]
    held = rng.permutation(len(asked))[:MAPPED]
    space = found.placed([*(prompts[i] for i in trained), *(asked[i] for i in held)])
    seed, wide = int(rng.integers(2**31)), min(30.0, (len(space) - 1) / 3)
    spread = space.shape[1] > 1 and np.ptp(space, axis=0).max() > 0  # of one place alone PCA makes NaN, and t-SNE dies
    flat = TSNE(perplexity=wide, init="pca" if spread else "random", random_state=seed).fit_transform(space)
    flat = (flat - flat.min(axis=0)) / np.maximum(np.ptp(flat, axis=0), 1e-9)
    labels = [*found.labels[trained], *(found.beside[held] if len(held) else ())]
    beyond = [False] * len(trained) + [bool(far[i]) for i in held]
    return tuple(
        Point(float(x), float(y), places[label], at >= len(trained), beyond[at])
        for at, ((x, y), label) in enumerate(zip(flat, labels, strict=True))
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """The cluster of each prompt, that of each hold-out prompt (or None), how many clusters there are."""

    labels: Any
    beside: Any
    n: int
    placed: Callable[[Sequence[str]], Any]
    """(texts, dimensions), where texts of one form are near."""


def _labels(vectors: Any, prompts: Sequence[str], some: Any, held: Any, seed: int) -> _Labels:
    """Clusters by k-means.

    Rare words say whether two prompts are near; words that many share say what form they have, and here these count.
    """
    from scipy.sparse import diags
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    common = diags(1 / vectors.idf_)

    def formed(texts: Sequence[str]) -> Any:
        return normalize(vectors.transform(texts) @ common)

    fitted = formed([prompts[i] for i in some])
    space = TruncatedSVD(min(_DIMENSIONS, fitted.shape[1] - 1, fitted.shape[0] - 1) or 1, random_state=seed).fit(fitted)
    laid = normalize(space.transform(fitted))
    most = min(CLUSTERS, len(some) // 3, len(np.unique(laid.round(6), axis=0)))
    means = KMeans(most, n_init=2, random_state=seed).fit(laid)
    merged = _merged(normalize(means.cluster_centers_))

    def sorted_in(texts: Any) -> Any:
        return merged[means.predict(normalize(space.transform(texts)).astype(means.cluster_centers_.dtype))]

    parts = [sorted_in(formed(prompts[i : i + 5000])) for i in range(0, len(prompts), 5000)]
    beside = None if held is None else sorted_in(normalize(held @ common))
    return _Labels(
        np.concatenate(parts),
        beside,
        int(merged.max()) + 1,
        lambda texts: normalize(space.transform(formed(texts))),
    )


def _merged(centres: Any) -> Any:
    """The number of each centre, centres that are near one another under one."""
    from scipy.sparse.csgraph import connected_components

    return connected_components(centres @ centres.T >= ONE, directed=False)[1]


def _clusters(labels: Any, beside: Any, sums: Any, names: Any) -> tuple[tuple[Cluster, ...], list[int]]:
    """The clusters, the fullest first, and for each label its place among them."""
    everywhere = sums.sum(axis=0)
    made = []
    for label in range(len(sums)):
        n = int((labels == label).sum())
        # What the cluster says more than the rest does, as a share of itself.
        own = sums[label] / max(n, 1) - (everywhere - sums[label]) / max(len(labels) - n, 1)
        words = tuple(str(names[i]) for i in np.argsort(-own)[:3] if own[i] > 0) or _PLAIN
        asked = None if beside is None else float((beside == label).mean())
        made.append(Cluster(words, n / len(labels), asked))
    large = [one for one in made if one.share >= SMALL]
    small, rest = [one for one in made if one.share < SMALL], None
    if small:  # what k-means cuts off at the edges is no cluster
        beside_them = None if beside is None else sum(one.asked or 0.0 for one in small)
        rest = Cluster((), sum(one.share for one in small), beside_them)
        large.append(rest)
    ordered = sorted(large, key=lambda one: -one.share)
    shown = [one if one.share >= SMALL else rest for one in made]
    return tuple(ordered), [next(at for at, one in enumerate(ordered) if one is of) for of in shown]
