# SPDX-License-Identifier: Apache-2.0
"""Small templates, for each manner of using Jinja2; what is printed alone stands in `expressions.txt`, one in each line."""

from pathlib import Path

CONTEXT = {
    "n": 5, "x": 2.5, "s": "Hello, World", "e": "", "z": None, "t": True, "u8": "Grüße 🙂 東",
    "l": [3, 1, 2], "w": ["pear", "Apple", "fig", "apple"], "d": {"b": 1, "a": [1, None, True, 1.5, "x'y"], "items": "mine"},
    "p": [{"name": "Bo", "age": 3, "of": {"k": 1}}, {"name": "al", "age": 1, "of": {"k": 2}}, {"name": "Cy", "age": 3, "of": {}}],
}

# Statements and whitespace.
WHOLE = [
    "{% if n > 3 %}a{% elif n > 1 %}b{% else %}c{% endif %}", "{% if e %}a{% elif z %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}b", "{% if not missing is defined %}a{% endif %}",
    "{% for i in l %}{{ i }}{% endfor %}", "{% for i in [] %}{{ i }}{% else %}none{% endfor %}", "{% for k, v in d.items() %}{{ k }}:{{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for c in 'ab' %}[{{ c }}]{% endfor %}",
    "{% for i in missing %}{{ i }}{% else %}x{% endfor %}", "{% for i in none %}{{ i }}{% endfor %}", "{% for i in 5 %}{{ i }}{% endfor %}", "{% for i in l if i > 1 %}{{ loop.index }}{{ i }}{% endfor %}", "{% for i in l if i > 9 %}{{ i }}{% else %}no{% endfor %}",
    "{% for a, b in [[1, 2], (3, 4)] %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i in w %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for i in w %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}<{{ loop.nextitem }}{{ loop.changed(i|lower) }} {% endfor %}", "{% for i in l %}{% for j in l %}{{ loop.depth }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% break %}", "{% for i in [1, [2]] recursive %}{{ loop(i) if i is not number else i }}{% endfor %}",
    "{% for i in l %}{% set q = i %}{% endfor %}{{ q }}", "{% set q = 0 %}{% for i in l %}{% set q = q + i %}{% endfor %}{{ q }}", "{% set ns = namespace(q=0) %}{% for i in l %}{% set ns.q = ns.q + i %}{% endfor %}{{ ns.q }}", "{% if t %}{% set q = 1 %}{% endif %}{{ q }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a = 1, 2 %}{{ a }}", "{% set a, b = [1] %}", "{% set d.q = 1 %}", "{% set q.x = 1 %}", "{% set q %}a{{ n }}{% endset %}{{ q }}", "{% set q | upper %}abc{% endset %}{{ q }}", "{% set q | replace('a', 'b') | upper %}aa{% endset %}{{ q }}",
    "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aa{% endfilter %}", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "{% with %}{% set a = 3 %}{{ a }}{% endwith %}", "{% with a = n %}{% with n = 1, b = n %}{{ a }}{{ n }}{{ b }}{% endwith %}{% endwith %}",
    "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=1, a=0) }}{{ m() }}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ n }}{% endmacro %}{% set n = 9 %}{{ m() }}", "{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(q=2) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(k) %}{% if k %}{{ k }}{{ m(k - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "{% macro m() %}a{% endmacro %}{{ m()|upper ~ m.name }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}", "{% macro m(caller=none) %}{{ caller() if caller }}{% endmacro %}{{ m() }}{% call m() %}x{% endcall %}",
    "{% raw %}{{ n }}{% if %}{% endraw %}{{ n }}", "{% generation %}{{ n }}{% endgeneration %}", "{# c #}a{#- c -#} b", "{{ '{{' }}", "{{ '%}' }}", "{% if '%}' == '}}' %}{% endif %}", "{{ {'a': {'b': 1}}.a.b }}", "{{ {'a': {'b': 1}} }}",
    "a\n{% if t %}\nb\n{% endif %}\nc\n", "a\n  {% if t %}  \n  b\n  {% endif %}\nc", "a  {%- if t -%}  b  {%- endif -%}  c", "a\n  {{- n -}}  \nb", "  {{ n }}\nb", "  {%+ if t %}x{% endif %}", "{% if t +%}\nx{% endif %}", "a\n\n{% if t %}\n\nx{% endif %}\n\n", "x {#- c #} y\n {# d #}\nz", "a\r\nb\rc", "{{ n }}\n", "\n", "", " \n ",
    "a{% set q = 1 %}\n  {% set r = 2 %}  {{ q }}", "\t{% if t %}\t\n\ty{% endif %}\t\n", "{{n}}{{s}}", "{{ n|string|length }}", "{{-n-}} {{ - n }}", "{% if t %}{% if e %}1{% else %}2{% endif %}{% else %}3{% endif %}", "{%if t%}x{%endif%}", "{%- for i in l -%} {{ i }} {%- endfor -%}",
    "{{ raise_exception('no: ' ~ n) }}", "{% if e %}{{ raise_exception('x') }}{% endif %}ok", "{{ strftime_now('%d %b %Y') }}", "{{ strftime_now('%Y-%m-%dT%H:%M:%S %A %B %a %j %I %p %y %% %e %-d %U') }}", "{{ strftime_now() }}", "{{ nosuch() }}", "{{ n() }}", "{{ s|nosuch }}", "{% if e %}{{ s|nosuch }}{% endif %}ok", "{{ 1 if t else s|nosuch }}",
    "{% nosuch %}", "{% if t %}", "{% endif %}", "{{ n", "{{ }}", "{{ n n }}", "{{ (n }}", "{{ [1, 2 }}", "{% for in l %}{% endfor %}", "{% for i l %}{% endfor %}", "{% set 1 = 2 %}", "{% if t %}{% endfor %}", "{% else %}", "{{ 'a }}", "{# a", "{{ n. }}", "{{ n[ }}", "{{ n| }}", "{{ not }}", "{{ 1 + }}", "{{ f(a=1, 2) }}", "{{ $ }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% raw %}", "{% set %}", "{% block a %}x{% endblock %}", "{% include 'a' %}", "{% extends 'a' %}", "{% import 'a' as b %}", "{% from 'a' import b %}", "{% do l.append(1) %}", "{% autoescape true %}{{ '<' }}{% endautoescape %}", "{% trans %}a{% endtrans %}",
    "{{ s.__class__ }}", "{{ s.__class__.__mro__ }}", "{{ ''['__class__'] }}", "{{ s|attr('__class__') }}", "{{ s|attr('upper')() }}", "{{ d|attr('b') }}", "{{ range.__globals__ }}", "{{ self }}", "{{ loop }}", "{{ lipsum is defined }}{{ joiner is defined }}{{ cycler is defined }}", "{% for i in l %}{{ loop is defined }}{% endfor %}", "{{ [1, 2, 3][1:][0] }}", "{{ (n) }}", "{{ ((1, 2), 3)[0][1] }}", "{{ 'a' 'b' ~ 'c' }}", "{{ s[0].upper() }}", "{{ s|upper|lower|title }}", "{{ (s|upper)[0] }}", "{{ s|length > 3 and l }}", "{{ -n|abs }}", "{{ (-n)|abs }}", "{{ n|float / 2 }}", "{{ 2 * n|string }}", "{{ not n in l }}", "{{ n is odd and n in [5] }}", "{{ n is divisibleby 5 and t }}", "{{ 'a' if n is odd else 'b' }}", "{{ [i for i in l] }}", "{{ l[0], l[1] }}", "{{ {**d} }}", "{{ f'{n}' }}", "{{ lambda: 1 }}", "{{ dict(**{'a': 1}) }}", "{{ range(*[3])|list }}", "{{ l is sequence and l is not string and l is not mapping }}", "{{ x == 2.5 }}{{ 0.1 + 0.2 }}", "{{ 1.0 ~ '' }}{{ 100000000000000000000.0 }}{{ 1e-5 }}{{ 12345678.9 }}", "{{ 10 ** 20 }}", "{{ 9223372036854775807 + 1 }}", "{{ 9223372036854775807 * 2 }}", "{{ -9223372036854775808 }}", "{{ 5 // -2 }}{{ -5 // 2.0 }}{{ 1e308 * 10 }}{{ -1e308 * 10 }}", "{{ loop.index }}", "{% for i in l %}{{ loop.nosuch }}{% endfor %}", "{% for loop in l %}{{ loop }}{% endfor %}", "{% set true = 1 %}", "{% set none = 1 %}{{ none }}", "{{ true and none }}", "{{ True }}{{ False }}{{ None }}", "{{ TRUE }}",
]


def templates():
    """Each, once."""
    printed = (Path(__file__).parent / "expressions.txt").read_text().splitlines()
    return list(dict.fromkeys(["{{ " + p + " }}" for p in printed] + WHOLE))
