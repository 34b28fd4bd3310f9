"""What a reference says of outputs made elsewhere: nothing is kept, and the limits come from the outputs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fteval.records import Sample
from fteval.records.readings import Limits, Reading
from fteval.runs.asking.reference import Answer, Pair, Reader, Reference, settled

OF = "the file's own answers"


@dataclass(frozen=True, slots=True)
class FileReadings:
    """The readings of a file's outputs."""

    reader: Reader
    limits: Limits

    def of(self, sample: Sample, text: str) -> Reading:
        return self.reader.reading(Answer(sample.id, sample.messages, text), self.limits)


def file_readings(
    reference: Reference, outputs: Iterable[tuple[Sample, str]], tell: Callable[[int, int], None]
) -> FileReadings:
    """Has the reference read every output. Raises what its engine raises."""
    answers = [Answer(sample.id, sample.messages, text) for sample, text in outputs]
    reader = Reader(reference)

    def ask(pairs: Iterable[Pair]) -> None:
        wanted, done = reader.missing(pairs), 0
        tell(done, len(wanted))
        for found in reader.ask(wanted):
            done += len(found)
            tell(done, len(wanted))

    ask(pair for answer in answers for pair in answer.pairs)
    return FileReadings(reader, settled(reader, answers, OF, ask, alone=True))
