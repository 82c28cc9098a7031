// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

/**
 * What stands around the layers of a decoder.
 *
 * @param norms          style of all norms
 * @param tiedEmbeddings whether the LM head is the embedding table
 * @param embeddingScale factor on the embeddings
 * @param logitSoftcap   cap of the logits, 0 for none
 */
public record DecoderStyle(NormStyle norms, boolean tiedEmbeddings, double embeddingScale, double logitSoftcap) {
    /** The usual: plain norms, embeddings as they are, no cap. */
    public static DecoderStyle of(double normEpsilon, boolean tiedEmbeddings) {
        return new DecoderStyle(new NormStyle(normEpsilon, false), tiedEmbeddings, 1, 0);
    }
}
