"""The reward host for Python: user code in its own process, apart from the trainer.

One JSON object a line: requests on stdin, replies on the original stdout, which is moved out of user code's
reach first, so that prints (also from C) can't corrupt them. Standard library only; Python 3.8 or newer.
"""
import asyncio
import importlib.util
import inspect
import io
import json
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback

CONSOLE_LIMIT = 10_000

_replies = os.fdopen(os.dup(1), "wb", buffering=0)
_requests = os.fdopen(os.dup(0), "rb")
os.dup2(2, 1)
_null = os.open(os.devnull, os.O_RDONLY)
os.dup2(_null, 0)


def reply(message):
    data = (json.dumps(message, allow_nan=False) + "\n").encode("utf-8")
    while data:
        data = data[_replies.write(data):]


class ConsoleCapture(io.TextIOBase):
    """Stands in for sys.stdout and sys.stderr and keeps what one call prints."""

    def __init__(self):
        self.parts, self.size, self.left = [], 0, 0

    def writable(self):
        return True

    def write(self, text):
        kept = text[: CONSOLE_LIMIT - self.size]
        self.parts.append(kept)
        self.size += len(kept)
        self.left += len(text) - len(kept)
        return len(text)

    def take(self):
        text = "".join(self.parts)
        if self.left:
            text += "\n… %d more characters" % self.left
        self.parts, self.size, self.left = [], 0, 0
        return text


captured = ConsoleCapture()
modules = {}


class LoadProblem(Exception):
    pass


def load_module(file):
    if file not in modules:
        name = os.path.splitext(os.path.basename(file))[0].replace(".", "_")
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        folder = os.path.dirname(file)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        modules[file] = module
    return modules[file]


def choose_export(module, wanted):
    own = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
    if wanted is not None:
        if callable(getattr(module, wanted, None)):
            return wanted
        found = "It defines %s." % ", ".join(own) if own else "It defines no function."
        raise LoadProblem('This file defines no function "%s". %s' % (wanted, found))
    if "compute_score" in own:
        return "compute_score"
    if len(own) == 1:
        return own[0]
    if not own:
        raise LoadProblem("This file defines no function. Define the reward function.")
    raise LoadProblem(
        'This file defines several functions (%s). Say which with "export" in the run file.' % ", ".join(own)
    )


def signature_of(function):
    """verl: has a parameter solution_str; trl: has completions, or takes **columns."""
    parameters = inspect.signature(function).parameters
    if "solution_str" in parameters:
        return "verl"
    if "completions" in parameters:
        return "trl"
    raise LoadProblem(
        "The signature %s%s is not known. Use (prompts, completions, completion_ids, **columns) as in TRL, or "
        "(data_source, solution_str, ground_truth, extra_info=None) as in verl."
        % (getattr(function, "__name__", "function"), inspect.signature(function))
    )


def load(request):
    identity, file = request["id"], request["file"]
    try:
        module = load_module(file)
        name = choose_export(module, request.get("export"))
        return {"id": identity, "type": "loaded", "export": name, "signature": signature_of(getattr(module, name))}
    except LoadProblem as problem:
        return {"id": identity, "type": "loadFailed", "reason": str(problem), "place": {"file": file}}
    except BaseException as error:  # SystemExit at import too
        place = {"file": file}
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            place = {"file": error.filename, "line": error.lineno}
            if error.offset and error.offset > 0:
                place["column"] = error.offset
            reason = "Syntax error: %s" % error.msg
        else:
            frames = user_frames(error)
            if frames:
                place = {"file": frames[-1].filename, "line": frames[-1].lineno}
            reason = one_line(error)
        return {"id": identity, "type": "loadFailed", "reason": reason, "place": place, "stack": user_stack(error)}


def user_frames(error):
    hidden = (__file__, "<frozen")
    return [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(hidden)]


def one_line(error):
    return "".join(traceback.format_exception_only(type(error), error)).strip().split("\n")[-1]


def user_stack(error):
    head = ["Traceback (most recent call last):\n"] + traceback.format_list(user_frames(error))
    return "".join(head + traceback.format_exception_only(type(error), error)).rstrip()


def is_conversation(prompt):
    return (
        isinstance(prompt, list)
        and len(prompt) > 0
        and all(isinstance(message, dict) and "role" in message and "content" in message for message in prompt)
    )


def columns_of(samples):
    """The dataset's columns as lists; the mapped answer beside them unless the dataset has these columns."""
    names = []
    for sample in samples:
        names.extend(name for name in sample["row"] if name not in names)
    answers = [sample.get("answer") for sample in samples]
    columns = {"answer": answers, "ground_truth": answers}
    for name in names:
        if name not in ("prompt", "prompts", "completion", "completions", "completion_ids"):
            columns[name] = [sample["row"].get(name) for sample in samples]
    return columns


