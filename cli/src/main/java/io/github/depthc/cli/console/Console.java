// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * Where a command prints: results on standard output, remarks and progress on standard error. Text of ours is reduced to
 * ASCII where the terminal knows no more, and control characters in names and messages are written out; what goes through {@link #text}
 * is left as it is.
 */
public final class Console {
    private final CheckedOutput checked;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean unicodeOut;
    private final boolean unicodeErr;
    private final Terminals terminals;
    private Progress shown;
    private final Set<String> noted = new HashSet<>();

    /**
     * A console on given streams.
     *
     * @param out       standard output
     * @param err       standard error
     * @param unicode   whether they show more than ASCII
     * @param terminals which of them a person looks at
     */
    public Console(OutputStream out, OutputStream err, boolean unicode, Terminals terminals) {
        this(out, StandardCharsets.UTF_8, unicode, err, StandardCharsets.UTF_8, unicode, terminals);
    }

    private Console(OutputStream out, Charset outCharset, boolean unicodeOut, OutputStream err, Charset errCharset,
            boolean unicodeErr, Terminals terminals) {
        this.checked = new CheckedOutput(new BufferedOutputStream(out));
        this.out = new PrintStream(checked, false, outCharset);
        this.err = new PrintStream(err, true, errCharset);
        this.unicodeOut = unicodeOut;
        this.unicodeErr = unicodeErr;
        this.terminals = terminals;
    }

    /** The console of this process. */
    public static Console system() {
        Charset out = charset("stdout.encoding");
        Charset err = charset("stderr.encoding");
        return new Console(new FileOutputStream(FileDescriptor.out), writable(out), isUnicode(out),
                new FileOutputStream(FileDescriptor.err), writable(err), isUnicode(err), Terminals.system());
    }

    /** Prints a line of ours on standard output. That nobody reads on is no reason to stop what the command is doing. */
    public void line(String text) {
        out.print(unicodeOut ? Controls.shown(text) : Ascii.fold(Controls.shown(text)));
        out.print('\n');
        checked.checkUnlessReaderGone();
    }

    /** Prints text as it is on standard output, at once; {@link OutputException} if it could not be written. */
    public void text(String text) {
        out.print(text);
        flush();
    }

    /** The same as {@link #note}, unless this line has been printed so before. */
    public synchronized void noteOnce(String text) {
        if (noted.add(text)) {
            note(text);
        }
    }

    /** Prints a line of ours on standard error, after what was printed on standard output before it. */
    public synchronized void note(String text) {
        out.flush();
        if (shown != null) {
            shown.erase();
        }
        err.print(foldErr(Controls.shown(text)) + "\n");
        err.flush();
    }

    /** Sends on what standard output holds back; {@link OutputException} if any of it could not be written. */
    public void flush() {
        out.flush();
        checked.check();
    }

    /** Standard output for libraries that print by themselves. */
    public PrintWriter writer() {
        return new PrintWriter(out, true);
    }

    /** Whether standard output shows more than ASCII. */
    public boolean unicode() {
        return unicodeOut;
    }

    /** Whether a person looks at standard output. */
    public boolean outIsTerminal() {
        return terminals.out();
    }

    /** Begins to show how some work goes forward; close it when the work has ended. */
    public synchronized Progress progress() {
        shown = new Progress(this, terminals.errColumns(), System::nanoTime);
        return shown;
    }

    String foldErr(String text) {
        return unicodeErr ? text : Ascii.fold(text);
    }

    boolean unicodeErr() {
        return unicodeErr;
    }

    void raw(String text) {
        err.print(foldErr(text));
        err.flush();
    }

    private static Charset charset(String property) {
        return Charset.forName(System.getProperty(property, "US-ASCII"), StandardCharsets.US_ASCII);
    }

    private static boolean isUnicode(Charset charset) {
        return charset.equals(StandardCharsets.UTF_8);
    }

    /** Without a locale set the charset is ASCII; a model's text is then better written in UTF-8 than as question marks. */
    private static Charset writable(Charset charset) {
        return charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
    }
}
