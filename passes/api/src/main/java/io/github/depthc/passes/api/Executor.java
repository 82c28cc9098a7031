// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import java.util.Map;

/**
 * Runs flat graphs (no {@code layer} or {@code mod} nodes) so that a pass can measure a model, or one layer of it with
 * taps on any value (the values it yields), or whole sequences with their caches, without knowing the runtime.
 *
 * <p>Inputs by name: a tensor parameter by its own name; a rows parameter by {@code row_lengths} I64 {@code [rows]} (new
 * tokens of each row) and {@code row_starts} I64 {@code [rows]} (sequence index of each row's first new token). Caches
 * are for {@linkplain #decoder decoders}: of a graph, drop the cache operand of attention first.
 */
public interface Executor {
    /** Prepares a graph; its yields, all tensors, come out as {@code out.0}, {@code out.1}, …. */
    Program compile(Region graph, WeightStore weights);

    /**
     * Prepares a decoder, or some layers of one, as it will be served: prompts are routed, and what follows finds the caches that
     * they left.
     *
     * @param decoder flat, with the parameters and yields of a {@link Model}; the first yield may have any width
     */
    Decoder decoder(Model decoder);

    /** A decoder ready to run. Not thread-safe; close it, and with it its sequences, to free its weights and caches. */
    interface Decoder extends AutoCloseable {
        /** A sequence without tokens. */
        Sequence sequence();

        @Override
        void close();
    }

    /** A sequence that grows. Close it to free its caches. */
    interface Sequence extends AutoCloseable {
        /**
         * Appends tokens.
         *
         * @param input      token ids {@code i64[n]}, or embeddings {@code f32[n, d]} where the decoder takes those
         * @param candidates which of them may be skipped, one flag for each
         * @return the first yield for every one of them, {@code f32[n, width]}
         */
        HostTensor append(HostTensor input, boolean[] candidates);

        /**
         * As {@link #append}, where the last token's result alone is wanted; a runtime may compute less then.
         *
         * @return the first yield for the last token, {@code f32[1, width]}
         */
        default HostTensor appendForLast(HostTensor input, boolean[] candidates) {
            HostTensor all = append(input, candidates);
            long row = all.shape()[1] * all.dtype().bytes();
            return new HostTensor(all.dtype(), new long[] {1, all.shape()[1]}, all.data().asSlice(all.data().byteSize() - row, row));
        }

        /** Tokens in each layer's cache. */
        int[] cacheLengths();

        @Override
        void close();
    }

    /** A graph ready to run. Not thread-safe; close it to free its weights. */
    interface Program extends AutoCloseable {
        /** Runs once. Missing or misshapen inputs are an {@link IllegalArgumentException}. */
        List<HostTensor> run(Map<String, HostTensor> inputs);

        @Override
        void close();
    }
}
