// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Reads damaged texts: each must be refused with a {@link TextException}, or read, verified without a crash and printed as something that
 * reads back the same; and that within a second of processor time.
 */
public final class ParserFuzzer {
    /** What one text may take. */
    public static final Duration LIMIT = Duration.ofSeconds(1);

    private static final int MOST_SHOWN = 4000;

    private final OpSet ops;
    private final TextMutator mutator;

    /**
     * A fuzzer of these op kinds.
     *
     * @param texts valid {@code .mir} texts to damage
     */
    public ParserFuzzer(OpSet ops, List<String> texts) {
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("no texts to damage, expected at least one");
        }
        this.ops = ops;
        this.mutator = new TextMutator(texts);
    }

    /**
     * What came of it.
     *
     * @param texts   damaged texts
     * @param read    those that could be read all the same
     * @param slowest processor time of the slowest
     */
    public record Summary(int texts, int read, Duration slowest) {
    }

    /** The damaged texts of these seeds; fails with an {@link AssertionError} that names the seed and shows the text. */
    public Summary run(long first, int texts) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        int read = 0;
        long slowest = 0;
        for (long seed = first; seed < first + texts; seed++) {
            byte[] text = mutator.damaged(new SplittableRandom(seed));
            long start = threads.getCurrentThreadCpuTime();
            read += reads(text, seed) ? 1 : 0;
            long took = threads.getCurrentThreadCpuTime() - start;
            if (took > LIMIT.toNanos()) {
                throw failure(seed, "takes " + took / 1_000_000 + " ms", text, null);
            }
            slowest = Math.max(slowest, took);
        }
        return new Summary(texts, read, Duration.ofNanos(slowest));
    }

    private boolean reads(byte[] text, long seed) {
        String printed;
        try {
            Parser.Parsed parsed = Parser.parse(SourceText.of("fuzz.mir", text), ops);
            Verifier.check(parsed.model(WeightStore.EMPTY), ops);
            printed = print(parsed);
        } catch (TextException e) {
            return false;
        } catch (RuntimeException | StackOverflowError e) {
            throw failure(seed, "is neither read nor refused", text, e);
        }
        String again;
        try {
            again = print(Parser.parse(new SourceText("printed.mir", printed), ops));
        } catch (RuntimeException e) {
            throw failure(seed, "is read, but not when it is printed", text, e);
        }
        if (!again.equals(printed)) {
            throw failure(seed, "is another when it is printed and read back", text, null);
        }
        return true;
    }

    private static String print(Parser.Parsed parsed) {
        return parsed.info().isPresent() ? Printer.print(parsed.model(WeightStore.EMPTY)) : Printer.print(parsed.graph());
    }

    private static AssertionError failure(long seed, String what, byte[] text, Throwable cause) {
        String shown = new String(text, StandardCharsets.UTF_8);
        return new AssertionError("the damaged text of seed " + seed + " " + what + ":\n"
                + (shown.length() > MOST_SHOWN ? shown.substring(0, MOST_SHOWN) + "…" : shown), cause);
    }
}
