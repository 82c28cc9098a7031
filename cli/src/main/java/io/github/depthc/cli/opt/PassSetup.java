// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.calibration.Calibration;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.passes.api.PassContext;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What passes on the command line may use. */
public final class PassSetup {
    private PassSetup() {
    }

    /**
     * A context but for its remarks.
     *
     * @param checkpoint  whose tokenizer reads calibration text
     * @param calibration the text
     * @param instead     what else the user may do where text cannot be read, put behind a message
     * @param routers     weights given beside the checkpoint
     */
    public static PassContext.Builder context(Supplier<Checkpoint> checkpoint, Calibration calibration, String instead,
            Optional<RouterFile> routers, Progress progress) {
        return PassContext.builder()
                .executor(new OrtExecutor(OrtOptions.DEFAULT))
                .calibration(() -> calibration.samples(checkpoint.get(), instead))
                .routers(routers.map(r -> r.tensors().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().type())))
                        .orElse(Map.of()))
                .progress(progress);
    }
}
