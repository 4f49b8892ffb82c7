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


KNOWN = (NotRunning, Refused, NotAccepted, RequestValidationError, HTTPException)  # all else is a bug


def told(request: Request, error: Exception) -> Response:
    path = request.scope["path"]
    match error:
        case NotRunning():
            return refusal(path, 503, "not_running", str(error))
        case Refused():
            return refusal(path, error.status, error.type, str(error))
        case NotAccepted():
            answer: Response = problem(error.status, error.type, str(error))
            answer.headers.update({"www-authenticate": "Bearer"} if error.type == "no_token" else {})
            return answer
        case RequestValidationError():
            wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
            return refusal(path, 422, "usage", "; ".join(wrong))
        case HTTPException(status_code=status):
            answer = refusal(path, status, NAMES.get(status, "refused"), TOLD.get(status, str(error.detail)))
            answer.headers.update(error.headers or {})
            return answer
    return refusal(path, 500, "broken", f"{type(error).__name__}. This is a bug of Tend; more is in .tend/web.log")


def handle_problems(app: FastAPI) -> None:
    for kind in (*KNOWN, Exception):
        app.add_exception_handler(kind, told)
