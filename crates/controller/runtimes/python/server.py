"""Serves one Function over HTTP: calls the handler with (event, context) for each request.

Written for Python 3.8 and newer.
"""

import concurrent.futures
import importlib
import json
import logging
import os
import signal
import socket
import sys
import time

import bottle
import prometheus_client
from cheroot import wsgi


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
BODY_LIMIT = setting("FUNC_MEMFILE_MAX", 100 * 1024 * 1024)
THREADS = setting("CHERRYPY_NUMTHREADS", 10)
CONTEXT = {
    "function-name": HANDLER,
    "timeout": TIMEOUT,
    "runtime": os.environ.get("FUNC_RUNTIME"),
    "memory-limit": os.environ.get("FUNC_MEMORY_LIMIT"),
}
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
    method = request.method
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


def logged(application):
    """The application, with a line for each request."""

    def run(environ, start_response):
        start, line = time.monotonic(), []

        def begin(status, headers, exc_info=None):
            line.append(status.split(" ")[0])
            return start_response(status, headers, exc_info)

        answered = application(environ, begin)
        spent = (time.monotonic() - start) * 1000
        log.info("%s %s %s %d ms", environ["REQUEST_METHOD"], environ["PATH_INFO"], line[-1], spent)
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
        logged(app) if is_logged else app,
        numthreads=THREADS + 4,
    )
    server.max_request_body_size = BODY_LIMIT
    # Until a signal.
    server.safe_start()
    # Whatever workers still do.
    os._exit(0)
