"""The server by real clients: answers as `predict` does, keeps to its limits, and gives nothing else away."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from deepfake_audio.detector import load_detector
from scripts.fuzzing.mutations import damage

from .served import RATE, Served, serving, speech

pytest.importorskip("gradio", reason="needs the extra `app`")

MAX_MB = 1


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = ("--max-mb", str(MAX_MB), "--max-minutes", "0.5", "--time-limit-seconds", "30", "--queue", "2")
    with serving(tmp_path_factory.mktemp("served"), *limits) as server:
        yield server


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech(tmp_path_factory.mktemp("recording") / "interview.wav")


def ask(served: Served, content: bytes, name: str = "a.wav") -> httpx.Response:
    return httpx.post(f"{served.url}/v1/verdict", files={"file": (name, content)}, timeout=60)


def test_it_answers_as_predict_does(served: Served, recording: Path) -> None:
    answer = ask(served, recording.read_bytes(), "interview.wav")
    expected = load_detector(served.detector).predict(recording).to_dict() | {"file": "interview.wav"}
    assert answer.status_code == 200
    told = answer.json()
    assert told.keys() == expected.keys()
    for key in ("p_fake", "threshold", "logit", "margin"):
        assert told.pop(key) == pytest.approx(expected.pop(key), abs=1e-6)
    assert [w["start_seconds"] for w in told.pop("windows")] == [0, 1, 1.5]
    del expected["windows"], told["segments"], expected["segments"]
    assert told == json.loads(json.dumps(expected))
    assert served.left() == []


def test_the_schema_says_what_is_answered(served: Served, recording: Path) -> None:
    schema = httpx.get(f"{served.url}/openapi.json").json()
    assert set(schema["paths"]) == {"/v1/verdict", "/v1/detector", "/v1/health"}
    for path, name, answer in (
        ("/v1/verdict", "VerdictAnswer", ask(served, recording.read_bytes()).json()),
        ("/v1/detector", "DetectorAnswer", httpx.get(f"{served.url}/v1/detector").json()),
        ("/v1/health", "HealthAnswer", httpx.get(f"{served.url}/v1/health").json()),
    ):
        assert path in schema["paths"]
        assert set(schema["components"]["schemas"][name]["properties"]) == set(answer)


def test_it_says_who_answers(served: Served) -> None:
    told = httpx.get(f"{served.url}/v1/detector").json()
    assert told["threshold"]["threshold"] == 0.3
    assert "It knows nothing." in told["card"]
    assert told["limits"] == {"max_mb": 1, "max_minutes": 0.5, "time_limit_seconds": 30, "queue": 2}
    assert httpx.get(f"{served.url}/v1/health").json() == {"status": "ok", "waiting": 0}


def test_curl(served: Served, recording: Path) -> None:
    command = ["curl", "-sS", "--max-time", "60", "-F", f"file=@{recording}", f"{served.url}/v1/verdict"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("no curl")
    assert json.loads(done.stdout)["file"] == "interview.wav"


def test_gradios_client(served: Served, recording: Path) -> None:
    from gradio_client import Client, handle_file

    client = Client(served.url, verbose=False, analytics_enabled=False)
    answer = client.predict(handle_file(str(recording)), api_name="/verdict")
    expected = ask(served, recording.read_bytes(), "interview.wav").json()
    assert answer == expected
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/verdict"]
    client.close()
    assert served.left() == []


def called(served: Served, data: Any) -> str:
    """What Gradio's own endpoint says to some input, as the stream of its events."""
    url = f"{served.url}/gradio_api/call/verdict"
    event = httpx.post(url, json={"data": [data]}).json()["event_id"]
    return httpx.get(f"{url}/{event}", timeout=30).text


def file_data(path: str, **more: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def test_no_client_can_name_a_file_of_the_server(served: Served, recording: Path) -> None:
    """Gradio alone would take any of them, where it is mounted as it is here."""
    around = next(served.temporary.glob("*/page")) / ".." / ".." / ".." / ".." / "recording0" / recording.name
    for path in (
        str(recording),
        str(around),
        "/etc/passwd",
        "../../../../etc/passwd",
        f"file://{recording}",
        "",
    ):
        for data in (file_data(path), {"path": path}, [file_data(path)]):
            said = called(served, data)
            assert "event: error" in said
            assert "p_fake" not in said
    assert recording.is_file()
    assert served.left() == []


def test_no_client_can_send_the_server_to_an_address(served: Served) -> None:
    asked: list[str] = []

    class Trap(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Trap) as trap:
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{trap.server_port}/a.wav"
        for data in (
            file_data(address),
            file_data(address, url=address),
            file_data("/nowhere/a", url=address),
        ):
            assert "event: error" in called(served, data)
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n"
        for name in ("a.mp4", "a.m3u8", "a"):
            assert ask(served, playlist.encode(), name).status_code == 422
        trap.shutdown()
    assert asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://127.0.0.1:1/",
        "/docs", "/redoc", "/monitoring", "/gradio_api/openapi.json", "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/requirements.txt", "/gradio_api/dev/reload", "/nothing",
    ],
)  # fmt: skip
def test_what_nobody_needs_is_not_there(served: Served, path: str) -> None:
    # As it stands: a client that tidies the path up first would hide what is tried.
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert int(raw.makefile("rb").readline().split()[1]) in (403, 404)


