// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.DType;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** A decoder for passes: an {@link OrtEngine} behind another interface. */
record OrtDecoder(OrtEngine engine) implements Executor.Decoder {
    @Override
    public Executor.Sequence sequence() {
        return new OrtSequence(engine.open());
    }

    @Override
    public void close() {
        engine.close();
    }

    private record OrtSequence(Slot slot) implements Executor.Sequence {
        @Override
        public HostTensor append(HostTensor input, boolean[] candidates) {
            return prefill(input, candidates, true);
        }

        @Override
        public HostTensor appendForLast(HostTensor input, boolean[] candidates) {
            return prefill(input, candidates, false);
        }

        private HostTensor prefill(HostTensor input, boolean[] candidates, boolean everyToken) {
            if (candidates.length != input.shape()[0]) {
                throw new IllegalArgumentException(candidates.length + " flags of candidates for " + input.shape()[0] + " tokens, expected one for each");
            }
            int[] ids = input.dtype() == DType.I64 ? Arrays.stream(input.longs()).mapToInt(Math::toIntExact).toArray() : null;
            float[] embeddings = ids == null ? input.floats() : null;
            StepOutput out;
            try {
                out = slot.prefill(new PromptInput(ids, embeddings, CandidateTokens.of(candidates), everyToken));
            } catch (NotFiniteException e) {
                throw new ArithmeticException(e.getCause().getMessage());
            }
            HostTensor copy = HostTensor.zeros(DType.F32, out.rows(), out.vocab());
            MemorySegment.copy(MemorySegment.ofBuffer(out.logits()), ValueLayout.JAVA_FLOAT, 0, copy.data(), ValueLayout.JAVA_FLOAT, 0, copy.size());
            return copy;
        }

        @Override
        public int[] cacheLengths() {
            return slot.cacheLengths();
        }

        @Override
        public void close() {
            slot.close();
        }
    }
}
