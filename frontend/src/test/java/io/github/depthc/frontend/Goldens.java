// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.Model;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** The reference checkpoints under {@code goldens/}. */
public final class Goldens {
    private Goldens() {
    }

    /** A golden's folder. */
    public static Path folder(String name) {
        try {
            return Path.of(Goldens.class.getResource("/goldens/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A golden's configuration. */
    public static JsonObject config(String name) {
        try {
            return JsonObject.read(folder(name).resolve("config.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model of a golden's configuration, without weights. */
    public static Model model(String name) {
        return Importer.fromConfig(config(name), name);
    }
}
