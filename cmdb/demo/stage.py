"""The stage that the story is played on: asks the running service, prints, and keeps a transcript."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.text import Text

from cmdb.api.access import HEADER
from cmdb.cli.client import Client, code_of, root
from cmdb.demo.seed import Seed, SeedFile
from cmdb.errors import CmdbError, Place


@dataclass(slots=True)
class Scene:
    """One step of the story with everything that was asked and answered on the way."""

    number: int
    title: str
    speaker: str | None
    exchanges: list[dict[str, object]] = field(default_factory=list)


class Stage:
    """One run of the story against one service."""

    def __init__(self, http: httpx.AsyncClient, seed: Seed, console: Console) -> None:
        """Overhear every answer that passes through `http`."""
        http.event_hooks = {"response": [self._overhear]}
        self._client = Client(http)
        self._console = console
        self.seed = seed
        self.scenes: list[Scene] = []

    def open_scene(self, number: int, title: str, speaker: str | None = None) -> None:
        """Begin a step; `speaker` asks its questions, as `role` or `role:party`."""
        self.scenes.append(Scene(number, title, speaker))
        self._console.print()
        self._console.print(Text(f"{number}  {title}" if number else title, style="bold"))

    async def ask(self, operation: str, act_as: str | None = None, **variables: object) -> Any:  # noqa: ANN401 - a JSON document
        """Run a named operation, print who asked what, and return its root field."""
        speaker = act_as or self.scenes[-1].speaker
        who = f"as {speaker} " if speaker else ""
        self._console.print(Text(f"   ? {operation} {who}{_brief(variables)}".rstrip(), style="dim"))
        return root(await self._client.ask(operation, variables, speaker))

    async def play_all(self, files: Iterable[SeedFile]) -> None:
        """Upload record files in order, their times moved to one now, so that what is sent twice is the same twice."""
        now = datetime.now(UTC)
        for file in files:
            await self._play(file, now)

    async def _play(self, file: SeedFile, now: datetime) -> None:
        lines = self.seed.lines(file, now)
        report = await self._client.upload(file.source, lines)
        for problem in report["problems"]:
            raise CmdbError(
                code_of(problem["code"]),
                problem["message"],
                hint=problem["hint"],
                place=Place(file.path.name, record=problem["place"]),
            )
        counts: Mapping[str, Mapping[str, int]] = report["counts"]
        told = ", ".join(f"{kind} {sum(tally.values())}" for kind, tally in counts.items())
        self.say(f"{file.source}: {told}")

    def say(self, line: str | Text) -> None:
        """Print one line of what came back."""
        self._console.print(
            Text("   ").append(line) if isinstance(line, str) else Text("   ").append_text(line)
        )

    def transcript(self) -> str:
        """Return every request and raw response of every step as JSON."""
        steps = [
            {"number": scene.number, "title": scene.title, "exchanges": scene.exchanges}
            for scene in self.scenes
        ]
        return json.dumps({"seed": self.seed.title, "steps": steps}, indent=1)

    async def _overhear(self, response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        sent = request.content.decode()
        body = json.loads(sent) if sent.startswith('{"query"') else sent.splitlines()
        asked = {"method": request.method, "path": request.url.raw_path.decode(), "body": body}
        self.scenes[-1].exchanges.append(
            {
                "request": {**asked, "actAs": request.headers.get(HEADER)},
                "response": {"status": response.status_code, "body": response.json()},
            }
        )


def _brief(variables: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in variables.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return _brief(value)
    return f"'{value}'" if isinstance(value, str) else str(value)
