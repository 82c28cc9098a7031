// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Holds the sizes in {@code bundle.json} against those in the checkpoint's {@code config.json}, where the bundle has it. */
final class ConfigAgreement {
    private static final String CONFIG = "config.json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ConfigAgreement() {
    }

    /** {@link InputException} names the first size that the two files have differently. */
    static void check(Path folder, BundleInfo info) throws IOException {
        if (info.files().stream().noneMatch(f -> f.path().equals(CONFIG))) {
            return;
        }
        Path file = folder.resolve(CONFIG);
        JsonNode config;
        try {
            config = MAPPER.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": no valid JSON; restore it or convert the model again", e);
        }
        JsonNode text = config.path("text_config");
        if (text.isObject()) {
            config = text;
        }
        ModelInfo m = info.model();
        check(folder, "layers", m.layers(), config, "num_hidden_layers");
        check(folder, "hidden", m.hidden(), config, "hidden_size");
        check(folder, "heads", m.heads(), config, "num_attention_heads");
        check(folder, "kv_heads", m.kvHeads(), config, "num_key_value_heads");
        check(folder, "head_dim", m.headDim(), config, "head_dim");
        check(folder, "intermediate", m.intermediate(), config, "intermediate_size");
        check(folder, "vocab", m.vocab(), config, "vocab_size");
        check(folder, "context", m.context(), config, "max_position_embeddings");
    }

    private static void check(Path folder, String field, int value, JsonNode config, String key) {
        JsonNode stated = config.path(key);
        if (stated.isIntegralNumber() && stated.longValue() != value) {
            throw new InputException(folder.resolve(Bundle.JSON) + ": model." + field + " is " + value + ", expected " + stated + " as " + key + " in "
                    + CONFIG + "; convert the model again");
        }
    }
}
