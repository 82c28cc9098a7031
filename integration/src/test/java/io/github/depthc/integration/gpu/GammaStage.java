// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.integration.gpu.TimingStage.Round;
import io.github.depthc.integration.gpu.TimingStage.Shape;
import io.github.depthc.integration.gpu.TimingStage.Turns;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Decode steps of the 7B shape as γ-MoD, which routes them, against dense ones. What its layers skip is computed and discarded, so that its step may
 * at best be the dense one's; how much was discarded says what skipping the work instead could spare.
 */
final class GammaStage {
    private GammaStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException {
        if (!Files.isDirectory(PrepareStage.checkpoint(setting)) || !Files.isDirectory(setting.shape(false))) {
            throw new InputException(setting.shape(false) + " does not exist; run the stage prepare first, with the same --work and --layers");
        }
        Path bundle = setting.work().resolve("gamma-" + setting.layers());
        Path router = setting.work().resolve("gamma-" + setting.layers() + ".safetensors");
        Routers.gamma(router, PrepareStage.WIDTH);
        PrepareStage.convert(findings, "gamma", PrepareStage.checkpoint(setting), bundle, "--style", "gamma", "--routers", router);
        Bundle gammaBundle = Bundle.open(bundle);
        Bundle denseBundle = Bundle.open(setting.shape(false));
        try (Engine gamma = Depthc.open(gammaBundle, DeviceKind.CUDA); Engine dense = Depthc.open(denseBundle, DeviceKind.CUDA)) {
            for (Shape shape : Shape.ALL) {
                Turns turns = Turns.of(gamma, shape.prompt(gamma), dense, PromptInput.of(shape.ids(dense)));
                String key = "decode." + shape.tokens() + ".";
                TimingStage.decode(findings, key + "gamma", gammaBundle, turns.one());
                TimingStage.decode(findings, key + "dense", denseBundle, turns.other());
                List<Boolean> routed = gammaBundle.info().layers().stream().map(l -> l.routing().isPresent()).toList();
                findings.put(key + "discarded", discarded(turns.one().getFirst(), routed));
            }
        }
    }

    /** Share of the routed layers' work in decode steps that was discarded. */
    static double discarded(Round round, List<Boolean> routed) {
        long steps = round.steps().size() + 1; // the first is not timed
        long all = 0;
        long appended = 0;
        for (int l = 0; l < routed.size(); l++) {
            if (routed.get(l)) {
                all += steps;
                appended += round.after()[l] - round.kept()[l];
            }
        }
        return all == 0 ? 0 : 1 - (double) appended / all;
    }
}
