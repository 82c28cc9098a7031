// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The same decoder in PyTorch, where the machine has it: {@code tools/gpu/torch_reference.py}. */
final class TorchStage {
    private TorchStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException, InterruptedException {
        Path python = Processes.find("python3").orElseThrow(() -> new StageFailure("there is no python3 on the PATH"));
        Path json = setting.work().resolve("torch.json");
        Files.deleteIfExists(json);
        Processes.Ended ended = Processes.run(List.of(python.toString(), setting.root().resolve("tools/gpu/torch_reference.py").toString(), "--layers",
                String.valueOf(setting.layers()), "--out", json.toString()), Stage.TORCH.limit().minusSeconds(20));
        if (Files.isRegularFile(json)) {
            findings.put("torch", new ObjectMapper().readTree(json.toFile()));
        }
        if (!ended.well()) {
            throw new StageFailure("torch_reference.py: " + ended.text() + ended.output().lines().filter(l -> !l.isBlank()).reduce((a, b) -> b).map(l -> ", " + l).orElse(""));
        }
    }
}
