// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.TemplateException.Reason;

/**
 * What one run of a template has taken, and the end of it when that is too much. Whatever a template does is charged here before it is done: what is looked at by {@link #touch},
 * what is made by {@link #make}, where a character counts one.
 */
final class Work {
    /** A statement, or a value of an expression, in characters looked at: they take about as long. */
    static final int STEP = 16;
    /** What objects take beside what they hold, in characters. */
    static final int OBJECT = 16;
    /** An element of a list. */
    static final int ELEMENT = 4;
    /** An entry of a mapping, or a name that has a value. */
    static final int ENTRY = 32;
    /** How deep values are nested that are looked at in whole. */
    static final int NESTED = 100;

    private static final long MOST_TOUCHED = 64L << 20;
    private static final long MOST_MADE = 16L << 20;
    private static final int DEEPEST = 400;

    private long touched;
    private long made;
    private int depth;

    /** That many characters are looked at. */
    void touch(long characters) {
        touched += characters;
        if (touched > MOST_TOUCHED) {
            throw new TemplateException("the template takes too long; it may look at " + MOST_TOUCHED + " characters, where a step counts as " + STEP, Reason.LIMIT);
        }
    }

    /** That many characters are made. */
    void make(long characters) {
        made += characters;
        if (made > MOST_MADE) {
            throw new TemplateException("the template takes too much memory; it may make " + MOST_MADE + " characters of text, lists and mappings", Reason.LIMIT);
        }
        touch(characters);
    }

    /** A list of that many elements is made. */
    void list(long elements) {
        make(OBJECT + elements * ELEMENT);
    }

    /** A statement or an expression in another one begins. */
    void enter() {
        touch(STEP);
        if (++depth > DEEPEST) {
            throw new TemplateException("statements, expressions and macros are more than " + DEEPEST + " deep in each other", Reason.LIMIT);
        }
    }

    /** It ends. */
    void leave() {
        depth--;
    }

    /** How deep a value is nested; refuses what is deeper than it may be. */
    static int nested(int level) {
        if (level > NESTED) {
            throw new TemplateException("a value is nested more than " + NESTED + " deep", Reason.LIMIT);
        }
        return level + 1;
    }
}
