"""Who may ask, how much may be sent, and that nothing in a file runs or leads elsewhere."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from app_visitor import BASE, PLAIN, Visitor
from fastapi.testclient import TestClient

from metadx.app import create_app, pages, uploads
from metadx.app.security import FORM_ALLOWANCE, UPLOAD_LIMIT
from metadx.app.serving import bound
from metadx.errors import OptionError


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "", "[::2]:80"])
def test_another_host_name_is_refused(visitor: Visitor, host: str) -> None:
    answer = visitor.client.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "csrf" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_this_machine_is_welcome(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_form_of_another_site_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    token = {"x-csrf-token": visitor.context.token}
    answer = visitor.client.post("/new", headers={**token, **headers}, follow_redirects=False)
    assert answer.status_code == 403
    assert len(visitor.context.sessions) == 0


@pytest.mark.parametrize("token", [None, "", "wrong", "ü"])
def test_a_form_without_the_secret_is_refused(visitor: Visitor, token: str | None) -> None:
    data = {} if token is None else {"csrf": token}
    for path in ("/new", "/open", "/upload"):
        answer = visitor.client.post(path, data=data, headers={"origin": BASE})
        assert answer.status_code == 403
    assert len(visitor.context.sessions) == 0


def test_another_account_of_the_machine_needs_the_key(studies: Path) -> None:
    client = TestClient(create_app(studies, "secret"), base_url=BASE, follow_redirects=False)
    for path in ("/", "/?key=", "/?key=wrong", "/s/x", "/static/app.js"):
        assert client.get(path).status_code == 403, path
    assert client.post("/new?key=secret").status_code == 403
    client.cookies.set("metadx_8000", "wrong")
    assert client.get("/").status_code == 403
    client.cookies.clear()
    answer = client.get("/?key=secret")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


def test_every_changing_route_asks_for_the_secret(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    for path in ("study", "remove", "columns", "save"):
        answer = visitor.client.post(f"/s/{session.id}/{path}", data={"version": 1, "row": 0})
        assert answer.status_code == 403
    assert session.version == 1
    assert len(session.sheet) == 6


def test_another_site_reads_no_table(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    stranger = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert visitor.client.get(f"/s/{session.id}", headers=stranger).status_code == 403
    # A link to the first page shows nothing of a table.
    assert visitor.client.get("/", headers=stranger).status_code == 200


def test_pages_may_run_and_load_their_own_only(visitor: Visitor) -> None:
    for path in ("/", "/static/app.js", "/nothing"):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_no_template_has_a_script_or_style_inside() -> None:
    for path in (Path(pages.__file__).parent / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<style" not in text
        assert " style=" not in text
        assert "| safe" not in text.replace("\"' | safe", "").replace("' | safe if", "")
        assert all("src=" in part for part in text.split("<script")[1:])
        assert "http://" not in text
        assert "https://" not in text


def test_an_upload_that_is_too_large_is_refused(visitor: Visitor) -> None:
    answer = visitor.upload(b"x" * (UPLOAD_LIMIT + FORM_ALLOWANCE + 1))
    assert answer.status_code == 413
    assert "up to 5 MB" in answer.text
    assert len(visitor.context.sessions) == 0


def test_the_size_is_counted_while_the_body_arrives(visitor: Visitor) -> None:
    sent = 0

    def endless():
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(400):
            sent += 2**16
            yield b"y" * 2**16

    headers = {**visitor.headers, "content-type": "multipart/form-data; boundary=x"}
    answer = visitor.client.post("/upload", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert len(visitor.context.sessions) == 0


def packed(size: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * size)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("bomb.xlsx", packed(uploads.MOST_UNPACKED + 1), "unpacks to more than"),
        ("bomb.rds", gzip.compress(b"0" * (uploads.MOST_UNPACKED + 1)), "unpacks to more than"),
        ("cut.rds", gzip.compress(b"0" * 100_000)[:60], "damaged"),
        ("cut.xlsx", b"PK\x03\x04 and nothing more", "damaged workbook"),
        ("empty.xlsx", packed(10), "workbook"),
        ("page.html", b"<script>alert(1)</script>", "the ending is one of"),
        ("program.py", b"print(1)", "the ending is one of"),
        ("noise.csv", bytes(range(256)) * 4, "no known encoding"),
        ("nothing.csv", b"", "is empty"),
        ("header.csv", b"study,tp,fp,fn,tn\n", "expected"),
        ("entities.rm5", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        ("data.rda", b"RDX3\nnot really", "damaged"),
    ],
)
def test_a_hostile_file_is_a_message(
    visitor: Visitor, name: str, data: bytes, message: str
) -> None:
    answer = visitor.upload(data, name)
    assert answer.status_code == 422
    assert message in answer.text
    assert "Traceback" not in answer.text
    assert "/metadx-" not in answer.text
    assert len(visitor.context.sessions) == 0


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.csv", "..\\..\\boot.csv", "/etc/a.csv", "a\0b.csv", ".csv", "..."]
)
def test_a_file_name_leads_nowhere(name: str) -> None:
    plain = uploads.plain_name(name)
    assert Path(plain).name == plain
    assert not plain.startswith(".")


def test_what_stands_in_cells_is_text_and_never_markup(visitor: Visitor) -> None:
    evil = "<img src=x onerror=alert(1)>"
    rows = PLAIN.replace("Ahn 2001", evil).replace("scanner", '"<b>scanner</b>"')
    session = visitor.opened(visitor.upload(rows, "<svg onload=alert(2)>.csv"))
    for path in ("", "/results", "/study", "/figure/forest"):
        answer = visitor.get(f"/s/{session.id}{path}", version=session.version, row=0)
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert "<b>scanner" not in answer.text
        assert "<svg onload" not in answer.text


@pytest.mark.parametrize("name", ["__import__('os').system('x')", "a b", "class", "x\n+ tp"])
def test_a_column_name_that_could_be_run_is_no_covariate(visitor: Visitor, name: str) -> None:
    quoted = '"' + name + '"'
    session = visitor.opened(visitor.upload(PLAIN.replace("scanner", quoted)))
    page = visitor.get(f"/s/{session.id}").text
    assert 'name="covariates"' not in page
    answer = visitor.at(session, "results", covariates=session.sheet.header[-1])
    assert "is not on offer" in answer.text


@pytest.mark.parametrize(
    "name", ["../own", "ct/../ct/hip", "/etc/passwd", "references", "", "ct", "..", "ct/hip.csv"]
)
def test_no_path_leads_out_of_the_folder(visitor: Visitor, studies: Path, name: str) -> None:
    (studies.parent / "own.csv").write_text(PLAIN, encoding="utf-8")
    assert visitor.post("/open", {"table": name}).status_code == 422
    assert len(visitor.context.sessions) == 0


def test_a_link_out_of_the_folder_is_not_followed(visitor: Visitor, studies: Path) -> None:
    secret = studies.parent / "secret.csv"
    secret.write_text(PLAIN, encoding="utf-8")
    (studies / "linked.csv").symlink_to(secret)
    assert "linked" not in visitor.get("/").text
    assert visitor.post("/open", {"table": "linked"}).status_code == 422


@pytest.mark.parametrize("path", ["/static/../application.py", "/static/%2e%2e/pages.py"])
def test_static_files_are_the_static_files(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(path).status_code in (403, 404)


def test_it_listens_to_this_machine_only() -> None:
    with bound(0) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        with pytest.raises(OptionError, match=f"port {port} cannot be used"):
            bound(port)


def test_an_unexpected_fault_is_a_message(studies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("metadx.app.folder.tables_in", broken)
    client = TestClient(create_app(studies), base_url=BASE, raise_server_exceptions=False)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.text
    assert "secret detail" not in answer.text
