// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.console.Shell;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The command line that runs a bundle. */
public final class RunLine {
    /** The id that begins a text in most models. */
    private static final int USUAL_BOS = 1;

    private RunLine() {
    }

    /**
     * The line, with a prompt that the bundle can read: text where there is a tokenizer, else the token id that begins a text.
     *
     * @param program    how depthc is called
     * @param checkpoint that the bundle is made from
     * @param encoder    whether it gives vectors instead of text
     * @param images     what it has for images
     */
    public static String of(String program, Path bundle, Checkpoint checkpoint, boolean encoder, Optional<ImageSource> images) {
        boolean reads = Files.isRegularFile(checkpoint.dir().resolve(Tokenizer.FILE));
        if (encoder) {
            return program + (reads ? " embed " + Shell.path(bundle) + " --text \"Once upon a time\"" : " inspect " + Shell.path(bundle));
        }
        if (images.isPresent()) {
            return program + " run " + Shell.path(bundle) + " --image photo.jpg " + (reads ? "--prompt \"What is in the picture?\""
                    : "--input-ids " + Importer.generationIds(checkpoint).bos().orElse(USUAL_BOS) + "," + images.get().parts().settings().placeholder());
        }
        return program + " run " + Shell.path(bundle) + " "
                + (reads ? "--prompt \"Once upon a time\"" : "--input-ids " + Importer.generationIds(checkpoint).bos().orElse(USUAL_BOS));
    }
}
