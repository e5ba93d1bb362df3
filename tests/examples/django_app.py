"""An app of Django whose callers need a token, to be served by ASGI or by WSGI."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tokentui import Verifier
from tokentui.server import asgi, wsgi


def hello(request: HttpRequest) -> HttpResponse:
    token = request.META.get("tokentui.token") or request.scope["state"]["token"]
    return HttpResponse(f"Hello, {token.name}")


urlpatterns = [path("", hello)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])

asgi_app = asgi.TokenMiddleware(get_asgi_application(), Verifier.open())
wsgi_app = wsgi.TokenMiddleware(get_wsgi_application(), Verifier.open())
