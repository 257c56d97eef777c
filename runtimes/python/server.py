"""Serves one Function over HTTP: calls the handler with (event, context) for each request.

Written for Python 3.8 and newer.
"""

import concurrent.futures
import importlib
import io
import json
import logging
import os
import signal
import socket
import sys
import time
import urllib.parse

import bottle
import prometheus_client
from cheroot import errors, makefile, server as http, wsgi


def setting(name, by_default):
    text = os.environ.get(name) or str(by_default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        sys.exit('{}: "{}" must be a number above 0'.format(name, text))
    return int(number) if number.is_integer() else number


FOLDER = os.environ.get("KUBELESS_INSTALL_VOLUME", "/kubeless")
MODULE = os.environ.get("MOD_NAME", "handler")
HANDLER = os.environ.get("FUNC_HANDLER", "main")
PORT = setting("FUNC_PORT", 8080)
TIMEOUT = setting("FUNC_TIMEOUT", 180)
# Each thread holds some four copies of a body as it arrives: all of them fit into 128 MiB.
BODY_LIMIT = setting("FUNC_MEMFILE_MAX", 1024 * 1024)
HEAD_LIMIT = 64 * 1024
READ_TIMEOUT = setting("FUNC_READ_TIMEOUT", 30)
THREADS = setting("CHERRYPY_NUMTHREADS", 10)
CONTEXT = {
    "function-name": HANDLER,
    "timeout": TIMEOUT,
    "runtime": os.environ.get("FUNC_RUNTIME"),
    "memory-limit": os.environ.get("FUNC_MEMORY_LIMIT"),
}
# Callers choose methods: each value of a label is a series that stays in memory.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
ATTRIBUTES = ["type", "source", "eventtypeversion", "specversion", "id", "time"]

CALLS = prometheus_client.Counter("function_calls", "Calls of the Function", ["method"])
FAILURES = prometheus_client.Counter("function_failures", "Calls that raised, or took too long", ["method"])
DURATION = prometheus_client.Histogram("function_duration_seconds", "How long the Function took", ["method"])

log = logging.getLogger("function")
app = bottle.Bottle()
workers = concurrent.futures.ThreadPoolExecutor(THREADS)
# Calls whose time is over, but which still hold a worker: nothing can end a thread from outside.
overdue = set()


def load():
    path = os.path.join(FOLDER, MODULE + ".py")
    if not os.path.exists(path):
        sys.exit("{} is not there".format(path))
    sys.path[:0] = [FOLDER, os.path.join(FOLDER, "packages")]
    handler = getattr(importlib.import_module(MODULE), HANDLER, None)
    if not callable(handler):
        sys.exit('{} has no function "{}"'.format(path, HANDLER))
    return handler


@app.get("/healthz")
def healthz():
    if len(overdue) >= THREADS:
        raise text(503, "all threads are busy with calls that do not end")
    return text(200, "OK")


@app.get("/metrics")
def metrics():
    body = prometheus_client.generate_latest()
    return bottle.HTTPResponse(body, 200, {"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})


@app.route("/<:re:.*>", method="ANY")
def call():
    request = bottle.request.copy()
    try:
        event = to_event(request)
    except ValueError as error:
        return text(400, "the body is not JSON: {}".format(error))
    method = request.method if request.method in METHODS else "other"
    CALLS.labels(method).inc()
    with DURATION.labels(method).time():
        running = workers.submit(handler, event, CONTEXT)
        try:
            return answer(running.result(TIMEOUT))
        except bottle.HTTPResponse as response:
            return response
        except concurrent.futures.TimeoutError:
            if running.done():
                # The handler's own.
                return failed(method)
            if not running.cancel():
                overdue.add(running)
                running.add_done_callback(overdue.discard)
            FAILURES.labels(method).inc()
            log.error("the Function took longer than %g s", TIMEOUT)
            return text(408, "Timeout while processing the function")
        except Exception:
            return failed(method)


def failed(method):
    FAILURES.labels(method).inc()
    log.exception("the Function failed")
    return text(500, "Internal Server Error")


def to_event(request):
    kind = (request.content_type or "").split(";")[0].strip().lower()
    is_structured = kind == "application/cloudevents+json"
    data = request.body.read()
    if data and (is_structured or kind == "application/json" or kind.endswith("+json")):
        data = json.loads(data.decode("utf-8"))
    envelope = data if is_structured and isinstance(data, dict) else {}
    event = {"data": envelope.get("data") if is_structured else data, "extensions": {"request": request}}
    for name in ATTRIBUTES:
        event["ce-" + name] = envelope.get(name) if is_structured else request.get_header("ce-" + name)
    return event


def answer(result):
    if isinstance(result, bottle.HTTPResponse):
        return result
    if result is None:
        return text(200, "")
    if isinstance(result, (str, bytes)):
        return bottle.HTTPResponse(result, 200)
    return bottle.HTTPResponse(json.dumps(result), 200, {"Content-Type": "application/json"})


def text(status, words):
    return bottle.HTTPResponse(words, status, {"Content-Type": "text/plain; charset=utf-8"})


class Arriving(socket.SocketIO):
    """The bytes of a socket, for as long as a request may take to arrive."""

    deadline = 0.0

    def readinto(self, buffer):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        by_default = self._sock.gettimeout()
        self._sock.settimeout(left)
        try:
            return super().readinto(buffer)
        finally:
            self._sock.settimeout(by_default)


class Reader(makefile.StreamReader):
    def __init__(self, sock, mode, size):
        super(makefile.StreamReader, self).__init__(Arriving(sock, mode), size)
        self.bytes_read = 0


class Connection(http.HTTPConnection):
    """A connection whose requests arrive in time: a client that sends a byte now and then would hold a thread for ever."""

    def __init__(self, server, sock, makefile=None):
        super().__init__(server, sock, open_socket)

    def communicate(self):
        self.rfile.raw.deadline = time.monotonic() + READ_TIMEOUT
        return super().communicate()


def open_socket(sock, mode, size):
    return (Reader if "r" in mode else makefile.StreamWriter)(sock, mode, size)


def joined(application):
    """The application, for bodies that come in chunks: the server joins them already, which Bottle does not expect."""

    def run(environ, start_response):
        if environ.pop("HTTP_TRANSFER_ENCODING", None):
            try:
                body = environ["wsgi.input"].read()
            except (errors.MaxSizeExceeded, OSError) as error:
                # The library raises both, and the latter for a connection that has failed, too.
                if error.args[0] != "Request Entity Too Large":
                    raise
                start_response("413 Request Entity Too Large", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"the body is too large"]
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return application(environ, start_response)

    return run


def logged(application):
    """The application, with a line for each request."""

    def run(environ, start_response):
        start, line = time.monotonic(), []

        def begin(status, headers, exc_info=None):
            line.append(status.split(" ")[0])
            return start_response(status, headers, exc_info)

        answered = application(environ, begin)
        spent = (time.monotonic() - start) * 1000
        # Quoted: a line break in a path would begin another line.
        path = urllib.parse.quote(environ["PATH_INFO"], encoding="latin-1")
        log.info("%s %s %s %d ms", environ["REQUEST_METHOD"], path, line[-1], spent)
        return answered

    return run


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    handler = load()
    bottle.BaseRequest.MEMFILE_MAX = BODY_LIMIT
    is_logged = os.environ.get("KYMA_INTERNAL_LOGGER_ENABLED") == "true"
    # More threads than workers, so that probes are answered while all of them work.
    server = wsgi.Server(
        ("::" if socket.has_dualstack_ipv6() else "0.0.0.0", PORT),
        logged(joined(app)) if is_logged else joined(app),
        numthreads=THREADS + 4,
    )
    server.ConnectionClass = Connection
    # Beyond the five of the library, connections would be reset.
    server.request_queue_size = 128
    server.max_request_body_size = BODY_LIMIT
    server.max_request_header_size = HEAD_LIMIT
    # Until a signal.
    server.safe_start()
    # Whatever workers still do.
    os._exit(0)
