"""Where every address leads: pages, API, accounts, admin, health."""

from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from segweb import health
from segweb.problems import NothingHere


def _landed(*modules: str) -> list:
    return [path("", include(name)) for name in modules if find_spec(name)]


api = [
    *_landed("inference.api_urls", "experiments.api_urls"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"^(.*/)?$", NothingHere.as_view()),
]

urlpatterns = [
    *_landed("inference.urls", "experiments.urls"),
    path("api/v1/", include(api)),
    path("accounts/login/", auth_views.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
