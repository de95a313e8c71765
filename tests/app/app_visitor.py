"""A browser tab, as far as requests go, and tables that it uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from study_tables import simulate

from metadx.app.sessions import Session

BASE = "http://127.0.0.1:8000"
PLAIN = """study,tp,fp,fn,tn,scanner
Ahn 2001,18,4,2,40,old
Bell 2003,25,2,5,31,old
Cruz 2005,40,9,6,60,new
Diaz 2007,9,1,3,22,new
Eck 2009,30,6,4,48,new
Frei 2011,22,3,5,37,old
"""


def forty() -> str:
    """Forty simulated studies."""
    text: str = simulate(np.random.default_rng(20), 40, 0.9, 0.85).frame.to_csv(index=False)
    return text


@dataclass
class Visitor:
    """A browser tab, as far as requests go."""

    client: TestClient

    @property
    def context(self) -> Any:
        return self.client.app.state.context  # type: ignore[attr-defined]

    @property
    def headers(self) -> dict[str, str]:
        return {"x-csrf-token": self.context.token, "origin": BASE, "hx-request": "true"}

    def get(self, path: str, **parameters: Any) -> Any:
        return self.client.get(path, params=parameters)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(path, data=data or {}, headers=self.headers, **more)

    def upload(self, data: bytes | str, name: str = "own.csv") -> Any:
        content = data.encode() if isinstance(data, str) else data
        return self.client.post(
            "/upload", files={"file": (name, content)}, headers=self.headers, follow_redirects=False
        )

    def opened(self, answer: Any) -> Session:
        """Return the table that an answer leads to."""
        assert answer.status_code == 303, answer.text
        found: Session = self.context.sessions.get(answer.headers["location"].rsplit("/", 1)[1])
        return found

    def open(self, name: str) -> Session:
        return self.opened(self.post("/open", {"table": name}, follow_redirects=False))

    def at(self, session: Session, path: str, **parameters: Any) -> Any:
        """Ask for a part of an open table as it is now."""
        return self.get(f"/s/{session.id}/{path}", **{"version": session.version, **parameters})

    def study(self, session: Session, row: int | str = "", **cells: Any) -> Any:
        """Send the form of a study."""
        data = {f"cell.{name}": value for name, value in cells.items()}
        version = data.pop("cell.version", session.version)
        return self.post(f"/s/{session.id}/study", {"version": version, "row": row, **data})
