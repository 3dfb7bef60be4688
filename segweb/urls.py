"""Where every address leads: pages, API, accounts, admin, health."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from segweb.http import accounts, health
from segweb.http.problems import NothingHere

api: list[URLPattern | URLResolver] = [
    path("", include("inference.api_urls")),
    path("", include("experiments.api_urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    # Only what ends in a slash: what lacks it is first looked for with it (segweb.http.slashes).
    # An address may hold any character: `.` would leave out the end of a line.
    re_path(r"^([\s\S]*/)?$", NothingHere.as_view()),
]

handler500 = "segweb.http.faults.server_error"

# Its own redirect to the address with the slash would turn a POST into a GET.
admin.site.final_catch_all_view = False

urlpatterns = [
    path("", include("inference.urls")),
    path("", include("lineage.urls")),
    path("", include("experiments.urls")),
    path("api/v1/", include(api)),
    path("mlflow/", include("experiments.runs.mlflow.urls")),
    path("accounts/login/", accounts.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("accounts/", accounts.account, name="account"),
    path("accounts/password/", accounts.password, name="password"),
    path("accounts/tokens/<int:pk>/delete/", accounts.token_delete, name="token-delete"),
    # Before the admin's own, so that guessing is limited at these doors too.
    path("admin/login/", accounts.LoginView.as_view()),
    path("admin/password_change/", accounts.password),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("favicon.ico", lambda request: redirect(static("img/logo.svg"))),  # of the admin's pages
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
