"""A running server of a directory, and a client that changes nothing of what it is told to send."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from helios.packing.server import HOST, open_socket, site_server


@contextmanager
def serving(directory: Path) -> Iterator[tuple[uvicorn.Server, int]]:
    """Serve a directory on a free port of this machine; gives the server and the port."""
    server, listener = site_server(directory), open_socket(0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield server, listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def ask(port, path, method="GET", **headers):
    """Return status, headers and body of an answer; `headers` have underscores for hyphens."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
    finally:
        connection.close()
