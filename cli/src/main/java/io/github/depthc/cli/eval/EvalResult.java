// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What the prompts gave together.
 *
 * @param prompts one result for each, of continuations of equal length
 */
record EvalResult(List<PromptResult> prompts) {
    /** Mean negative log-likelihood of a token, in nats, by the subject. */
    Estimate nll() {
        return mean(p -> Arrays.stream(p.nll()).average().orElseThrow());
    }

    /** The same by the other model. */
    Estimate againstNll() {
        return mean(p -> Arrays.stream(p.againstNll()).average().orElseThrow());
    }

    /** The difference of the two, which has a narrower interval than either: the same tokens are hard for both. */
    Estimate addedNll() {
        return mean(p -> Arrays.stream(p.nll()).average().orElseThrow() - Arrays.stream(p.againstNll()).average().orElseThrow());
    }

    /** Mean KL(other ‖ subject), in nats. */
    Estimate kl() {
        return mean(p -> Arrays.stream(p.kl()).average().orElseThrow());
    }

    /** The KL that 95 % of the tokens do not exceed. */
    Estimate kl95() {
        return Estimate.of(prompts.size(), drawn -> quantile(Arrays.stream(drawn).mapToObj(i -> prompts.get(i).kl()), 0.95));
    }

    /** The largest KL of all tokens. */
    double largestKl() {
        return prompts.stream().flatMapToDouble(p -> Arrays.stream(p.kl())).max().orElseThrow();
    }

    /** Share of the tokens where both find the same one likeliest. */
    Estimate agreement() {
        return mean(p -> IntStream.range(0, p.agrees().length).filter(i -> p.agrees()[i]).count() / (double) p.agrees().length);
    }

    /** Equal tokens at the beginning of the two greedy continuations. */
    Estimate match() {
        return mean(PromptResult::match);
    }

    /** FLOPs of a prefill as it is run, subject and other. */
    double[] flops() {
        return IntStream.range(0, 2).mapToDouble(i -> prompts.stream().mapToDouble(p -> p.flops()[i]).average().orElseThrow()).toArray();
    }

    /** KV bytes after a prompt, subject and other. */
    double[] kvBytes() {
        return IntStream.range(0, 2).mapToDouble(i -> prompts.stream().mapToDouble(p -> p.kvBytes()[i]).average().orElseThrow()).toArray();
    }

    /** At each place of the continuation: mean KL, and the KL that 95 % of the prompts do not exceed. */
    double[][] klByPlace() {
        int tokens = prompts.getFirst().kl().length;
        return IntStream.range(0, tokens).mapToObj(t -> {
            double[] here = prompts.stream().mapToDouble(p -> p.kl()[t]).toArray();
            return new double[] {Arrays.stream(here).average().orElseThrow(), quantile(Stream.of(here), 0.95)};
        }).toArray(double[][]::new);
    }

    private Estimate mean(ToDoubleFunction<PromptResult> ofPrompt) {
        double[] values = prompts.stream().mapToDouble(ofPrompt).toArray();
        return Estimate.of(values.length, drawn -> Arrays.stream(drawn).mapToDouble(i -> values[i]).average().orElseThrow());
    }

    private static double quantile(Stream<double[]> parts, double q) {
        double[] sorted = parts.flatMapToDouble(DoubleStream::of).sorted().toArray();
        return sorted[(int) Math.ceil(q * sorted.length) - 1];
    }
}
