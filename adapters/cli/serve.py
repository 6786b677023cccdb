"""`bascule serve`: decide over HTTP with the policy that a store holds."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from adapters.cli import terminal
from adapters.cli.at_store import FILE, cannot_read, store_option, trust_of, trust_options
from adapters.cli.failures import Unusable
from adapters.cli.opening import DEFAULT_FOLDER
from adapters.cli.publish import candidate_of, symbols_of
from adapters.cli.terminal import examples, printable

EXAMPLES = examples(
    "bascule serve --store redis://localhost --trust trust.yaml --decision-log decisions",
    "bascule serve --store redis://host --trust trust.yaml --tokens tokens.yaml --host 0.0.0.0 --workers 4",
    "bascule serve --store redis://host --trust trust.yaml --decision-log decisions --log-sync",
    "bascule serve --store embedded: --policies policies --universe BTCUSDT    to try it here",
)
LOCAL = "127.0.0.1"


def _mebibytes(_: click.Context, __: click.Parameter, value: int) -> int:
    return value * 1024 * 1024


def _kibibytes(_: click.Context, __: click.Parameter, value: int) -> int:
    return value * 1024


@click.command(epilog=EXAMPLES, short_help="Decide over HTTP.")
@store_option
@trust_options
@click.option("--host", default=LOCAL, show_default=True, help="Where to listen; elsewhere than here wants tokens.")
@click.option(
    "--port", default=8181, show_default=True, type=click.IntRange(0, 65535), help="0 lets the system choose."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--tokens", metavar="FILE", type=FILE, help="Who may ask for what; entries come from `bascule token`.")
@click.option("--tls-cert", "certificate", metavar="FILE", type=FILE, help="The certificate to answer with.")
@click.option("--tls-key", "key", metavar="FILE", type=FILE, help="Its private key.")
@click.option("--decision-log", metavar="DIR", type=FILE, help="Keep every decision here, with its inputs.")
@click.option("--log-sync", is_flag=True, help="Answer an allow only when it is on the disk.")
@click.option("--log-limit", default=64, show_default=True, type=click.IntRange(1, 4096), callback=_mebibytes,
              help="MiB that may wait to be written.")  # fmt: skip
@click.option("--state", metavar="DIR", type=FILE, help="Where it remembers what it has obeyed; else ~/.local/state.")
@click.option("--max-age", "max_age_s", default=1.0, show_default=True, type=click.FloatRange(0.05, 3600.0),
              help="Seconds after which a policy that was not read again decides no more.")  # fmt: skip
@click.option("--store-timeout", "patience_s", default=0.5, show_default=True, type=click.FloatRange(0.01, 60.0),
              help="Seconds that the store may take to answer.")  # fmt: skip
@click.option("--max-body", "body", default=1024, show_default=True, type=click.IntRange(1, 65536),
              callback=_kibibytes, help="KiB of a request's body.")  # fmt: skip
@click.option("--max-connections", "connections", default=1000, show_default=True, type=click.IntRange(1, 1_000_000),
              help="Of a worker; fewer where its limit of open files is lower.")  # fmt: skip
@click.option("--policies", "folder", metavar="DIR", type=FILE, help="Published at the start; with `embedded:` alone.")
@click.option("--universe", metavar="A,B,C", help="The symbols that may be traded; with `embedded:` alone.")
def serve(url: str | None, trust_file: Path | None, unsigned: bool, **said: Any) -> int:
    """Answer over HTTP with the decisions of the policy in force at a store, until asked to end (Ctrl-C, SIGTERM).

    The policy is followed: what is published is obeyed within a second. Where the store is gone, or what it holds is
    stale, wrong, unsigned or older than what was seen before, nothing opens, and exits pass. `/readyz` says why.
    """
    from adapters.service import running
    from adapters.service.auth import NoTokens
    from adapters.service.embedded import embedded
    from adapters.service.memory import Forgotten
    from engine.store import StoreUnavailable

    if not url:
        raise Unusable(
            "which store? Give `--store URL`, as redis://host, or set BASCULE_STORE; `embedded:` is one to try"
        )
    own = url == "embedded:"
    folder, universe = said.pop("folder"), said.pop("universe")
    if (folder is not None or universe is not None) and not own:
        raise Unusable("`--policies` and `--universe` are for `--store embedded:`; elsewhere use `bascule publish`")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    def listening(address: str) -> None:
        terminal.note(f"listening on {address}")

    trust = trust_of(None, unsigned=True) if own and trust_file is None else trust_of(trust_file, unsigned)
    max_age = said["max_age_s"]
    pace = {"every_s": min(0.1, max_age / 10), "patience_s": min(said.pop("patience_s"), max_age / 2)}
    options = running.Options(store=url, trust=trust, **said, **pace)
    try:
        if own:
            symbols = None if universe is None else symbols_of(universe)
            embedded(options, candidate_of(folder or Path(DEFAULT_FOLDER)), symbols, listening)
        else:
            running.start(options, listening)
    except (running.Misconfigured, NoTokens, Forgotten, StoreUnavailable) as fault:
        raise Unusable(printable(fault)) from None
    except OSError as error:
        if error.filename:
            raise cannot_read(Path(error.filename), error) from None
        raise _cannot_listen(f"{said['host']}:{said['port']}", error) from None
    return 0


def _cannot_listen(where: str, error: OSError) -> Unusable:
    return Unusable(f"cannot listen on {where}: {(error.strerror or str(error)).lower()}")
