// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** p-MoD and γ-MoD against their reference implementations run in FP32 ({@code tools/goldens-mod}). */
class ModGoldenTest {
    @TempDir
    Path temp;

    static Stream<Path> goldens() throws IOException {
        return Files.list(Repository.MOD_GOLDENS).filter(Files::isDirectory).sorted().map(Path::getFileName);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void fastOperators(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), Bundles.Form.FAST);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void standardOperators(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), Bundles.Form.STANDARD);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndKernels(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), Bundles.Form.PLAN);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndCudaKernels(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), Bundles.Form.CUDA);
    }

    private void check(Path folder, Bundles.Form form) throws IOException {
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = Checkpoint.open(folder)) {
            int cases = RoutedGolden.check(golden, Importer.load(checkpoint), temp.resolve("bundle"), form);
            assertTrue(cases >= 3, folder + " has " + cases + " cases");
        }
    }
}
