"""What the monkey does: keys, words, pastes, the mouse, resizes, signals and damaged sequences."""

from collections.abc import Callable
from itertools import chain
from random import Random

from tests.monkey.profiles import Profile
from tests.monkey.steps import REST, Step, send, wait
from tests.ui.office import PASSWORD

_LETTERS = "cmrtyfhHsSvaiu/?AqjkgGn "
_NAMED_KEYS = [
    *("\r", "\t", "\x1b", "\x7f", "\x1b[Z", "\x1b[3~", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~"),
    *("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1bOP", "\x1b[12~", "\x1b[17~", "\x1b[18~"),
    *("\x1b[19~", "\x1b[20~", "\x1b[21~", "\x1b[24~", "\x1b[27u", "\x1b[97;5u", "\x1b[13;2u"),
    *(chr(number) for number in (1, 2, 5, 6, 11, 12, 14, 16, 17, 18, 19, 20, 21, 23, 24, 26)),
]
_WORDS = [
    *("deploy", "backup", "ci", "a", "report", "2026-12-31", "9999-12-31", "2026-02-30", "90d"),
    *("192.0.2.0/24", "::/0", "東京", "é\u0301", "\u202e", "x" * 300, "revoke", "rotate", "quit"),
    *("theme", "screenshot", "3", "12", "y", "n", "ann", "bob", PASSWORD, "wrong password"),
]
_NOISE = [
    *("\x1b[?62;22c", "\x1b[>1;10;0c", "\x1b[8;24;80t", "\x1b[?2048;2$y", "\x1b[48;24;80;0;0t"),
    *("\x1b[97;1:3u", "\x1b[1;1:3A", "\x1b[1114112u", "\x1b[55296u", "\x1b[99999999u", "\x1b[u"),
    *("\x1b]11;rgb:0/0/0\x07", "\x1bP1+r61=62\x1b\\", "\x1b]52;c;", "\x1b[200~", "\x1b[201~"),
    *("\x1b[I", "\x1b[O", "\x1b[M !!", "\x1b[<0;0;0M", "\x1b[<0;9999;9999M", "\x1b[<999;1;1m"),
    *("\x1b[", "\x1bO", "\x1b\x1b", "\x1b[1;", "\x1b[<", "\x00", "\x9b", "\x1b[27;5;13~", "\x1b[R"),
]
_SIGNALS = ["SIGCONT", "SIGTSTP", "SIGWINCH", "SIGCONT"]
_ENDINGS = [Step("signal", name) for name in ("SIGTERM", "SIGHUP", "SIGINT")] + [Step("hang-up")]
# Keys that belong together: each text is sent at once, and seen before the next.
_WALKS = [
    ("c", "release", "\x13", "\x1b[Z", "\r"),
    ("c", "probe", "\t", "2026-12-31", "\x1b[20~", "\x13", "\x13", "w", "\r", "\x1b[Z", "\r"),
    ("r", "\t", "\r"),
    ("r", "\x1b[C", "\r"),
    ("r", "y"),
    (" ", "j", "v", "r", "\t", "\r"),
    ("a", "r", "12", "\r", "\t", "\r"),
    ("m", "\t", "other", "\r", "\x1b", "u", "u"),
    ("m", "\x1bOQ", "third", "\r", "\x1b"),
    ("m", "\x12", "\t", "\r"),
    ("m", "\x14", "\x13", "\x1b[Z", "\r", "\x1b"),
    ("m", "\x1b[17~", "\x1b", "\x1b[20~", "\t", " ", "\x13"),
    ("t", "\x13", "c", "\x1b[Z", "\r"),
    ("t", "k", "k", "\x13", "\x1b[Z", "\r"),
    ("t", "\r", "\r", "\x1b[Z", "\r"),
    ("\x10", "revoke", "\r", "\t", "\r"),
    ("\x10", "theme ", "\x1b[B", "\r"),
    ("\x10", "rotate d", "\x1b[B", "\r", "\x13"),
    ("y", "tt_nothing", "\x13", "\x1b"),
    ("f", "j", "j", "j", "j", "\r", "\x1b"),
    ("/", "dep", "\r", "\x1b"),
    ("H", "rename", "\x1b[B", "\x1b"),
    ("ann", "\t", PASSWORD, "\r"),
    ("bob", "\t", PASSWORD, "\r"),
    ("\x0c", PASSWORD, "\r"),
]

Action = Callable[[Random, Profile], list[Step]]


def _one_key(rng: Random) -> str:
    return rng.choice(_LETTERS) if rng.random() < 0.5 else rng.choice(_NAMED_KEYS)


def _key(rng: Random, profile: Profile) -> list[Step]:
    return [send(rng.choice(profile.keys) if profile.keys else _one_key(rng))]


def _word(rng: Random, profile: Profile) -> list[Step]:
    return [send(character) for character in rng.choice(_WORDS)[:20]]


def _burst(rng: Random, profile: Profile) -> list[Step]:
    """Return keys that a line which had stalled delivers together."""
    return [send("".join(_one_key(rng) for _ in range(rng.randint(2, 6))))]


def _paste(rng: Random, profile: Profile) -> list[Step]:
    words = rng.choices(_WORDS, k=rng.randint(1, 4))
    text = rng.choice("\t\r\n ").join(words) + rng.choice(["", "\r", "\t\r"])
    return [send(f"\x1b[200~{text}\x1b[201~" if rng.random() < 0.5 else text)]


def _mouse(rng: Random, profile: Profile) -> list[Step]:
    columns, rows = rng.choice(profile.sizes)
    # The keys at the bottom and the buttons above them are worth more than the rest.
    row = rng.choice([rng.randint(1, rows), rows, rows - rng.randint(0, 6)])
    place = f"{rng.randint(1, columns)};{max(1, row)}"
    click = f"\x1b[<0;{place}M\x1b[<0;{place}m"
    wheel, moved = f"\x1b[<{rng.choice([64, 65])};{place}M", f"\x1b[<35;{place}M"
    drag = f"\x1b[<0;{place}M\x1b[<32;{rng.randint(1, columns)};1M\x1b[<0;1;1m"
    return [send(rng.choice([click, click, click * 2, click * 3, wheel * 5, moved, drag]))]


def _click_in_palette(rng: Random, profile: Profile) -> list[Step]:
    return [send("\x10"), REST, *_mouse(rng, profile)]


def _resize(rng: Random, profile: Profile) -> list[Step]:
    columns, rows = rng.choice(profile.sizes)
    return [Step("resize", f"{columns}x{rows}")]


def _noise(rng: Random, profile: Profile) -> list[Step]:
    chosen = rng.random()
    if chosen < 0.6:
        return [send(rng.choice(_NOISE))]
    if chosen < 0.8:
        return [Step("send", rng.randbytes(rng.randint(1, 12)).decode("latin-1"))]
    # A sequence that a slow line splits.
    return list(chain.from_iterable((send(each), wait(0.05)) for each in rng.choice(_NAMED_KEYS)))


def _signal(rng: Random, profile: Profile) -> list[Step]:
    return [Step("signal", rng.choice(_SIGNALS))]


def _end(rng: Random, profile: Profile) -> list[Step]:
    return [rng.choice(_ENDINGS)]


def _outside(rng: Random, profile: Profile) -> list[Step]:
    return [Step("outside", rng.choice(profile.outside))] if profile.outside else []


def _walk(rng: Random, profile: Profile) -> list[Step]:
    """Return a way through the app: as a person goes it, or in a hurry, or not to its end."""
    keys = list(rng.choice(profile.walks or _WALKS))
    hurry = rng.choice([0.0, 0.0, 0.3, 1.0])
    if rng.random() < 0.3:
        keys.insert(rng.randint(1, len(keys)), "\x1b")
    found, together = [], ""
    for key in keys:
        together += key
        if rng.random() < hurry / 2:
            continue
        found += [send(together), wait(rng.choice([0.02, 0.15])) if rng.random() < hurry else REST]
        together = ""
    return [*found, send(together)] if together else found


_ACTIONS: list[tuple[Action, int]] = [
    (_key, 36),
    (_walk, 24),
    (_word, 5),
    (_burst, 8),
    (_paste, 5),
    (_mouse, 10),
    (_click_in_palette, 2),
    (_resize, 4),
    (_noise, 6),
    (_signal, 1),
    (_end, 1),
    (_outside, 8),
]


def steps(seed: int, profile: Profile, actions: int) -> list[Step]:
    """Return what the monkey does, always the same for the same arguments."""
    rng = Random(f"{profile.name} {seed}")
    found = []
    kinds, weights = zip(*_ACTIONS, strict=True)
    for action in rng.choices(kinds, weights, k=actions):
        found += action(rng, profile)
        pause = rng.random()
        if pause < 0.5:
            found.append(REST)
        elif pause < 0.7:
            found.append(wait(rng.uniform(0.01, 0.3)))
    return found
