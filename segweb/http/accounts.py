"""Accounts: signing in, at a pace that no guesser of passwords likes; password and tokens."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, get_script_prefix, resolve, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from rest_framework.throttling import SimpleRateThrottle

from segweb.audit import act_record
from segweb.http.tokens import token_make, token_revoke
from segweb.models import Act


class GuessThrottle(SimpleRateThrottle):
    """Passwords that were told, by address; whoever is signed in may guess another's too."""

    scope = "login"
    duration: int  # seconds in which attempts count

    def get_cache_key(self, request: Any, view: Any) -> str:
        """The address."""
        return f"guess-address-{self.get_ident(request)}"

    def forgive(self) -> None:
        """Take back what was counted by `allow_request`."""
        history = self.cache.get(self.key, [])
        if self.now in history:
            history.remove(self.now)
            self.cache.set(self.key, history, self.duration)


class AccountThrottle(GuessThrottle):
    """Passwords that were told of one account, from wherever."""

    scope = "account"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """The account, whatever its case; that of who changes their own password."""
        told = request.POST.get("username", "") if isinstance(view, LoginView) else ""
        # As the form reads it: NFKC makes one name of many spellings.
        name = unicodedata.normalize("NFKC", told or request.user.get_username())
        # Digested: a cache's key is short and printable, a name need be neither.
        digest = hashlib.sha256(name.strip().casefold().encode("utf-8", "replace")).hexdigest()
        return f"guess-account-{digest}"


class Guarded:
    """A view that a password is sent to: 429 for who tries too often."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """By address first: what that refuses counts for no account, and fills no cache."""
        self.throttles = (GuessThrottle(), AccountThrottle())
        for throttle in self.throttles:
            if not throttle.allow_request(request, self):  # type: ignore[arg-type]
                refusal = render(request, "429.html", status=429)
                refusal["Retry-After"] = str(round(throttle.wait() or 60))
                return refusal
        return super().post(request, *args, **kwargs)  # type: ignore[misc]

    def forgive(self) -> None:
        """Count this request as no guess: a class that signs in at once sits behind one address."""
        for throttle in self.throttles:
            throttle.forgive()


# Why a page asks for an account, by the part of the site that it belongs to.
WHY = {
    "experiments": gettext_noop(
        "Runs, data sets and the leaderboard are for the accounts of this site. Whoever runs it "
        "gives you one. To compare images, you need none."
    ),
    "inference": gettext_noop(
        "On this site images are compared by those who have an account. Whoever runs it gives you "
        "one."
    ),
    "admin": gettext_noop("The admin is for the staff of this site."),
}


class LoginView(Guarded, views.LoginView):
    """The one sign-in page, for the pages and for the admin panel."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With why the page that was asked for needs an account."""
        return super().get_context_data(why=self._why(), **kwargs)

    def _why(self) -> str:
        path = urlsplit(self.get_redirect_url()).path
        try:
            part = resolve(path.removeprefix(get_script_prefix().rstrip("/"))).app_name
        except Resolver404:
            return ""
        # Who may compare or read comes from a page of that part by choice, not sent away from it.
        if settings.ALLOW_ANONYMOUS and part == "inference":
            return ""
        if settings.PUBLIC_RUNS and part == "experiments":
            return ""
        return _(WHY[part]) if part in WHY else ""

    @transaction.atomic  # the new session, and that it was begun
    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in. Whoever knows the password was not guessing."""
        self.forgive()
        return super().form_valid(form)


class PasswordView(Guarded, views.PasswordChangeView):
    """Another password for one's own account."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("account")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Say that it was changed."""
        self.forgive()
        act_record(what=Act.What.PASSWORD, subject=self.request.user.get_username())
        messages.success(self.request, _("Your password is changed."))
        return super().form_valid(form)


class TokenForm(forms.Form):
    """What a token is called."""

    name = forms.CharField(
        max_length=100, label=gettext_lazy("What is it for?"), widget=forms.TextInput()
    )


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: its tokens and the way to another password; a token made is shown once."""
    form, made = TokenForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            made = token_make(user=request.user, name=form.cleaned_data["name"])  # type: ignore[arg-type]
            form = TokenForm()
        except ValidationError as refusal:
            form.add_error(None, refusal)
    tokens = request.user.access_tokens.all()  # type: ignore[union-attr]
    context = {"form": form, "made": made, "tokens": tokens}
    return render(request, "registration/account.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def token_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token."""
    if token_revoke(user=request.user, pk=pk):  # type: ignore[arg-type]
        messages.success(request, _("The token no longer works."))
    return redirect("account")


password = PasswordView.as_view()
