// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.passes.api.HostTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A bundle's embedding: embeddings of token ids, and the learned ones that stand for no token. */
public final class TextEmbedding implements AutoCloseable {
    private final OrtComponent component;

    private TextEmbedding(OrtComponent component) {
        this.component = component;
    }

    /** Loads it; as {@link OrtComponent#open}. */
    public static TextEmbedding open(Bundle bundle, OrtOptions options) throws IOException {
        // A table of which rows are taken is the same packed or not.
        return new TextEmbedding(OrtComponent.open(bundle, Bundle.EMBEDDING, options.withPrepacking(false)));
    }

    /** Embeddings {@code [ids, hidden]}; the ids must be in the vocabulary. */
    public float[] of(int... ids) {
        return run(ids).getFirst().floats();
    }

    /** The learned embedding {@code [hidden]} of that place among the learned ones; empty if the bundle has none there. */
    public Optional<float[]> learned(int index) {
        List<HostTensor> outputs = run(0);
        return outputs.size() > 1 + index ? Optional.of(outputs.get(1 + index).floats()) : Optional.empty();
    }

    private List<HostTensor> run(int... ids) {
        return component.run(Map.of(GraphNames.TOKEN_IDS, HostTensor.of(Arrays.stream(ids).asLongStream().toArray())));
    }

    @Override
    public void close() {
        component.close();
    }
}
