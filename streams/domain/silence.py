"""What a decider looked at when it found nothing to say: while it would see the same, it still has nothing to say.

Most reports move a figure that no duty and no rule asks about. A decider that is called for each of them puts together
everything on which its silence rests (values, entities, revisions of what it goes through; the law itself) and is
silent at once where all of that is as it was. Forgetting is harmless, leaving something out is not.
"""

from typing import Any, ClassVar

from streams.domain.state import AreaState, Entity

_NAME = "silence"
REMEMBERED = 16_384
"""Size at which the memory starts anew."""


class _Silence(dict[tuple[str, str], tuple[Any, ...]]):
    """By decider and incident: what it looked at."""

    follows: ClassVar[tuple[str, ...]] = ()

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """Follows nothing: what changed is seen by looking."""


def silent(state: AreaState, decider: str, incident: str, seen: tuple[Any, ...]) -> bool:
    """Whether the decider found nothing to say when it last looked, and would see the same now."""
    memory: _Silence | None = state.derived.get(_NAME)
    return memory is not None and memory.get((decider, incident)) == seen


def keep_silence(state: AreaState, decider: str, incident: str, seen: tuple[Any, ...]) -> None:
    """Remember that there was nothing to say."""
    memory: _Silence | None = state.derived.get(_NAME)
    if memory is None:
        memory = state.derived[_NAME] = _Silence()
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[decider, incident] = seen
