// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** A template's text and how far it has been read. Knows its line without counting twice. */
final class Source {
    private final String text;
    private int at;
    private int counted;
    private int line = 1;

    /** As Jinja reads it: lines end with a newline alone, and the last one's is no part of it. */
    Source(String source) {
        String unix = source.replace("\r\n", "\n").replace('\r', '\n');
        text = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    boolean ended() {
        return at >= text.length();
    }

    int at() {
        return at;
    }

    int length() {
        return text.length();
    }

    void moveTo(int position) {
        at = position;
    }

    void skip(int characters) {
        at += characters;
    }

    /** The character that many ahead; a zero behind the end. */
    char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    char charAt(int position) {
        return text.charAt(position);
    }

    boolean startsWith(String what) {
        return text.startsWith(what, at);
    }

    int find(String what) {
        return text.indexOf(what, at);
    }

    String between(int from, int to) {
        return text.substring(from, to);
    }

    /** The line that is being read, from 1. */
    int line() {
        for (; counted < Math.min(at, text.length()); counted++) {
            line += text.charAt(counted) == '\n' ? 1 : 0;
        }
        return line;
    }

    TemplateException error(String what) {
        return new TemplateException(what).at(line());
    }
}
