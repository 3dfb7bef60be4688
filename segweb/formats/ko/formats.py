"""Korean times with their zone, in the admin and wherever nothing else is said."""

from django.utils.translation import ngettext_lazy

DATETIME_FORMAT = "Y년 n월 j일 g:i A e"

# Django writes "11 시간 전" with a space and "1일, 6시간 전" without; our translations have none.
AGO = (
    ngettext_lazy("a second ago", "%(count)s seconds ago"),
    ngettext_lazy("a minute ago", "%(count)s minutes ago"),
    ngettext_lazy("an hour ago", "%(count)s hours ago"),
)
