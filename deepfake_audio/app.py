"""A page and an API that listen to recordings of strangers: `python -m deepfake_audio.app --detector DIR`."""

from __future__ import annotations

import argparse
import sys

from .configs import command_line_errors

HOST, PORT = "127.0.0.1", 7860


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; exit with 2 for bad use."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.app",
        description="Serve a page and an API that say of recordings how likely their voices are fake. Nobody but this "
        "computer can reach it unless --host says so, nothing is fetched from elsewhere, and uploads are deleted.",
    )
    parser.add_argument(
        "--detector",
        metavar="DIR",
        help="detector/ of a run, the run, or a name on the Hugging Face Hub (default: the one in the package)",
    )
    parser.add_argument(
        "--host", default=HOST, help=f"address to listen at (default {HOST}: this computer alone)"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"default {PORT}; 0 takes any that is free")
    parser.add_argument("--max-mb", type=float, default=200, metavar="MB", help="of an upload (default 200)")
    parser.add_argument(
        "--max-minutes", type=float, default=60, metavar="MIN", help="of a recording (default 60)"
    )
    parser.add_argument(
        "--time-limit-seconds",
        type=float,
        default=300,
        metavar="S",
        help="for listening to a recording, and for sending it (default 300)",
    )
    parser.add_argument(
        "--queue",
        type=int,
        default=8,
        metavar="N",
        help="recordings that may wait; more are refused (default 8)",
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        _serve(options)
    return 0


def _serve(options: argparse.Namespace) -> None:
    from .serving.limits import Limits
    from .serving.server import serve
    from .sharing import find_detector

    limits = Limits(options.max_mb, options.max_minutes, options.time_limit_seconds, options.queue)
    serve(find_detector(options.detector), options.host, options.port, limits)


if __name__ == "__main__":
    sys.exit(main())
