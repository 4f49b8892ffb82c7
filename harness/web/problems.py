"""What went wrong, as a page or as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from harness.web.render import error_page
from sidecar.client import NotRunning, Refused


def problem(status: int, type_: str, detail: str, **more: Any) -> JSONResponse:
    body = {"type": f"urn:tend:{type_}", "title": type_.replace("_", " "), "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def refusal(path: str, status: int, type_: str, detail: str) -> Response:
    """For a browser a page, for a program a problem."""
    if path.startswith(("/api/", "/live", "/openapi.json")):
        return problem(status, type_, detail)
    return error_page(status, type_, detail)


def handle_problems(app: FastAPI) -> None:
    @app.exception_handler(NotRunning)
    async def not_running(request: Request, error: NotRunning) -> Response:
        return refusal(request.url.path, 503, "not_running", str(error))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return refusal(request.url.path, error.status, error.type, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = [{"at": ".".join(map(str, item["loc"])), "told": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['at']}: {item['told']}" for item in wrong)
        return refusal(request.url.path, 422, "usage", detail)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        told = {404: "there is no such page", 405: "this can't be done here"}.get(error.status_code, str(error.detail))
        names = {404: "not_found", 405: "not_allowed"}
        return refusal(request.url.path, error.status_code, names.get(error.status_code, "refused"), told)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        told = f"{type(error).__name__}: {error}. This is a bug of Tend; more is in .tend/web.log"
        return refusal(request.url.path, 500, "broken", told)
