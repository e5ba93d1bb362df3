"""What a URL of a store says by itself, before anything is opened."""


def is_database(url: str) -> bool:
    """Say whether `url` is that of a database, rather than a file."""
    return url.startswith(("postgresql:", "postgres:"))


def short_name(url: str) -> str:
    """Shorten the URL of a database to what tells it from others.

    Args:
        url: A URI as libpq reads it.

    Returns:
        The service that it names, or else the database, and the host if there is one.
    """
    rest, _, options = url.partition(":")[2].partition("?")
    for name, _, value in (option.partition("=") for option in options.split("&")):
        if name == "service":
            return value
    host, _, database = rest.removeprefix("//").partition("/")
    return f"{database} at {host.rpartition('@')[2]}" if host else database
