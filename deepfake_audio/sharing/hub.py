"""The Hugging Face Hub: fetch a detector from it, push one to it; what goes wrong there in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import UserError, named, one_line
from .listing import CONFIG, LARGEST_BYTES, NEEDED, check_harmless, check_listing
from .places import ON_HUB
from .publishing import staged
from .safety import check_folder, check_size

LIBRARY = "deepfake-audio"
# A branch that every repository has.
MAIN = "main"
# How long the hub may take to say what a repository holds.
TIMEOUT_SECONDS = 20
# What a repository is made with, by the hub itself.
HUB_OWN = (".gitattributes",)


def fetch(name: str, revision: str | None = None, token: str | None = None) -> Path:
    """The folder, in the hub's cache, of the detector called `user/name`; checked before anything is built from it.

    Of the repository only a detector's own files are fetched. Without a network it is what was fetched before.
    """
    api = _api(token)
    try:
        with _in_words(name, revision):
            sizes = _listing(api, name, revision)
            check_listing(sizes, f"{name} on the hub")
            files = [_download(api, name, file, revision) for file in LARGEST_BYTES if file in sizes]
    except Unreachable as error:
        files = _cached(api, name, revision, error)
    folders = {file.parent for file in files}
    if len(folders) > 1:
        raise UserError(f"{name} was changed on the hub while it was fetched: try again")
    for file in files:
        check_size(file)
    (folder,) = folders
    check_folder(folder)
    return folder


def push_to_hub(
    source: str | Path,
    repo_id: str,
    private: bool = False,
    token: str | None = None,
    revision: str | None = None,
    license: str | None = None,
    language: list[str] | None = None,
) -> str:
    """Publish the detector of a run (or its folder) as `user/name`; return the address of the commit.

    Only the detector's own files go up, in one commit: weights, config, card and the numbers of validation.

    Args:
        private: for you alone; of a repository that is there already it stays as it is.
        token: which may write; the one that `hf auth login` stored if not given.
        revision: the branch.
        license, language: for the card, see `publish`.
    """
    found = ON_HUB.fullmatch(repo_id)
    if found is None or found.group(2):
        raise UserError(f"{repo_id} is no name on the hub: give user/name")
    api = _api(token)
    with staged(source, repo_id, license, language) as ready:
        from huggingface_hub import CommitOperationAdd, get_token

        if not (token or get_token()):
            raise UserError("publishing takes a token of the hub: run `hf auth login`, or set HF_TOKEN")
        files = [CommitOperationAdd(file.name, str(file)) for file in sorted(ready.iterdir())]
        try:
            with _in_words(repo_id, revision):
                api.create_repo(repo_id, private=private, exist_ok=True)
                _check_ours(_listing(api, repo_id, None), repo_id)
                message = f"Detector made by {LIBRARY} {__version__}"
                done = api.create_commit(repo_id, files, commit_message=message, revision=revision)
        except Unreachable as error:
            raise UserError(
                f"the Hugging Face Hub cannot be reached ({error}): nothing was published"
            ) from None
    return str(done.commit_url)


class Unreachable(Exception):
    """There is no network, or nobody answers."""


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise UserError("names on the hub need huggingface-hub: pip install 'deepfake-audio[hub]'") from None
    return huggingface_hub


def _api(token: str | None) -> Any:
    return _hub().HfApi(token=token, library_name=LIBRARY, library_version=__version__)


def _listing(api: Any, name: str, revision: str | None) -> dict[str, int | None]:
    """Each file of a repository and its size."""
    info = api.model_info(name, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS)
    return {file.rfilename: file.size for file in info.siblings or []}


def _download(api: Any, name: str, file: str, revision: str | None, cached: bool = False) -> Path:
    return Path(api.hf_hub_download(name, file, revision=revision or MAIN, local_files_only=cached))


def _check_ours(sizes: dict[str, int | None], name: str) -> None:
    """Raise rather than mix a detector with another model's files."""
    there = [file for file in sizes if file not in HUB_OWN]
    if there and CONFIG not in there and not set(there) <= set(LARGEST_BYTES):
        raise UserError(f"{name} holds something else on the hub ({named(there)}): give another name")
    check_harmless(sizes, f"{name} on the hub")


def _cached(api: Any, name: str, revision: str | None, error: Unreachable) -> list[Path]:
    """What was fetched of it before."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    files = []
    for file in LARGEST_BYTES:
        try:
            files.append(_download(api, name, file, revision, cached=True))
        except LocalEntryNotFoundError:
            if file in NEEDED:
                raise UserError(
                    f"{name}: there is no such folder here, and the Hugging Face Hub cannot be reached ({error}); it "
                    "was not fetched before either"
                ) from None
    return files


@contextmanager
def _in_words(name: str, revision: str | None) -> Iterator[None]:
    """What the hub's client raises, as one line; `Unreachable` where nobody answered."""
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise Unreachable("HF_HUB_OFFLINE is set") from None
    except errors.GatedRepoError:
        raise UserError(
            f"{name} is gated: ask for access on its page of the hub, then run `hf auth login` or set HF_TOKEN"
        ) from None
    except errors.RevisionNotFoundError:
        raise UserError(f"{name} has no revision {revision} on the hub") from None
    except errors.RepositoryNotFoundError:
        raise UserError(
            f"{name}: there is no such folder here, and no such model on the hub, or it is private: then run "
            "`hf auth login` or set HF_TOKEN"
        ) from None
    except errors.HFValidationError as error:
        raise UserError(f"{name} is no name on the hub: {one_line(error)}") from None
    except errors.HfHubHTTPError as error:
        raise _refused(error, name) from None
    except UserError:
        raise
    except Exception as error:
        # The hub's client hands its HTTP library's errors on, and which library that is changes.
        if not type(error).__module__.startswith(("httpx", "httpcore", "requests", "urllib3")):
            raise
        raise Unreachable(one_line(error) or type(error).__name__) from None


def _refused(error: Any, name: str) -> Exception:
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return UserError(
            f"the hub does not let you at {name} ({status}): the token lacks the right, or is no longer valid; run "
            "`hf auth login` with one that has it"
        )
    if status is not None and status >= 500:
        return Unreachable(f"it answered {status}")
    return UserError(f"the hub refused {name}: {one_line(error)[:300]}")
