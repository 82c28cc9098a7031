// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.cli.run.Engines;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The command itself, in this process, and the engines that it would run. */
final class Depthc {
    private Depthc() {
    }

    /**
     * A command line.
     *
     * @param key where exit code, seconds and what it wrote on standard error go
     * @throws StageFailure if it does not succeed
     */
    static void run(Findings findings, String key, Object... arguments) throws IOException {
        var words = new ArrayList<String>();
        for (Object argument : arguments) {
            words.add(argument.toString());
        }
        var err = new ByteArrayOutputStream();
        long start = System.nanoTime();
        int code = Main.run(new Console(new ByteArrayOutputStream(), err, true, Terminals.NONE), words.toArray(String[]::new));
        findings.put(key + ".seconds", (System.nanoTime() - start) / 1e9);
        findings.put(key + ".exit", code);
        List<String> lines = err.toString(StandardCharsets.UTF_8).lines().toList();
        findings.put(key + ".said", lines.subList(Math.max(0, lines.size() - 6), lines.size()));
        if (code != Main.DONE) {
            throw new StageFailure("depthc " + words.getFirst() + " ended with exit code " + code + (lines.isEmpty() ? "" : ": " + lines.getLast()));
        }
    }

    static Engine open(Bundle bundle, DeviceKind device) throws IOException {
        return Engines.open(bundle, device, OrtOptions.DEFAULT, Console.system());
    }
}
