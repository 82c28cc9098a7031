// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The pictures under {@code goldens/} and what the reference made of them ({@code versions.txt} says which, and how it opened them). */
final class Goldens {
    private Goldens() {
    }

    static Path folder() {
        try {
            return Path.of(Goldens.class.getResource("/goldens").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Path picture(String name) {
        return folder().resolve("pictures").resolve(name);
    }

    /** One picture in one mode. */
    record Case(String picture, String mode, int edge, PixelSize original, PixelSize grid, int patches) {
        private static Case of(String line) {
            String[] f = line.split("\t");
            return new Case(f[0], f[1], Integer.parseInt(f[2]), size(f, 3), size(f, 5), Integer.parseInt(f[7]));
        }

        private static PixelSize size(String[] fields, int at) {
            return new PixelSize(Integer.parseInt(fields[at]), Integer.parseInt(fields[at + 1]));
        }

        ImageSettings settings() {
            ImageSettings clip = ImageSettings.clip(edge);
            return switch (mode) {
                case "clip" -> clip;
                case "bilinear", "lanczos" -> new ImageSettings(clip.mode(), clip.resize(), clip.crop(), PilFilter.valueOf(mode.toUpperCase(Locale.ROOT)), clip.scale(), clip.mean(),
                        clip.std(), List.of(), true);
                case "pad" -> clip.withMode(ImageSettings.Mode.PAD, List.of()).withUpright(false);
                case "anyres_hf" -> clip.withMode(ImageSettings.Mode.ANYRES, sizes().map(PixelSize::turned).toList());
                case "anyres_llava" -> clip.withMode(ImageSettings.Mode.ANYRES, sizes().toList()).withUpright(false);
                default -> throw new IllegalStateException(mode);
            };
        }

        /** LLaVA-NeXT's list, as the original reads it. */
        private Stream<PixelSize> sizes() {
            return Stream.of(new PixelSize(1, 2), new PixelSize(2, 1), new PixelSize(2, 2), new PixelSize(3, 1), new PixelSize(1, 3))
                    .map(s -> new PixelSize(s.width() * edge, s.height() * edge));
        }

        /** All patches, one below the other. */
        RgbImage expected() throws IOException {
            return ImageFile.open(folder().resolve("expected").resolve(picture + "." + mode + ".png"), ImageLimits.DEFAULT, false).image();
        }

        @Override
        public String toString() {
            return picture + " " + mode;
        }
    }

    static Stream<Case> cases() throws IOException {
        return Files.readAllLines(folder().resolve("cases.tsv")).stream().skip(1).map(Case::of);
    }

    static String problem(org.junit.jupiter.api.function.Executable run) {
        return org.junit.jupiter.api.Assertions.assertThrows(InputException.class, run).getMessage();
    }
}
