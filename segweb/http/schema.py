"""What the API's schema says of errors: the same of every address, so it is said once."""

from __future__ import annotations

from typing import Any

from segweb.http.problems import CONTENT_TYPE

PROBLEM = {
    "type": "object",
    "description": "An RFC 9457 problem.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence that says what to do"},
        "errors": {"type": "object", "additionalProperties": {}, "description": "by field"},
    },
    "required": ["type", "title", "status", "detail"],
}
SAID = {
    "400": "The request makes no sense; `errors` says which field.",
    "401": "No account, or a token that is not valid.",
    "403": "This account may not.",
    "404": "There is nothing, or nothing that this caller may see.",
    "409": "Not in the state that it is in.",
    "413": "Too many bytes or pixels.",
    "415": "The body is of a type that is not read here.",
    "429": "Too much in a short time, or too much waiting; see Retry-After.",
    "503": "Busy; see Retry-After.",
}
WRITES = ("post", "put", "patch", "delete")


def problems_describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: each operation with the problems that it may answer with."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for code in _codes(path, method, operation):
                answer = {"description": SAID[code], "content": content}
                operation["responses"].setdefault(code, answer)
    return result


def _codes(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    codes = ["400", "401", "403", "503"]
    if "{" in path:
        codes.append("404")
    if method in WRITES:
        codes += ["409", "413", "415", "429"] if "requestBody" in operation else ["409", "429"]
    return codes
