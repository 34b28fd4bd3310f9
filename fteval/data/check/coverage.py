"""How the prompts lie: in how many clusters, how full the fullest is, and which hold-out prompts nothing is near to."""

from __future__ import annotations

from collections.abc import Sequence
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
_FEWEST = 30
_DIMENSIONS = 50


@dataclass(frozen=True, slots=True)
class Cluster:
    """Prompts that are about the same, or asked in the same words."""

    words: tuple[str, ...]
    """What its prompts say that others do not; none: all clusters that hold less than one percent."""
    share: float
    asked: float | None
    """The share of the hold-out prompts that lies here; None without a hold-out."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Clusters, the fullest first, and the places of hold-out prompts without a neighbour."""

    clusters: tuple[Cluster, ...]
    far: tuple[int, ...]

    @property
    def lopsided(self) -> bool:
        return len(self.clusters) > 1 and self.clusters[0].share >= LOPSIDED


def coverage(prompts: Sequence[str], asked: Sequence[str], seed: int = 0) -> Coverage | None:
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
    labels, beside, n = _labels(vectors, prompts, some, held, seed)
    nearest = np.zeros(len(asked))
    sums = np.zeros((n, len(vectors.vocabulary_)))
    for start in range(0, len(prompts), 5000):
        part = vectors.transform(prompts[start : start + 5000])
        if held is not None:
            nearest = np.maximum(nearest, (part @ held.T).max(axis=0).toarray().ravel())
        for label in range(n):
            sums[label] += np.asarray(part[labels[start : start + 5000] == label].sum(axis=0)).ravel()
    clusters = _clusters(labels, beside, sums, vectors.get_feature_names_out())
    return Coverage(clusters, tuple(int(i) for i in np.nonzero(nearest < FAR)[0]))


def _labels(vectors: Any, prompts: Sequence[str], some: Any, held: Any, seed: int) -> tuple[Any, Any, int]:
    """(the cluster of each prompt, that of each hold-out prompt or None, how many clusters).

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
    means = KMeans(min(CLUSTERS, len(some) // 3), n_init=2, random_state=seed).fit(normalize(space.transform(fitted)))
    merged = _merged(normalize(means.cluster_centers_))

    def sorted_in(texts: Any) -> Any:
        return merged[means.predict(normalize(space.transform(texts)).astype(means.cluster_centers_.dtype))]

    parts = [sorted_in(formed(prompts[i : i + 5000])) for i in range(0, len(prompts), 5000)]
    beside = None if held is None else sorted_in(normalize(held @ common))
    return np.concatenate(parts), beside, int(merged.max()) + 1


def _merged(centres: Any) -> Any:
    """The number of each centre, centres that are near one another under one."""
    from scipy.sparse.csgraph import connected_components

    return connected_components(centres @ centres.T >= ONE, directed=False)[1]


def _clusters(labels: Any, beside: Any, sums: Any, names: Any) -> tuple[Cluster, ...]:
    everywhere = sums.sum(axis=0)
    made = []
    for label in range(len(sums)):
        n = int((labels == label).sum())
        # What the cluster says more than the rest does, as a share of itself.
        own = sums[label] / max(n, 1) - (everywhere - sums[label]) / max(len(labels) - n, 1)
        words = tuple(str(names[i]) for i in np.argsort(-own)[:3] if own[i] > 0)
        asked = None if beside is None else float((beside == label).mean())
        made.append(Cluster(words, n / len(labels), asked))
    large = [one for one in made if one.share >= SMALL]
    small = [one for one in made if one.share < SMALL]
    if small:  # what k-means cuts off at the edges is no cluster
        beside_them = None if beside is None else sum(one.asked or 0.0 for one in small)
        large.append(Cluster((), sum(one.share for one in small), beside_them))
    return tuple(sorted(large, key=lambda one: -one.share))
