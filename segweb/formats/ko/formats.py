"""Korean times with their zone, in the admin and wherever nothing else is said."""

DATETIME_FORMAT = "Y년 n월 j일 g:i A e"
