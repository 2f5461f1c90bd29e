"""A server that speaks just enough of MCP to misbehave; its first argument says how. It starts fast.

A second argument is a file to which it appends the method of each request that it reads. Further ones are a program
that a call leaves behind, in a session of its own, where it ``leaves`` one.
"""

import json
import os
import signal
import subprocess
import sys
import time

HOW = sys.argv[1]
if HOW.startswith("hostile"):
    import hostile_schemas as hostile


def say(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def tool(name, **more):
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def tools(asked):
    if HOW == "long names":
        return [tool("x" * 70 + "a"), tool("x" * 70 + "b"), tool("a.b"), tool("a/b"), tool("")]
    if HOW == "many":
        return [tool(f"t{asked}_{i}") for i in range(30)]
    if HOW == "odd descriptions":
        return [tool("a", title="Its title"), tool("b", title="Its title", description="Its description"), tool("c")]
    if HOW == "counts":
        return [tool(f"t{asked // 3}")]
    if HOW == "hostile output":
        return [tool("hello", outputSchema=hostile.SCHEMAS[sys.argv[2]][0]), tool("other")]
    if HOW == "hostile input":
        return [{"name": "hello", "inputSchema": hostile.SCHEMAS[sys.argv[2]][0]}, tool("other")]
    return [tool("hello")]


def main():
    if HOW == "garbage":
        for _ in range(5):
            print("Welcome to my server!\n{]\n[]\n\x00", flush=True)
    if HOW == "only garbage":
        print("Welcome to my server!", flush=True)
        sys.exit("it was no server")
    if HOW == "error":
        sys.exit("first line\nModuleNotFoundError: no such module\n\n")
    if HOW == "silent error":
        sys.exit(3)
    if HOW == "long error":
        sys.exit("x" * 100_000 + "\nthe last line")
    if HOW == "odd error":
        sys.stderr.buffer.write(b"\xff\xfe the last line\n")
        sys.exit(1)
    if HOW == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asked = 0
    for line in sys.stdin:
        message = json.loads(line)
        method, number = message.get("method"), message.get("id")
        if len(sys.argv) > 2 and not HOW.startswith("hostile"):
            with open(sys.argv[2], "a") as notes:
                notes.write(f"{method}\n")
        if number is None:
            continue
        if method == "initialize":
            version = message["params"]["protocolVersion"]
            told = {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}},
                    "serverInfo": {"name": HOW, "version": "1"}}  # fmt: skip
            say(id=number, result=told)
        elif method == "tools/list":
            asked += 1
            result = {"tools": tools(asked)}
            if HOW == "many":
                result["nextCursor"] = str(asked)
            if HOW == "silent" and asked > 1:
                continue
            say(id=number, result=result)
            if HOW == "logs":
                say(method="notifications/message", params={"level": "info", "data": "the tools were listed"})
            if HOW == "changes" and asked == 1:
                say(method="notifications/tools/list_changed")
            if HOW == "dies idle" and asked > 1:
                print("it had enough", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        elif method == "tools/call":
            name = message["params"]["name"]
            if HOW == "busy":
                time.sleep(1)
            if HOW == "leaves":
                subprocess.Popen(sys.argv[3:], start_new_session=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
            if HOW == "dies":
                print("no more of this", file=sys.stderr, flush=True)
                sys.exit(1)
            content = {
                "images": [
                    {"type": "image", "data": "AAAA", "mimeType": "image/png"},
                    {"type": "text", "text": "done"},
                ],
                "resources": [
                    {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
                    {"type": "resource", "resource": {"uri": "file:///b", "blob": "AAAA"}},
                    {"type": "resource_link", "uri": "file:///c", "name": "c"},
                ],
            }.get(HOW, [{"type": "text", "text": f"hello {name}"}])
            result = {"content": content}
            if HOW == "hostile output" and name == "hello":
                result = {"content": [], "structuredContent": hostile.SCHEMAS[sys.argv[2]][1]}
            if HOW == "structured":
                result = {"content": [], "structuredContent": {"t": 12}}
            if HOW == "errors":
                result = {"content": [], "isError": True}
            if HOW == "big":
                result = {"content": [{"type": "text", "text": "x" * 100_000}]}
            if HOW == "nonsense":
                result = {"content": "nonsense"}
            if HOW == "refuses":
                say(id=number, error={"code": -32602, "message": "Unknown\ntool"})
                continue
            say(id=number, result=result)
        else:
            say(id=number, error={"code": -32601, "message": "Method not found"})
    if HOW == "stubborn":
        while True:
            time.sleep(1)


main()
