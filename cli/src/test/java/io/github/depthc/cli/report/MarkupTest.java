// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MarkupTest {
    @Test
    void escapesMarkupAndBothQuotes() {
        assertEquals("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt; &amp;amp;", Markup.escape("<a b=\"c\" d='e'> &amp;"));
    }

    @Test
    void replacesWhatXmlCannotHold() {
        assertEquals("a\ufffdb\ufffdc\ufffd\t\n", Markup.escape("a\u0000b\udc00c\ufffe\t\n"));
        assertEquals("日本語 😀", Markup.escape("日本語 😀"));
    }

    @Test
    void fitsByColumns() {
        assertEquals("abc", Markup.fit("abc", 3));
        assertEquals("ab…", Markup.fit("abcd", 3));
        assertEquals("a b", Markup.fit(" a \n b ", 3));
        assertEquals("日…", Markup.fit("日本", 3));
        assertEquals("日本", Markup.fit("日本", 4));
        assertEquals("", Markup.fit("", 3));
    }
}
