// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.Main;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.passes.api.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** What measurements depend on beside the passes and their options. */
public final class MeasurementSubject {
    private MeasurementSubject() {
    }

    /**
     * A digest of the program's version, names, sizes and times of the checkpoint's files and of the routers', and the samples. Weights
     * are not read for it.
     */
    public static String digest(Checkpoint checkpoint, Optional<Path> routers, List<Sample> samples) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            add(digest, Main.version());
            var files = new ArrayList<Path>(checkpoint.files());
            files.add(checkpoint.dir().resolve(Checkpoint.CONFIG));
            routers.ifPresent(files::add);
            for (Path file : files) {
                add(digest, file.getFileName() + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis());
            }
            for (Sample s : samples) {
                ByteBuffer ids = ByteBuffer.allocate(Long.BYTES * (s.tokenIds().length + 1)).putLong(s.tokenIds().length);
                for (long id : s.tokenIds()) {
                    ids.putLong(id);
                }
                digest.update(ids.flip());
                s.embeddings().ifPresent(e -> digest.update(e.data().asByteBuffer()));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void add(MessageDigest digest, String text) {
        digest.update((text + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
