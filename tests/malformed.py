"""JSON as no tool should write it, from hypothesis: for files and for bodies of requests."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from hypothesis import strategies as st

# Written by `written`, since no value of Python's becomes such a text.
RAW = {
    "@deep@": "[" * 5000 + "]" * 5000,
    "@objects@": '{"a":' * 5000 + "1" + "}" * 5000,
    "@1e400@": "1e400",
    "@digits@": "1" * 400,
    "@negative@": "-" + "9" * 400,
    "@fraction@": "0." + "3" * 400,
}
NAMES = ["id", "name", "counts", "size", "file_name", "colour", "image_id", "options", "lr"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([-0.0, 48.0, 255, 256, -1, 2**31, *RAW])
    | st.text(max_size=8)
    | st.sampled_from(
        ["", "\0", "\ud800", "25\n5", "../../etc/passwd", "a" * 300, "train", "b'P0'", "all"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*NAMES, "", "\udfff"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def changed(data: st.DataObject, content: Any) -> Any:
    """JSON with one to three of its values replaced, taken away or doubled, at any depth."""
    holder: Any = {"": _copied(content)}
    for _ in range(data.draw(st.integers(1, 3))):
        parent, key = holder, ""
        while True:
            child = parent[key]
            if not child or not isinstance(child, dict | list) or data.draw(st.booleans()):
                break
            keys = list(child) if isinstance(child, dict) else list(range(len(child)))
            parent, key = child, data.draw(st.sampled_from(keys))
        deed = data.draw(st.sampled_from(["replace", "replace", "drop", "double"]))
        if deed == "drop" and parent is not holder:
            del parent[key]
        elif deed == "double" and isinstance(parent, list):
            parent.append(parent[key])
        else:
            parent[key] = data.draw(VALUES)
    return holder[""]


def _copied(content: Any) -> Any:
    """Lists and objects anew, since no example may see what another one changed."""
    if isinstance(content, dict):
        return {name: _copied(part) for name, part in content.items()}
    return [_copied(part) for part in content] if isinstance(content, list) else content


def written(content: Any) -> str:
    """The text of such JSON, with what only a text can hold."""
    text = json.dumps(content)
    for mark, raw in RAW.items():
        text = text.replace(f'"{mark}"', raw)
    return text


def as_json(body: Any) -> tuple[str, str] | None:
    """A body as JSON; None for one of files."""
    try:
        return written(body), "application/json"
    except TypeError:
        return None


def as_parts(body: dict[str, Any]) -> tuple[bytes, str]:
    """A body as a browser sends files."""
    named = {_encodable(name): _words(body[name]) for name in body}
    return encode_multipart(BOUNDARY, named), MULTIPART_CONTENT


def as_form(body: dict[str, Any]) -> tuple[str, str]:
    """A body as a browser sends a form without files."""
    pairs = [
        (name, word)
        for name, value in body.items()
        for word in (value if isinstance(value, list) else [value])
    ]
    text = "&".join(f"{_quoted(name)}={_quoted(word)}" for name, word in pairs)
    return text, "application/x-www-form-urlencoded"


def _words(value: Any) -> Any:
    """A value as forms hold it: files and words, or several."""
    if isinstance(value, list):
        return [_words(part) for part in value]
    if hasattr(value, "read"):
        value.seek(0)
        return value
    return _encodable(_text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else written(value)


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _quoted(value: Any) -> str:
    word = value.name if hasattr(value, "read") else _text(value)
    return quote(word, errors="surrogatepass")
