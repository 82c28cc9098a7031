// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import java.util.List;
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
     * @param samples calibration samples
     * @param routers weights given beside the checkpoint
     */
    public static PassContext.Builder context(Supplier<List<Sample>> samples, Optional<RouterFile> routers, Progress progress) {
        return PassContext.builder()
                .executor(new OrtExecutor(OrtOptions.DEFAULT))
                .calibration(samples)
                .routers(routers.map(r -> r.tensors().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().type())))
                        .orElse(Map.of()))
                .progress(progress);
    }
}
