"""Django's command, which finds models_zoo's f-strings too: `_(f"There is no {path!r}.")`.

What stands in their braces becomes a place with a name; `segweb.sentences` fills it again.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from pathlib import Path

from django.core.management.commands import makemessages

MARKED = "from models_zoo.translation import"


class WithPlaces(ast.NodeTransformer):
    """F-strings as texts with places."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        """f"no {path!r}" as "no %(path)s"."""
        return ast.Constant("".join(map(_part, node.values)))


class SourceFile(makemessages.BuildFile):
    """A file in which texts are looked for; a copy with places is read in its stead."""

    @cached_property
    def is_templatized(self) -> bool:
        """Whether a copy is read, as for templates."""
        return super().is_templatized or MARKED in Path(self.path).read_text(encoding="utf-8")

    def preprocess(self) -> None:
        """Writes the copy."""
        if self.path.endswith(".py") and self.is_templatized:
            tree = WithPlaces().visit(ast.parse(Path(self.path).read_text(encoding="utf-8")))
            Path(self.work_path).write_text(ast.unparse(tree), encoding="utf-8")
        else:
            super().preprocess()


class Command(makemessages.Command):
    """As Django's."""

    build_file_class = SourceFile


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value).replace("%", "%%")
    # The words of the expression, so that a translator can tell what will stand there.
    expression = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    return f"%({'_'.join(re.findall(r'[A-Za-z0-9_]+', expression))})s"
