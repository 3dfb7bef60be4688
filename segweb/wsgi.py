"""The application for `runserver`, and for servers other than `manage.py serve`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "segweb.settings")

application = get_wsgi_application()
