"""Small servers that behave as the documented interfaces of other systems do, faults included."""

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER, PASSWORD = "robot", "opens nothing"
Json = dict[str, Any]


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """Serve on a free loopback port while the block runs; yield the address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@dataclass
class System:
    """What all of them share: log-in, a rate limit, faults, and answers that get lost after the deed."""

    refusals: list[Response] = field(default_factory=list)
    lost: int = 0
    delay: float = 0.0
    calls: list[str] = field(default_factory=list)

    def route(self, path: str, method: str, answer: Callable[[Request, Any], Response]) -> Route:
        """Let `answer` do the deed, unless the system is out of order."""

        async def endpoint(request: Request) -> Response:
            self.calls.append(f"{method} {request.url.path}")
            await asyncio.sleep(self.delay)
            login = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if request.headers.get("authorization") != login:
                return JSONResponse(
                    {"error": {"message": "User Not Authenticated"}, "status": "failure"}, 401
                )
            if self.refusals:
                return self.refusals.pop(0)
            response = answer(request, await request.json() if method != "GET" else None)
            if self.lost and method != "GET":
                self.lost -= 1
                return Response("upstream timed out", 504)
            return response

        return Route(path, endpoint, methods=[method])


def too_many(seconds: int) -> Response:
    """Return the answer to whoever asks too often."""
    return JSONResponse({"error": {"message": "Rate limit exceeded"}}, 429, {"retry-after": str(seconds)})


class ServiceNowServer(System):
    """The Table API of incidents: queries, display values, journals, and the policies of its data."""

    rows: dict[str, Json]

    def app(self) -> Starlette:
        """Return the application of an empty table."""
        self.rows = {}
        table = "/api/now/table/incident"
        return Starlette(
            routes=[
                self.route(table, "GET", self._list),
                self.route(table, "POST", self._create),
                self.route(table + "/{sys_id}", "PATCH", self._update),
            ]
        )

    def _list(self, request: Request, _body: object) -> Response:
        asked = request.query_params
        found = [row for row in self.rows.values() if _fits(row, asked["sysparm_query"])]
        rows = [_shown(row, request) for row in found[: int(asked.get("sysparm_limit", "10000"))]]
        return JSONResponse({"result": rows})

    def _create(self, request: Request, body: Json) -> Response:
        number = len(self.rows) + 1
        row = {"sys_id": f"{number:032x}", "number": f"INC{number:07d}", "state": "1", "work_notes": ""}
        return self._put(request, row, body, 201)

    def _update(self, request: Request, body: Json) -> Response:
        row = self.rows.get(request.path_params["sys_id"])
        if row is None:
            return _failure(
                404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval"
            )
        return self._put(request, row, body, 200)

    def _put(self, request: Request, row: Json, body: Json, status: int) -> Response:
        merged = row | body
        if merged["state"] in ("6", "7") and not (merged.get("close_code") and merged.get("close_notes")):
            return _failure(
                403, "Operation Failed", "Data Policy Exception: close code, close notes are mandatory"
            )
        if merged["state"] == "3" and not merged.get("hold_reason"):
            return _failure(403, "Operation Failed", "Data Policy Exception: on hold reason is mandatory")
        note = body.get("work_notes", "")
        entry = f"2026-03-02 12:00:00 - robot (Work notes)\n{note}\n\n" if note else ""
        merged["work_notes"] = entry + row["work_notes"]
        self.rows[row["sys_id"]] = merged
        return JSONResponse({"result": _shown(merged, request)}, status)


def _fits(row: Json, query: str) -> bool:
    for condition in query.split("^"):
        if condition.startswith("ORDERBY"):
            continue
        if match := re.fullmatch(r"(\w+?)IN(.*)", condition):
            if row.get(match[1]) not in match[2].split(","):
                return False
        else:
            name, _, value = condition.partition("=")
            if row.get(name) != value:
                return False
    return True


def _shown(row: Json, request: Request) -> Json:
    names = request.query_params.get("sysparm_fields", ",".join(row)).split(",")
    if request.query_params.get("sysparm_display_value") == "all":
        # A journal has only a display value.
        return {
            name: {
                "display_value": row.get(name, ""),
                "value": "" if name == "work_notes" else row.get(name, ""),
            }
            for name in names
        }
    return {name: "" if name == "work_notes" else row.get(name, "") for name in names}


def _failure(status: int, message: str, detail: str) -> Response:
    return JSONResponse({"error": {"message": message, "detail": detail}, "status": "failure"}, status)


class JiraServer(System):
    """Issues, comments, transitions and a search that learns of new issues late."""

    issues: dict[str, Json]
    blind: int = 0
    workflow: tuple[tuple[str, str, str], ...] = (
        ("11", "To Do", "new"),
        ("21", "In Progress", "indeterminate"),
        ("31", "Done", "done"),
    )

    def app(self) -> Starlette:
        """Return the application of an empty project."""
        self.issues = {}
        issue = "/rest/api/2/issue"
        return Starlette(
            routes=[
                self.route("/rest/api/3/search/jql", "POST", self._search),
                self.route(issue, "POST", self._create),
                self.route(issue + "/{key}", "GET", self._get),
                self.route(issue + "/{key}", "PUT", self._edit),
                self.route(issue + "/{key}/comment", "GET", self._comments),
                self.route(issue + "/{key}/comment", "POST", self._comment),
                self.route(issue + "/{key}/transitions", "GET", self._transitions),
                self.route(issue + "/{key}/transitions", "POST", self._move),
            ]
        )

    def _search(self, _request: Request, body: Json) -> Response:
        if self.blind:
            self.blind -= 1
            return JSONResponse({"issues": [], "isLast": True})
        label = re.search(r'labels = "([^"]+)"', body["jql"])
        ids = re.search(r"id IN \(([^)]+)\)", body["jql"])
        found = [
            one
            for one in self.issues.values()
            if (label and label[1] in one["fields"]["labels"]) or (ids and one["id"] in ids[1].split(","))
        ]
        return JSONResponse({"issues": found[: body["maxResults"]], "isLast": True})

    def _create(self, _request: Request, body: Json) -> Response:
        if (fault := _bad_summary(body)) is not None:
            return fault
        number = len(self.issues) + 1
        made: Json = {"id": str(10000 + number), "key": f"OPS-{number}", "comments": []}
        made["fields"] = body["fields"] | {"status": _status(self.workflow[0])}
        self.issues[made["key"]] = made
        return JSONResponse({"id": made["id"], "key": made["key"]}, 201)

    def _get(self, request: Request, _body: object) -> Response:
        return self._with(request, JSONResponse)

    def _edit(self, request: Request, body: Json) -> Response:
        if (fault := _bad_summary(body)) is not None:
            return fault

        def edit(issue: Json) -> Response:
            issue["fields"] |= body["fields"]
            return Response(status_code=204)

        return self._with(request, edit)

    def _comments(self, request: Request, _body: object) -> Response:
        return self._with(request, lambda issue: JSONResponse({"comments": issue["comments"], "total": 0}))

    def _comment(self, request: Request, body: Json) -> Response:
        def add(issue: Json) -> Response:
            issue["comments"].append(body)
            return JSONResponse(body, 201)

        return self._with(request, add)

    def _transitions(self, request: Request, _body: object) -> Response:
        offered = [{"id": step[0], "name": step[1], "to": _status(step)} for step in self.workflow]
        return self._with(request, lambda _issue: JSONResponse({"transitions": offered}))

    def _move(self, request: Request, body: Json) -> Response:
        def move(issue: Json) -> Response:
            (step,) = (step for step in self.workflow if step[0] == body["transition"]["id"])
            issue["fields"]["status"] = _status(step)
            return Response(status_code=204)

        return self._with(request, move)

    def _with(self, request: Request, answer: Callable[[Json], Response]) -> Response:
        issue = self.issues.get(request.path_params["key"])
        if issue is None:
            message = "Issue does not exist or you do not have permission to see it."
            return JSONResponse({"errorMessages": [message], "errors": {}}, 404)
        return answer(issue)


def _status(step: tuple[str, str, str]) -> Json:
    return {"name": step[1], "statusCategory": {"key": step[2]}}


def _bad_summary(body: Json) -> Response | None:
    summary = body["fields"]["summary"]
    if "\n" in summary or not 0 < len(summary) <= 255:
        errors = {"summary": "The summary is invalid because it contains newline characters."}
        return JSONResponse({"errorMessages": [], "errors": errors}, 400)
    return None
