"""Another system of the company: a server on this machine that takes orders, and its entry."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from standardwebhooks import Webhook

from downstream.models import OrderKind
from downstream.systems import save_system
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER
from tests.factories import make_staff


class Receiver:
    """answer: status and body of what comes next; the last one is repeated."""

    def __init__(self):
        self.got, self.answers, self.headers = [], [(200, b"{}")], {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                answers = receiver.answers
                status, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in {**receiver.headers, "Content-Length": len(content)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/orders"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def orders(self, secret):
        """What came, each with its signature verified as the other side does it."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]

    def ids(self):
        return [headers["webhook-id"] for headers, _body in self.got]


@pytest.fixture
def receiver(settings):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset({"127.0.0.1"})
    receiver = Receiver()
    yield receiver
    receiver.close()


def make_system(receiver=None, *, name="CRM", purposes=(), by=None, **values):
    by = by or make_staff(ADMINISTRATOR)
    values = {
        "name": name,
        "kinds": [kind.value for kind in OrderKind],
        "data_categories": ["contact", "declared"],
        "endpoint": receiver.url if receiver else "",
        "days": 7,
        "contact": "crm@example.com",
        "responsible": make_staff(COMPLAINT_OFFICER),
        **values,
    }
    return save_system(None, values=values, purposes=purposes, by=by)
