"""English times with their zone, in the admin and wherever nothing else is said."""

DATETIME_FORMAT = "N j, Y, P e"
