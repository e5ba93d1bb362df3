"""The guard sees what a screen asks in the event loop, and nothing else."""

import asyncio
from pathlib import Path

import tokentui.ui
from tokentui.core.commands import TokenCommands

_OF_A_SCREEN = compile(
    "def ask(store): return store.version()",
    str(Path(tokentui.ui.__file__).with_name("made_up.py")),
    "exec",
)


async def test_a_screen_that_asks_in_the_loop_is_seen(
    service: TokenCommands, calls_of_screens: list[str]
) -> None:
    screen: dict[str, object] = {}
    exec(_OF_A_SCREEN, screen)
    await asyncio.to_thread(screen["ask"], service.backend.tokens)  # type: ignore[arg-type]
    service.backend.tokens.version()
    assert calls_of_screens == [], "a thread, or a test, may ask"
    screen["ask"](service.backend.tokens)  # type: ignore[operator]
    assert [call.split()[-1] for call in calls_of_screens] == ["/made_up.py:1"]
    calls_of_screens.clear()
