"""A small hub: as much of the Hugging Face Hub's protocol as its own client needs to fetch a model and to push one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

TOKEN = "hf_right"  # what may read everything and write
NAME = r"(?P<name>[\w.-]+/[\w.-]+)"


@dataclass
class Repository:
    """Its commits, oldest first: each the whole content, name -> bytes."""

    commits: list[dict[str, bytes]] = field(default_factory=lambda: [{}])
    tags: dict[str, int] = field(default_factory=dict)
    private: bool = False
    gated: bool = False

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit and content of a branch, a tag or a commit."""
        shas = [self.sha(number) for number in range(len(self.commits))]
        if revision in shas:
            return revision, self.commits[shas.index(revision)]
        number = len(self.commits) - 1 if revision == "main" else self.tags.get(revision)
        return None if number is None else (shas[number], self.commits[number])

    def sha(self, number: int) -> str:
        content = {name: hashlib.sha1(data).hexdigest() for name, data in self.commits[number].items()}
        return hashlib.sha1(f"{number}{content}".encode()).hexdigest()


class Hub:
    """The repositories, what was sent to its large-file store, and every request as `METHOD path`."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def running() -> Iterator[Hub]:
    """A hub on a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *told: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(f"{self.command} {path}")
        if found := re.fullmatch(rf"/api/models/{NAME}(?:/revision/(?P<revision>.+))?", path):
            self._tell_model(found["name"], found["revision"] or "main")
        elif found := re.fullmatch(rf"/{NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", path):
            self._give_file(found["name"], found["revision"], found["file"])
        else:
            self._refuse(404, "")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif not self._may_write():
            self._refuse(401, "")
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif re.fullmatch(rf"/api/models/{NAME}/preupload/.+", path):
            self._answer({"files": [self._manner(file["path"]) for file in json.loads(body)["files"]]})
        elif re.fullmatch(rf"/{NAME}\.git/info/lfs/objects/batch", path):
            self._answer(
                {"transfer": "basic", "objects": [self._place(each) for each in json.loads(body)["objects"]]}
            )
        elif found := re.fullmatch(rf"/api/models/{NAME}/commit/.+", path):
            self._commit(found["name"], [json.loads(line) for line in body.splitlines()])
        else:
            self._refuse(404, "")

    def do_PUT(self) -> None:
        self.hub.asked.append(f"PUT {self.path}")
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.hub.large[hashlib.sha256(content).hexdigest()] = content
        self._answer({})

    def _may_write(self) -> bool:
        return bool(self.headers.get("Authorization") == f"Bearer {TOKEN}")

    def _at(self, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit and content, or None once it was refused."""
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self._may_write()):
            self._refuse(404 if self._may_write() else 401, "RepoNotFound")
        elif repository.gated and not self._may_write():
            self._refuse(403, "GatedRepo")
        elif (found := repository.at(revision)) is None:
            self._refuse(404, "RevisionNotFound")
        else:
            return found
        return None

    def _tell_model(self, name: str, revision: str) -> None:
        if found := self._at(name, revision):
            files = [{"rfilename": file, "size": len(data)} for file, data in found[1].items()]
            self._answer({"id": name, "sha": found[0], "siblings": files, "tags": [], "private": False})

    def _give_file(self, name: str, revision: str, file: str) -> None:
        found = self._at(name, revision)
        if found is None:
            return
        commit, content = found
        if file not in content:
            self._refuse(404, "EntryNotFound")
            return
        tag = hashlib.sha256(content[file]).hexdigest()
        self._send(200, content[file], {"ETag": f'"{tag}"', "X-Repo-Commit": commit})

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        there = name in self.hub.repositories
        private = asked.get("private") or asked.get("visibility") == "private"
        self.hub.repositories.setdefault(name, Repository(private=bool(private)))
        self._answer({"url": f"{self.hub.url}/{name}", "name": name}, 409 if there else 200)

    def _manner(self, path: str) -> dict[str, Any]:
        mode = "lfs" if path.endswith(".safetensors") else "regular"
        return {"path": path, "uploadMode": mode, "shouldIgnore": False}

    def _place(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {**asked, "actions": {"upload": {"href": f"{self.hub.url}/large/{asked['oid']}"}}}

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        repository = self.hub.repositories[name]
        content = dict(repository.commits[-1])
        for line in lines:
            told = line["value"]
            if line["key"] == "file":
                content[told["path"]] = base64.b64decode(told["content"])
            elif line["key"] == "lfsFile":
                content[told["path"]] = self.hub.large[told["oid"]]
        repository.commits.append(content)
        sha = repository.sha(len(repository.commits) - 1)
        self._answer(
            {"commitUrl": f"{self.hub.url}/{name}/commit/{sha}", "commitOid": sha, "pullRequestUrl": None}
        )

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code} if code else {})

    def _answer(self, told: Any, status: int = 200) -> None:
        self._send(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
