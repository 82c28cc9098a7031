// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.passes.api.PassContext.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compares two models on texts: the first tokens of each are the prompt, prefilled with routing; the rest is decoded
 * teacher-forced, so that both see the same tokens.
 *
 * @param promptTokens       length of the prompts
 * @param continuationTokens tokens decoded after each
 */
record Evaluation(int promptTokens, int continuationTokens) {
    /** The results, prompt by prompt; the models are used in turns. */
    List<PromptResult> run(Subject subject, Subject against, List<int[]> texts, Progress progress) {
        var results = new ArrayList<PromptResult>();
        for (int[] text : texts) {
            progress.at("evaluating", results.size(), texts.size());
            results.add(one(subject, against, text));
        }
        progress.at("evaluating", texts.size(), texts.size());
        return results;
    }

    private PromptResult one(Subject subject, Subject against, int[] text) {
        int[] prompt = Arrays.copyOf(text, promptTokens);
        var nll = new double[continuationTokens];
        var againstNll = new double[continuationTokens];
        var kl = new double[continuationTokens];
        var agrees = new boolean[continuationTokens];
        try (Slot a = subject.slot(); Slot b = against.slot()) {
            Distribution ofA = Distribution.of(subject.prefill(a, prompt), 0);
            Distribution ofB = Distribution.of(against.prefill(b, prompt), 0);
            int[] first = {ofA.best(), ofB.best()};
            double[] flops = {subject.flops(promptTokens, a.cacheLengths()), against.flops(promptTokens, b.cacheLengths())};
            long[] kvBytes = {a.kvBytesUsed(), b.kvBytesUsed()};
            for (int i = 0; i < continuationTokens; i++) {
                int token = text[promptTokens + i];
                nll[i] = ofA.nll(token);
                againstNll[i] = ofB.nll(token);
                kl[i] = ofB.kl(ofA);
                agrees[i] = ofA.best() == ofB.best();
                if (i + 1 < continuationTokens) {
                    ofA = Distribution.of(subject.step(a, token), 0);
                    ofB = Distribution.of(against.step(b, token), 0);
                }
            }
            return new PromptResult(nll, againstNll, kl, agrees, match(subject, against, prompt, first), flops, kvBytes);
        }
    }

    /**
     * How many tokens the two write alike when each goes on by itself, greedily; not more than the continuation has.
     *
     * @param first the first token of each
     */
    private int match(Subject subject, Subject against, int[] prompt, int[] first) {
        if (first[0] != first[1]) {
            return 0;
        }
        try (Slot a = subject.slot(); Slot b = against.slot()) {
            subject.prefill(a, prompt);
            against.prefill(b, prompt);
            int ofA = first[0];
            int ofB = first[1];
            int equal = 0;
            while (ofA == ofB && ++equal < continuationTokens) {
                int token = ofA;
                ofA = Distribution.of(subject.step(a, token), 0).best();
                ofB = Distribution.of(against.step(b, token), 0).best();
            }
            return equal;
        }
    }
}
