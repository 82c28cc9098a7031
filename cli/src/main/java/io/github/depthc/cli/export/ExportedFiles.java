// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.export;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The files that an export of one kind writes, tokenizer and configuration aside.
 *
 * @param own their paths in the folder
 */
record ExportedFiles(Pattern own) {
    /** Types of checkpoints that an export writes. */
    private static final Set<String> TYPES = Set.of("pmod_llava_llama", "mod_llava_llama");
    private static final ExportedFiles CHECKPOINT = new ExportedFiles(Pattern.compile("model(-\\d{5}-of-\\d{5})?\\.safetensors|model\\.safetensors\\.index\\.json"));
    private static final ExportedFiles GENAI = new ExportedFiles(Pattern.compile("genai_config\\.json|model\\.onnx|weights/.+"));

    /** Those of a folder, told by the files that only an export of their kind writes; empty where no export wrote it. */
    static Optional<ExportedFiles> of(Path folder) throws IOException {
        if (!has(folder, Checkpoint.CONFIG) || Bundle.isBundle(folder)) {
            return Optional.empty();
        }
        if (has(folder, "client.json") && has(folder, "client.py") && Files.isDirectory(folder.resolve("models"))) {
            String model = JsonObject.read(folder.resolve("client.json")).optString("model", "");
            return Optional.of(new ExportedFiles(Pattern.compile("README\\.md|client\\.(py|json)|models/" + Pattern.quote(model) + "/(config\\.pbtxt|1/(model\\.onnx|weights/.+))")));
        }
        if (has(folder, "genai_config.json") && has(folder, "model.onnx")) {
            return Optional.of(GENAI);
        }
        return TYPES.contains(Checkpoint.config(folder).optString("model_type", "")) ? Optional.of(CHECKPOINT) : Optional.empty();
    }

    /** A file in the folder that the export did not write. */
    Optional<String> stranger(Path folder) throws IOException {
        return StagingFolder.stranger(folder, f -> f.equals(Checkpoint.CONFIG) || f.equals(Checkpoint.GENERATION_CONFIG) || Checkpoint.isTokenizerFile(f)
                || own.matcher(f).matches());
    }

    private static boolean has(Path folder, String file) {
        return Files.isRegularFile(folder.resolve(file));
    }
}
