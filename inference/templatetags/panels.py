"""The compare page's panels: a template and a module of the same name each, and nothing else.

templates/inference/compare/panels/NAME.html announces the panel in its first line:

    {% panel order=20 tab=_("Truth") title=_("Against the truth") needs=page_data.image.truth %}

`tab` stands on its tab, `title` above it; tabs are sorted by `order`. With `needs`, the panel is on
pages where that holds, with `unless`, where it does not; with `wide`, beneath the masks instead of
beside them, for tables of many columns. What its module says to people stands in
the template too, as data attributes of an element with the class `texts`.

static/js/compare/panels/NAME.js exports `panel(board, section, texts)`; drawer.js says what of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django import template
from django.template import Context, Node, NodeList, Template
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.utils import get_app_template_dirs
from django.templatetags.static import static

register = template.Library()
FOLDER = "inference/compare/panels"
PARTS = ("order", "tab", "title", "needs", "unless", "wide")


@dataclass(frozen=True)
class Panel:
    """A panel as a page shows it; `template` draws its inside."""

    name: str
    order: int
    tab: str
    template: Template
    wide: bool = False

    @property
    def module(self) -> str:
        """The address of its module."""
        return static(f"js/compare/panels/{self.name}.js")


class PanelNode(Node):
    """A panel's announcement; drawn, it is the panel's head."""

    def __init__(self, said: dict[str, FilterExpression]) -> None:
        self.said = said

    def value(self, name: str, context: Context) -> object:
        """What is said under a name; None where nothing is."""
        return self.said[name].resolve(context) if name in self.said else None

    def render(self, context: Context) -> str:
        """The title, and where waiting and faults are told."""
        head = context.template.engine.get_template("inference/compare/_panel_head.html")
        with context.push(title=self.value("title", context)):
            return head.render(context)


@register.tag
def panel(parser: Parser, token: Token) -> PanelNode:
    """Parse an announcement: {% panel order=1 tab=_("…") title=_("…") %}."""
    words = token.split_contents()[1:]
    said = token_kwargs(words, parser)
    if words or not {"order", "tab", "title"} <= said.keys() <= {*PARTS}:
        raise template.TemplateSyntaxError(f"A panel says {', '.join(PARTS)}, as name=value.")
    return PanelNode(said)


@register.simple_tag(takes_context=True)
def panels(context: Context) -> list[Panel]:
    """The panels of this page, in their order: whatever announces itself in the folder."""
    shown, engine = [], context.template.engine
    # In every folder of templates: a panel from outside of the repository is there too.
    folders = [*engine.dirs, *(get_app_template_dirs("templates") if engine.app_dirs else ())]
    for name in {path.stem for folder in folders for path in Path(folder, FOLDER).glob("*.html")}:
        inside = engine.get_template(f"{FOLDER}/{name}.html")
        nodes = NodeList(inside.nodelist).get_nodes_by_type(PanelNode)
        if len(nodes) != 1:
            raise template.TemplateSyntaxError(f"{FOLDER}/{name}.html announces no panel, or two.")
        (node,) = nodes
        if "needs" in node.said and not node.value("needs", context):
            continue
        if node.value("unless", context):
            continue
        order, tab = node.value("order", context), node.value("tab", context)
        shown.append(Panel(name, order, tab, inside, wide=bool(node.value("wide", context))))
    return sorted(shown, key=lambda panel: panel.order)
