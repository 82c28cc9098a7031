// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.bert;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.Activations;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.op.LayerNorm;
import java.util.List;
import java.util.Set;

/**
 * BERT's encoder, {@code BertModel} as {@code modeling_bert.py} of transformers 4.57 computes it, without its pooler: attention over the
 * whole row, norms behind the residual additions, absolute positions from 0. All tokens are of type 0, as in a single text.
 */
public final class BertArchitecture implements Architecture {
    private static final String ABSOLUTE = "absolute";
    private static final String POSITIONS = "position_embedding_type";

    @Override
    public List<String> modelTypes() {
        return List.of("bert");
    }

    @Override
    public List<String> classNames() {
        return List.of("BertModel");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        JsonObject json = config.json();
        Features.check(json, Set.of());
        Features.refuse(json, "is_decoder");
        if (!json.optString(POSITIONS, ABSOLUTE).equals(ABSOLUTE)) {
            throw json.error(POSITIONS, ABSOLUTE + ": other position embeddings of BERT are not supported");
        }
        if (!tensors.withoutCheckpoint() && tensors.has("bert." + BertEncoder.WORDS)) {
            throw new InputException(json.file() + ": the tensors beside it begin with \"bert.\", as in a model with a task head, expected a BertModel on its own; "
                    + "in Python, load it with transformers' AutoModel.from_pretrained and write it with save_pretrained(\"NEW_FOLDER\")");
        }
        var norm = new LayerNorm(json.optDouble("layer_norm_eps", 1e-12, 0, 0.5));
        return new BertEncoder(config.info(modelTypes().getFirst()), json.optInt("type_vocab_size", 2, 1, 1 << 16), norm,
                Activations.of(json, "hidden_act", "gelu"), tensors).build();
    }

    /** all-MiniLM-L6-v2. */
    @Override
    public Set<Size> derivedSizes() {
        return Set.of(Size.KV_HEADS, Size.HEAD_DIM);
    }

    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["BertModel"],
                  "model_type": "bert",
                  "hidden_act": "gelu",
                  "hidden_size": 384,
                  "intermediate_size": 1536,
                  "num_hidden_layers": 6,
                  "num_attention_heads": 12,
                  "max_position_embeddings": 512,
                  "position_embedding_type": "absolute",
                  "type_vocab_size": 2,
                  "vocab_size": 30522,
                  "layer_norm_eps": 1e-12,
                  "pad_token_id": 0
                }
                """;
    }
}
