"""An MCP server all of whose texts are hostile: the first argument is a file with texts by their field, as JSON."""

import json
import sys
from pathlib import Path

TEXTS = json.loads(Path(sys.argv[1]).read_text())


def say(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def tool(name):
    argument = {"type": "string", "title": TEXTS["mcp title"], "description": TEXTS["mcp argument"]}
    schema = {"type": "object", "properties": {TEXTS["mcp property"]: argument}}
    return {"name": name, "title": TEXTS["mcp title"], "description": TEXTS["mcp description"], "inputSchema": schema}


def result(name):
    text = {"type": "text", "text": TEXTS["mcp result"]}
    link = {"type": "resource_link", "uri": f"file:///{TEXTS['mcp link']}", "name": TEXTS["mcp link"]}
    return {"content": [text, link], "isError": name == "wrong"}


print(TEXTS["mcp stderr"], file=sys.stderr, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    number, method = message.get("id"), message.get("method")
    if number is None:
        continue
    if method == "initialize":
        about = {"name": TEXTS["mcp server"], "title": TEXTS["mcp server"], "version": TEXTS["mcp version"]}
        version = message["params"]["protocolVersion"]
        instructions = TEXTS["mcp instructions"]
        told = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}
        say(id=number, result=told | {"instructions": instructions})
    elif method == "tools/list":
        say(id=number, result={"tools": [tool(name) for name in ("right", "wrong", "refused", TEXTS["mcp tool"])]})
        say(method="notifications/message", params={"level": "error", "data": TEXTS["mcp log"]})
    elif method == "tools/call" and message["params"]["name"] == "refused":
        say(id=number, error={"code": -32602, "message": TEXTS["mcp error"], "data": TEXTS["mcp error"]})
    elif method == "tools/call":
        say(id=number, result=result(message["params"]["name"]))
    else:
        say(id=number, error={"code": -32601, "message": TEXTS["mcp error"]})
