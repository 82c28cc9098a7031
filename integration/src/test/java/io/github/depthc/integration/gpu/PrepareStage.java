// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A checkpoint of the 7B shape with random weights, its Mixture-of-Depths bundle and its dense one, and the engines of both. */
final class PrepareStage {
    static final int WIDTH = 4096;
    private static final int HEADS = 32;
    private static final int INTERMEDIATE = 11008;
    private static final int VOCABULARY = 32000;
    private static final int CONTEXT = 4096;
    /** Tokens that engines are built for: those of the longest prompt that is timed. */
    private static final int MAX_PROMPT = 2988;

    private PrepareStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException {
        findings.put("layers", setting.layers());
        Path checkpoint = checkpoint(setting);
        if (!Files.isRegularFile(checkpoint.resolve("config.json"))) {
            Depthc.run(findings, "synth", "synth", "llama", "--hidden", WIDTH, "--layers", setting.layers(), "--heads", HEADS, "--kv-heads", HEADS, "--intermediate",
                    INTERMEDIATE, "--vocab", VOCABULARY, "--context", CONTEXT, "--dtype", "bf16", "-o", checkpoint);
        }
        Path routers = setting.work().resolve("routers-" + setting.layers() + ".safetensors");
        Routers.pmod(routers, setting.layers(), WIDTH);
        convert(findings, "routed", checkpoint, setting.shape(true), "--style", "pmod", "--routers", routers, "--schedule", "prd(average=0.5)");
        convert(findings, "dense", checkpoint, setting.shape(false), "--layers", "none");
    }

    static Path checkpoint(Setting setting) {
        return setting.work().resolve("shape-" + setting.layers());
    }

    static void convert(Findings findings, String key, Path checkpoint, Path bundle, Object... options) throws IOException {
        var all = new ArrayList<Object>(List.of("convert", checkpoint, "-o", bundle, "--force", "--target", "tensorrt", "--precision", "bf16",
                "--gpu-arch", Architecture.ofGpu()));
        all.addAll(List.of(options));
        Depthc.run(findings, key + ".convert", all.toArray());
        Depthc.run(findings, key + ".build", "build", bundle, "--max-prompt", MAX_PROMPT, "--max-batch", 1);
    }
}
