"""Which workers of a Ray cluster a local model is to be asked by."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from fteval.errors import Incomplete, UserError

LEAST = (2, 60)
"""The oldest Ray that this was tested with."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which workers there are to be; none of it changes an answer."""

    address: str | None = None
    """Of a running cluster: `auto`, `ray://HOST:10001`; None: $RAY_ADDRESS, else this machine."""
    workers: int | None = None
    """At most so many; None for as many as the cluster has room for, or can grow to."""
    cpus: float = 1
    """Of each worker."""
    gpus: float = 0
    """Of each worker; 0 is a model on CPU."""

    @property
    def device(self) -> str:
        """Where a worker's model is."""
        return "cuda" if self.gpus else "cpu"

    def connect(self) -> None:
        """Joins the cluster, or starts one here. Raises UserError without Ray or with one that is too old, Incomplete
        where the cluster cannot be reached."""
        check()
        import ray

        if ray.is_initialized():
            return
        # Ray takes SIGTERM for itself, which would end the process without a word of what is kept.
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", include_dashboard=None)
        except Exception as error:  # what Ray raises depends on what it was told
            raise Incomplete(
                f"the Ray cluster cannot be reached: {error}",
                where=self.address or "this machine",
                fix="check the address (`ray status` on its head), and that it has this version of Ray and Python",
            ) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def check() -> None:
    """Raises UserError where Ray is not there, or too old."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("ray")
    except PackageNotFoundError:
        raise UserError("engine: ray needs Ray", fix="pip install 'fteval[ray]', here and on the cluster") from None
    if tuple(int(part) for part in found.split(".")[:2]) < LEAST:
        wanted = ".".join(map(str, LEAST))
        raise UserError(f"Ray {found} is too old", fix=f"pip install 'ray[data]>={wanted}', here and on the cluster")
