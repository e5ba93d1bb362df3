"""The long run: all profiles in turn, with times, idle CPU and memory."""

import argparse
import signal
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from tests.monkey.health import Health
from tests.monkey.hunt import Finding, Hunt
from tests.monkey.profiles import PROFILES
from tests.monkey.session import play
from tests.monkey.steps import from_json, to_json


def main() -> int:
    """Play until the time is over, or replay one log; return 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--profile", action="append", choices=PROFILES, help="may be repeated")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--actions", type=int, default=120, help="in each run")
    parser.add_argument(
        "--budget", type=int, default=150, help="replays that are spent on shrinking a finding"
    )
    parser.add_argument("--no-times", action="store_true", help="on a machine that is busy")
    parser.add_argument("--replay", type=Path, help="a log, for the one --profile")
    parser.add_argument("--keep", type=Path, default=Path("findings"), help="folder for logs")
    options = parser.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    # nohup would have the app ignore the end of its terminal.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    names = options.profile or list(PROFILES)
    if options.replay:
        fault = play(PROFILES[names[0]], from_json(options.replay.read_text()))
        print(fault or "Nothing is wrong.")
        return int(fault is not None)
    return _hunt(names, options)


def _hunt(names: list[str], options: argparse.Namespace) -> int:
    worst = {name: Health(PROFILES[name]) for name in names}
    runs: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    certain = 0
    until = time.monotonic() + options.minutes * 60
    for seed, name in ((seed, name) for seed in count(options.seed) for name in names):
        if time.monotonic() > until:
            break
        health = Health(PROFILES[name])
        hunt = Hunt(PROFILES[name], None if options.no_times else health, options.budget)
        finding = hunt.run(seed, options.actions)
        runs[name] += 1
        sent[name] += sum(step.kind == "send" for step in hunt.log)
        worst[name].merge(health)
        print(f"{name}, seed {seed}: {finding.fault if finding else 'all holds'}", flush=True)
        if finding is not None:
            finding = hunt.confirm(finding)
            certain += finding.certain
            _keep(finding, options.keep)
    for name in names:
        print(f"{name}: {runs[name]} runs, {sent[name]} writes, {worst[name]}")
    return int(certain > 0)


def _keep(finding: Finding, folder: Path) -> None:
    print(finding, flush=True)
    folder.mkdir(exist_ok=True)
    name = f"{finding.profile.name}-{finding.seed}.json".replace(" ", "-")
    (folder / name).write_text(to_json(finding.log))


if __name__ == "__main__":
    sys.exit(main())
