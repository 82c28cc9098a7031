// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.InputException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SamplerTest {
    private static StepOutput rows(int vocab, float... logits) {
        return new StepOutput(logits.length / vocab, vocab, FloatBuffer.wrap(logits));
    }

    private static int[] draw(SamplingOptions options, StepOutput output, int n) {
        var sampler = new Sampler(options);
        var counts = new int[output.vocab()];
        for (int i = 0; i < n; i++) {
            counts[sampler.next(output, 0)]++;
        }
        return counts;
    }

    @Test
    void greedyTakesTheLowerIdAmongEquals() {
        var sampler = new Sampler(SamplingOptions.GREEDY);
        StepOutput output = rows(4, 0, 3, 3, 1, -1, -2, -3, -1);
        assertEquals(1, sampler.next(output, 0));
        assertEquals(0, sampler.next(output, 1));
    }

    @Test
    void frequenciesFollowTheProbabilities() {
        StepOutput output = rows(3, (float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2));
        int[] counts = draw(new SamplingOptions(1, 1, 7), output, 100_000);
        assertEquals(0.5, counts[0] / 1e5, 0.01);
        assertEquals(0.3, counts[1] / 1e5, 0.01);
        // Half the temperature squares the odds: 0.25 : 0.09 : 0.04.
        int[] cold = draw(new SamplingOptions(0.5, 1, 7), output, 100_000);
        assertEquals(0.25 / 0.38, cold[0] / 1e5, 0.01);
    }

    @Test
    void topPCutsTheTail() {
        StepOutput output = rows(3, (float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2));
        int[] counts = draw(new SamplingOptions(1, 0.7, 7), output, 100_000);
        assertEquals(0, counts[2]);
        assertEquals(0.5 / 0.8, counts[0] / 1e5, 0.01);
        assertEquals(1000, draw(new SamplingOptions(1, 1e-9, 7), output, 1000)[0]);
    }

    @Test
    void aSeedIsReproducible() {
        StepOutput output = rows(5, 0, 0, 0, 0, 0);
        assertEquals(sequence(1, output), sequence(1, output));
        assertNotEquals(sequence(1, output), sequence(2, output));
    }

    private static List<Integer> sequence(long seed, StepOutput output) {
        var sampler = new Sampler(new SamplingOptions(1, 1, seed));
        var tokens = new ArrayList<Integer>();
        for (int i = 0; i < 50; i++) {
            tokens.add(sampler.next(output, 0));
        }
        return tokens;
    }

    @Test
    void logprobs() {
        StepOutput output = rows(4, 1, (float) (1 + Math.log(2)), 1, -100);
        List<Sampler.TokenLogprob> top = Sampler.topLogprobs(output, 0, 3);
        assertEquals(List.of(1, 0, 2), top.stream().map(Sampler.TokenLogprob::token).toList());
        assertEquals(Math.log(0.5), top.getFirst().logprob(), 1e-6);
        assertEquals(Math.log(0.25), Sampler.logprob(output, 0, 2), 1e-6);
        assertEquals(List.of(), Sampler.topLogprobs(output, 0, 0));
        assertEquals(4, Sampler.topLogprobs(output, 0, 9).size());
    }

    @Test
    void senselessOptions() {
        assertThrows(InputException.class, () -> new SamplingOptions(-1, 1, 0));
        assertThrows(InputException.class, () -> new SamplingOptions(Double.NaN, 1, 0));
        assertThrows(InputException.class, () -> new SamplingOptions(1, 0, 0));
        assertThrows(InputException.class, () -> new SamplingOptions(1, 1.5, 0));
    }
}
