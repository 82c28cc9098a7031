// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.Verify;
import io.github.depthc.cli.console.Program;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bundles that a user names. */
public final class Bundles {
    private Bundles() {
    }

    /** Opens a bundle after quick checks; a checkpoint given in its place is told apart. */
    public static Bundle open(Path folder) throws IOException {
        if (!Bundle.isBundle(folder) && !Bundle.isIncomplete(folder) && Files.isRegularFile(folder.resolve("config.json"))) {
            throw new InputException(folder + ": is a checkpoint, expected a bundle; make one with: " + Program.command() + " convert "
                    + Shell.quote(folder.toString()) + " -o BUNDLE");
        }
        return open(folder, Verify.QUICK);
    }

    /** Opens the bundle of a decoder, for what needs a next token; an encoder is refused. */
    public static Bundle openDecoder(Path folder) throws IOException {
        Bundle bundle = open(folder);
        requireDecoder(folder, bundle.info().output() == BundleInfo.Output.LOGITS);
        return bundle;
    }

    /** {@link InputException} for a bundle or checkpoint that is an encoder. */
    public static void requireDecoder(Path folder, boolean decoder) {
        if (!decoder) {
            throw new InputException(folder + ": is an encoder, which has no next token, expected a decoder; the vectors of texts are given by: "
                    + Program.command() + " embed");
        }
    }

    /** Opens a bundle; whatever is wrong with it, the message names its folder. */
    public static Bundle open(Path folder, Verify verify) throws IOException {
        try {
            return Bundle.open(folder, verify);
        } catch (InputException e) {
            throw e.getMessage().contains(folder.toString()) ? e : new InputException(folder + ": " + e.getMessage(), e);
        }
    }
}
