"""How static files are stored: compressed, under names that carry a hash of what is in them."""

from django.conf import settings
from django.urls import get_script_prefix
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What stands before the address of a module: from "./x.js", import("./x.js"), new URL("./x.js" …
MODULE = r"""(?P<matched>(?P<before>\b(from |import |import\(|new URL\())"(?P<url>\.[^"]+\.js)")"""


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Modules find each other, and their workers, under those names too.

    An import map would do so for pages, but not inside workers; Django's own
    `support_js_module_import_aggregation` stumbles over an import in a comment of htmx.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((MODULE, '%(before)s"%(url)s"'),)),
    )

    @property
    def base_url(self) -> str:
        """With what stands before all addresses, which only a request knows (SCRIPT_NAME).

        Django keeps the setting as it first was read, which is before any request.
        """
        return get_script_prefix() + settings.STATIC_URL.lstrip("/")
