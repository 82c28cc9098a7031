// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.OutputException;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OneLine;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.passes.api.PassException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Turns what went wrong into one line on standard error and an exit code. */
final class Errors implements IExecutionExceptionHandler, IParameterExceptionHandler {
    /** Of a message; beyond it nobody reads. */
    private static final int MOST_LETTERS = 4000;

    private final Console console;
    private final BooleanSupplier stacktrace;

    Errors(Console console, BooleanSupplier stacktrace) {
        this.console = console;
        this.stacktrace = stacktrace;
    }

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        say(Usage.problem(e));
        console.note(Usage.help(e.getCommandLine()));
        return Main.BAD_INPUT;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine at, ParseResult parsed) {
        return report(e);
    }

    /** Says what went wrong and gives the exit code. */
    int report(Throwable thrown) {
        return told(thrown instanceof UncheckedIOException u && !(u instanceof OutputException) ? u.getCause() : thrown);
    }

    private int told(Throwable e) {
        return switch (e) {
            case OutputException o when o.readerGone() -> Main.DONE;
            case OutputException o -> fail(o.getMessage(), e);
            case InputException i -> {
                fail(i.getMessage(), e);
                if (i instanceof TextException t && !t.excerpt().isEmpty()) {
                    console.note(t.excerpt());
                }
                yield Main.BAD_INPUT;
            }
            case TypeException t -> {
                fail(t.getMessage(), e);
                yield Main.BAD_INPUT;
            }
            case InvalidPathException p -> {
                fail(locale(p), e);
                yield Main.BAD_INPUT;
            }
            case PassException p -> fail(p.getMessage(), e);
            case IOException io -> fail(describe(io), e);
            case OutOfMemoryError o -> fail(describe(o), e);
            default -> PassException.ofPlugin(e).map(this::told).orElseGet(() -> {
                fail("internal error: " + e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()), e);
                if (!stacktrace.getAsBoolean()) {
                    console.note("Run again with --stacktrace to see where, and please report it.");
                }
                return Main.FAILED;
            });
        };
    }

    private int fail(String message, Throwable e) {
        say(message);
        if (stacktrace.getAsBoolean()) {
            var trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace, true));
            console.note(trace.toString().stripTrailing());
        }
        return Main.FAILED;
    }

    private void say(String message) {
        String line = OneLine.of(message);
        console.note("depthc: " + (line.length() <= MOST_LETTERS ? line : line.substring(0, MOST_LETTERS) + "…"));
    }

    /** What a path that cannot be is about: on systems where almost every name can be, its characters. */
    static String locale(InvalidPathException e) {
        return "'" + e.getInput() + "' is no path that this locale can pass on; set a UTF-8 locale, such as LC_ALL=C.UTF-8";
    }

    private static String describe(IOException e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return switch (e) {
            case NoSuchFileException f -> f.getFile() + ": no such file or folder";
            case AccessDeniedException f -> f.getFile() + ": permission denied";
            case FileAlreadyExistsException f -> f.getFile() + ": exists already";
            case DirectoryNotEmptyException f -> f.getFile() + ": the folder is not empty";
            case NotDirectoryException f -> f.getFile() + ": is not a folder";
            default -> message;
        };
    }

    private static String describe(OutOfMemoryError e) {
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("heap") || message.contains("gc overhead")) {
            return "out of memory: the Java heap of " + Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB is full";
        }
        return "out of memory: " + e.getMessage();
    }
}
