"""Whether what a model wrote is what the sentences it cites say: pure.

A sentence must pass every check; each has a name, so that logs and tests can tell why it fell. The measures come from
outside (faq.queries.support), because they need languages, vectors and lexicons; what they must reach is decided here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faq.composition.prompting import Numbered

OWN_FLOOR = 0.5
"""Share of a sentence's meaning that the cited sentences must say, in the same language."""
OTHER_FLOOR = 0.33
"""The same plus half the likeness, across languages, where words never all meet."""
LIKENESS_SHARE = 0.5
MAX_CITED = 4
"""A sentence that cites more rests on nothing in particular."""


@dataclass(frozen=True, slots=True)
class Support:
    """What was found about a sentence. `numbers`: every number, month and day is one of the cited sentences'; `names`:
    so is every name; `addresses`: so is every web or e-mail address, telephone number, placeholder; `affirms`: it denies
    only where they deny; `spoken`: it is in the reader's language; `covered`: the share of its meaning that they say, and
    `likeness` to them, from 0 to 1. `own`: compared in its own language."""

    numbers: bool
    names: bool
    addresses: bool
    affirms: bool
    spoken: bool
    covered: float
    likeness: float
    own: bool

    @property
    def verdict(self) -> str:
        """The name of the first failed check, or "" when the sentence may be shown."""
        checks = {
            "addresses": self.addresses,
            "numbers": self.numbers,
            "names": self.names,
            "negation": self.affirms,
            "language": self.spoken,
            "support": self.enough,
        }
        return next((name for name, passed in checks.items() if not passed), "")

    @property
    def enough(self) -> bool:
        if self.own:
            return self.covered >= OWN_FLOOR
        return self.covered + LIKENESS_SHARE * self.likeness >= OTHER_FLOOR


Judge = Callable[[str, Sequence[Numbered]], Support]
"""(sentence in the reader's language, what it cites) -> what supports it."""