@pytest.mark.parametrize(
    "path", ["/gradio_api/run/verdict", "/gradio_api/component_server", "/v1/health", "/"]
)
def test_no_orders_but_those_that_are_for_clients(served: Served, path: str) -> None:
    assert httpx.post(f"{served.url}{path}", json={}).status_code in (404, 405)
    assert httpx.request("PUT", f"{served.url}{path}").status_code in (404, 405)


@pytest.mark.parametrize("path", ["/v1/verdict", "/gradio_api/upload"])
def test_too_many_bytes_are_stopped_while_they_come(served: Served, path: str) -> None:
    """Without a length told beforehand, the server must count; it hears only a little of an endless upload."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        while sent < 400e6:
            sent += 100_000
            yield bytes(100_000)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        answer = httpx.post(f"{served.url}{path}", content=endless(), headers=headers, timeout=30)
        assert answer.status_code == 413
        assert answer.json()["error"] == "more than 1 MB are not taken"
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # it hung up before all was sent, as it should
    # What the system holds between the two ends comes on top of the megabyte.
    assert sent < 50e6


def test_a_length_that_is_told_is_refused_at_once(served: Served) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "99000000"}
    with httpx.Client() as client:
        request = client.build_request("POST", f"{served.url}/v1/verdict", headers=headers, content=b"--b")
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            head = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
            raw.sendall(f"POST /v1/verdict HTTP/1.1\r\n{head}\r\n".encode())
            assert b" 413 " in raw.recv(100)


def test_too_long_too_short_and_no_recording(served: Served, tmp_path: Path) -> None:
    long = tmp_path / "long.ogg"
    soundfile.write(long, 0.1 * np.sin(np.arange(31 * RATE)), RATE, format="OGG", subtype="VORBIS")
    cases = {
        413: (long.read_bytes(), "longer than 0.5 minutes"),
        422: (speech(tmp_path / "short.wav", 0.3).read_bytes(), "at least 0.5 s"),
    }
    for status, (content, words) in cases.items():
        answer = ask(served, content)
        assert answer.status_code == status
        assert words in answer.json()["error"]
    for content in (b"", b"no recording", bytes(5000)):
        answer = ask(served, content)
        assert answer.status_code == 422
        assert str(served.temporary) not in answer.text
    for form in ({"other": b"x"}, {"file": "text"}):
        assert httpx.post(f"{served.url}/v1/verdict", data=form).status_code == 400
    assert served.left() == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "audio/wav", None])
def test_a_recording_that_is_no_form_is_told_how_to_come(
    served: Served, recording: Path, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = httpx.post(f"{served.url}/v1/verdict", content=recording.read_bytes(), headers=headers)
    assert answer.status_code == 400
    assert "as the field `file` of a form" in answer.json()["error"]


def test_nobody_is_told_of_who_hangs_up(served: Served) -> None:
    """A log that strangers can fill with tracebacks is of no use."""
    host, port = served.url.removeprefix("http://").split(":")
    for path in ("/v1/verdict", "/gradio_api/upload"):
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            head = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000"
            part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nxxxx'
            raw.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n{part}".encode())
    assert httpx.get(f"{served.url}/v1/health").json()["status"] == "ok"
    assert served.left() == []
    assert "Traceback" not in (served.temporary.parent / "log").read_text()


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)],  # another server has to start
)
def test_it_leaves_nothing_behind_when_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as stopped:
        sent = {"files": ("a.wav", speech(tmp_path / "a.wav").read_bytes())}
        assert httpx.post(f"{stopped.url}/gradio_api/upload", files=sent, timeout=60).status_code == 200
        assert [file.name for file in stopped.kept()] == ["a.wav"]
        stopped.process.send_signal(number)
        assert stopped.process.wait(60) == (0 if number == signal.SIGTERM else 130)
        assert list(stopped.temporary.iterdir()) == []
        assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("name", ["../../../etc/x.wav", "C:\\secret\\x.wav", "/x.wav", "a\x00/x.wav"])
def test_names_lead_nowhere(served: Served, recording: Path, name: str) -> None:
    before = set(served.temporary.parent.iterdir())
    answer = ask(served, recording.read_bytes(), name)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert "/" not in answer.json()["file"] and "\\" not in answer.json()["file"]
    assert set(served.temporary.parent.iterdir()) == before


def test_the_page_keeps_to_itself(served: Served) -> None:
    answer = httpx.get(served.url)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_files_cost_nothing_but_their_own_answer(
    served: Served, recording: Path, tmp_path: Path, count: int
) -> None:
    """A thousand take minutes; forty show that all kinds go through."""
    from imageio_ffmpeg import get_ffmpeg_exe

    sources = []
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a", "a.mp4"):
        picture = ["-f", "lavfi", "-i", "color=s=32x32:d=2"] if name == "a.mp4" else []
        command = [get_ffmpeg_exe(), "-v", "error", "-i", str(recording), *picture, "-shortest"]
        subprocess.run([*command, str(tmp_path / name)], check=True, timeout=60)
        sources.append((tmp_path / name).read_bytes())
    statuses = []
    for number in range(count):
        damaged = damage(sources[number % len(sources)], np.random.default_rng(number))
        answer = ask(served, damaged, ("a.wav", "a.mp4", "a")[number % 3])
        statuses.append(answer.status_code)
        assert answer.status_code in (200, 413, 422), (number, answer.text)
    assert 200 in statuses and 422 in statuses
    assert served.process.poll() is None
    assert served.left() == []
