"""What went wrong, as a page or as problem+json (RFC 9457)."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from harness.web.doors.not_accepted import NotAccepted
from harness.web.render import error_page
from sidecar.client import NotRunning, Refused

FOR_PROGRAMS = ("/api/", "/live", "/openapi.json", "/hooks/", "/events")

NAMES = {404: "not_found", 405: "not_allowed", 413: "too_large"}
TOLD = {404: "there is no such page", 405: "this can't be done here"}


class Problem(BaseModel):
    type: str  # urn:tend:REASON
    title: str
    status: int
    detail: str


def problem(status: int, type_: str, detail: str) -> JSONResponse:
    """A 503 passes: what came is to be sent again."""
    body = Problem(type=f"urn:tend:{type_}", title=type_.replace("_", " "), status=status, detail=detail).model_dump()
    again = {"retry-after": "1"} if status == 503 else None
    return JSONResponse(body, status, again, media_type="application/problem+json")


def refusal(path: str, status: int, type_: str, detail: str) -> Response:
    """For a browser a page, for a program a problem."""
    if path.startswith(FOR_PROGRAMS):
        return problem(status, type_, detail)
    return error_page(status, type_, detail)


def handle_problems(app: FastAPI) -> None:
    @app.exception_handler(NotRunning)
    async def not_running(request: Request, error: NotRunning) -> Response:
        return refusal(request.url.path, 503, "not_running", str(error))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return refusal(request.url.path, error.status, error.type, str(error))

    @app.exception_handler(NotAccepted)
    async def not_accepted(request: Request, error: NotAccepted) -> Response:  # noqa: ARG001 # how FastAPI calls it
        answer = problem(error.status, error.type, str(error))
        if error.type == "no_token":
            answer.headers["www-authenticate"] = "Bearer"
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = [{"at": ".".join(map(str, item["loc"])), "told": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['at']}: {item['told']}" for item in wrong)
        return refusal(request.url.path, 422, "usage", detail)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        told = TOLD.get(status, str(error.detail))
        answer = refusal(request.url.path, status, NAMES.get(status, "refused"), told)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        told = f"{type(error).__name__}. This is a bug of Tend; more is in .tend/web.log"
        return refusal(request.url.path, 500, "broken", told)
