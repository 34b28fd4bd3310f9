"""A model card brought up to date with what was measured."""

from __future__ import annotations

from pathlib import Path

from fteval.errors import UserError, suggest
from fteval.experiment import saved, sheet
from fteval.records import CandidateResult, Comparison
from fteval.reports import model_card


def update(card: Path, what: str, store: Path, candidate: str | None = None) -> str:
    """Writes one candidate's results into a card, which is made where there is none; the candidate's name.

    Raises UserError for what is no comparison, for several candidates of which none is named, and for a card that
    cannot be read or written.
    """
    subject = saved.saved(what, store)
    if not isinstance(subject, Comparison):
        raise UserError(f"'{what}' is a single run: a card has what a comparison found", fix="run it with --against")
    whole = sheet.whole(subject, store)
    assert isinstance(whole, Comparison)
    found = _chosen(whole, candidate)
    made = model_card.entry(whole, found)
    try:
        old = card.read_bytes().decode("utf-8") if card.exists() else ""
        card.write_bytes(model_card.with_entry(old, made).encode("utf-8"))
    except UnicodeDecodeError:
        raise UserError("not UTF-8, so that nothing was written", where=str(card)) from None
    except OSError as error:
        raise UserError(f"{card} cannot be read or written: {error.strerror}") from None
    except UserError as error:
        raise UserError(error.what, where=str(card), fix=error.fix) from None
    return found.name


def _chosen(comparison: Comparison, name: str | None) -> CandidateResult:
    """The candidate of that name; without one, the chosen or the only one."""
    known = {c.name: c for c in comparison.candidates}
    wanted = name or comparison.chosen or (next(iter(known)) if len(known) == 1 else None)
    if wanted is None:
        raise UserError(f"several candidates: {', '.join(known)}", fix="name the one of the card with --candidate NAME")
    if wanted not in known:
        raise UserError(f"no candidate named '{wanted}'. {suggest(wanted, known)}")
    return known[wanted]
