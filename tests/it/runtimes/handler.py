"""What the tests ask of a Function, by path."""

import time

import bottle
import toolz


def event_of(event, context):
    data = event["data"]
    fields = sorted([name, value] for name, value in event.items() if name.startswith("ce-"))
    return {
        "data": data.decode() if isinstance(data, bytes) else data,
        "fields": fields,
        "context": context,
    }


def fails(event, context):
    raise RuntimeError("made to fail")


def hold(event, context):
    time.sleep(1)
    return len(event["data"])


def peak(event, context):
    """The most memory that this process has had, in KiB."""
    with open("/proc/self/status") as status:
        return [line for line in status if line.startswith("VmHWM:")][0].split()[1]


ANSWERS = {
    "/hold": hold,
    "/peak": peak,
    "/event": event_of,
    "/text": lambda event, context: "42",
    "/number": lambda event, context: 42,
    "/nothing": lambda event, context: None,
    "/method": lambda event, context: event["extensions"]["request"].method,
    "/query": lambda event, context: event["extensions"]["request"].query.id,
    "/length": lambda event, context: len(event["data"]),
    "/dependency": lambda event, context: toolz.first(["2 days"]),
    "/fails": fails,
    "/rejects": fails,
    "/slow": lambda event, context: time.sleep(3),
    "/created": lambda event, context: bottle.HTTPResponse({"made": "up"}, 201, {"X-Made": "up"}),
}


def main(event, context):
    return ANSWERS[event["extensions"]["request"].path](event, context)
