# SPDX-License-Identifier: Apache-2.0
"""Writes goldens of chat templates: see README.md. Needs jinja2 only."""

import json
from datetime import datetime
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from expressions import CONTEXT, templates

CHAT = Path(__file__).resolve().parents[2] / "server/src/test/resources/chat"
NOW = datetime(2024, 7, 6, 15, 4, 5)


class Raised(Exception):
    """By the template itself."""


class Generation(jinja2.ext.Extension):
    """`{% generation %}`, which marks what a model says and prints what is in it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        return jinja2.nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True)).set_lineno(line)


def raise_exception(message):
    raise Raised(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    """As transformers sets it up for chat templates."""
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def outcome(env, template, values):
    """The text, or why there is none: the template cannot be read, or refuses by itself, or fails."""
    try:
        return {"text": env.from_string(template).render(**values)}
    except jinja2.TemplateSyntaxError:
        return {"error": "read"}
    except Raised as e:
        return {"error": "raised", "message": str(e)}
    except Exception:
        return {"error": "run"}


def write(name, rows):
    with open(CHAT / name, "w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def conversations(env):
    cases = json.loads((CHAT / "conversations.json").read_text(encoding="utf-8"))
    for file in sorted(CHAT.glob("*.jinja")):
        template = file.read_text(encoding="utf-8")
        for name, given in cases.items():
            for prompt in (False, True):
                values = {"bos_token": "<s>", "eos_token": "</s>"} | given | {"add_generation_prompt": prompt}
                yield {"template": file.stem, "conversation": name, "prompt": prompt} | outcome(env, template, values)


def main():
    env = environment()
    write("expected.jsonl", conversations(env))
    (CHAT / "context.json").write_text(json.dumps(CONTEXT, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    small = [{"template": t} | outcome(env, t, CONTEXT) for t in templates()]
    write("expressions.jsonl", [row for row in small if " at 0x" not in row.get("text", "")])


if __name__ == "__main__":
    main()