def call_trl(function, samples):
    # As in TRL: where the dataset's prompts are conversations, completions are too.
    prompts, completions = [], []
    for sample in samples:
        row_prompt = sample["row"].get("prompt")
        if is_conversation(row_prompt):
            prompts.append(row_prompt)
            completions.append([{"role": "assistant", "content": sample["completion"]}])
        else:
            prompts.append(sample["prompt"])
            completions.append(sample["completion"])
    given = columns_of(samples)
    given.update(prompts=prompts, completions=completions, completion_ids=[s["tokenIds"] for s in samples])
    parameters = inspect.signature(function).parameters.values()
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        accepted = {parameter.name for parameter in parameters}
        given = {name: value for name, value in given.items() if name in accepted}
    return finished(function(**given))


def call_verl(function, sample):
    row = sample["row"]
    given = {
        "data_source": row.get("data_source"),
        "solution_str": sample["completion"],
        "ground_truth": sample.get("answer"),
        "extra_info": row.get("extra_info"),
    }
    parameters = inspect.signature(function).parameters.values()
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        accepted = {parameter.name for parameter in parameters}
        given = {name: value for name, value in given.items() if name in accepted}
    return finished(function(**given))


def finished(returned):
    return asyncio.run(returned) if inspect.iscoroutine(returned) else returned


def plain(value):
    """A value as JSON can carry it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def outcome_of(returned):
    if returned is None:
        return {"value": None}
    if isinstance(returned, dict) and "score" in returned and not isinstance(returned["score"], dict):
        outcome = outcome_of(returned["score"])
        details = plain({key: value for key, value in returned.items() if key != "score"})
        if "value" in outcome and details:
            too_long = len(json.dumps(details)) > CONSOLE_LIMIT
            outcome["details"] = {"tooLong": "the details were left out"} if too_long else details
        return outcome
    if isinstance(returned, (str, bytes)) or not hasattr(returned, "__float__"):
        reason = "The function returned %.80r (%s); return a number, or None for \"does not apply\"." % (
            returned,
            type(returned).__name__,
        )
        return {"invalid": "notANumber", "reason": reason}
    value = float(returned)
    if not math.isfinite(value):
        reason = "The function returned %s; a reward must be a finite number." % value
        return {"invalid": "notFinite", "reason": reason}
    return {"value": value}


def outcomes_of_batch(returned, expected):
    if isinstance(returned, (str, dict)) or not hasattr(returned, "__len__") or not hasattr(returned, "__iter__"):
        reason = "The function returned %s; return a list with one score a completion." % type(returned).__name__
        return [{"invalid": "notANumber", "reason": reason}] * expected
    if len(returned) != expected:
        reason = "The function returned %d scores for %d completions; return one each, in order." % (
            len(returned),
            expected,
        )
        return [{"invalid": "wrongLength", "reason": reason}] * expected
    return [outcome_of(item) for item in returned]


def call_function(function, signature, samples):
    """Outcomes of one call, and whether it failed as a whole."""
    try:
        if signature == "trl":
            return outcomes_of_batch(call_trl(function, samples), len(samples)), False
        return [outcome_of(call_verl(function, samples[0]))], False
    except (Exception, SystemExit) as error:
        outcome = {"invalid": "threw", "reason": one_line(error), "stack": user_stack(error)}
        return [outcome] * len(samples), True


def unpack(packed, index):
    """One of a request's samples; a copy of its row of its own (packed-samples.ts)."""
    at, completion, text, token_ids = packed["samples"][index]
    sample = json.loads(packed["common"][at])
    sample["completion"], sample["tokenIds"] = text, token_ids
    sample["group"] = {"index": sample.pop("index"), "completion": completion, "size": sample.pop("size")}
    return sample


def score(request):
    identity = request["id"]
    function = getattr(load_module(request["file"]), request["export"])
    signature = signature_of(function)
    for call, indices in enumerate(request["calls"]):
        samples = [unpack(request["samples"], index) for index in indices]
        captured.take()
        reply({"id": identity, "type": "begin", "call": call})
        started = time.perf_counter()
        outcomes, whole = call_function(function, signature, samples)
        facts = {"ms": (time.perf_counter() - started) * 1000}
        console = captured.take()
        if console:
            facts["console"] = console
        told = [dict(outcome, **facts) if index == 0 else outcome for index, outcome in enumerate(outcomes)]
        reply({"id": identity, "type": "result", "call": call, "outcomes": told, "whole": whole})
    reply({"id": identity, "type": "done"})


def read_requests(lines):
    """On its own thread, so that the end of stdin (the client is gone) ends even a busy host."""
    for line in _requests:
        lines.put(line)
    lines.put(None)
    time.sleep(0.5)
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def main():
    sys.stdout = sys.stderr = captured
    sys.dont_write_bytecode = True
    lines = queue.Queue()
    threading.Thread(target=read_requests, args=(lines,), daemon=True).start()
    reply({"type": "ready", "version": "%d.%d.%d" % sys.version_info[:3]})
    while True:
        line = lines.get()
        if line is None:
            os._exit(0)
        request = json.loads(line)
        if request["type"] == "load":
            reply(load(request))
        else:
            score(request)


if __name__ == "__main__":
    main()
